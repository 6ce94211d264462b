"""PostgreSQL that is down, hangs, restarts or refuses: an error in words, within seconds."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tandem.catalog import postgres
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, reading, writing
from tandem.catalog.opening import open_catalogue
from tandem.catalog.order import in_order
from tandem.errors import CatalogError
from tests.builders import document
from tests.catalogue.writers import follow, writers
from tests.services.postgres import PostgresNode, connect


@pytest.fixture
def catalog(node_url: sa.URL, tmp_path: Path) -> Iterator[Catalog]:
    """A catalogue with a document in it, its connections open."""
    opened = Catalog(node_url, file_url(tmp_path / "embeddings.sqlite"))
    opened.documents.append("main", "s", [document("a")])
    yield opened
    opened.close()


def refusal(url: sa.URL) -> CatalogError:
    """What is said of a database that cannot be opened."""
    with pytest.raises(CatalogError) as raised:
        open_catalogue(url)
    assert raised.value.hint
    return raised.value


# --- refused ---


def test_a_wrong_password_is_not_shown(node: PostgresNode, node_url: sa.URL) -> None:
    """Neither the wrong one nor the right one, nor where the error came from."""
    error = refusal(node_url.set(password="hidden-and-wrong"))
    chain: BaseException | None = error
    while chain is not None:
        assert "hidden" not in str(chain) + repr(chain)
        assert node.password not in str(chain)
        chain = chain.__cause__ or chain.__context__
    assert "password authentication failed" in str(error)
    assert f"{node_url.database} at 127.0.0.1:{node.port}" in str(error)
    assert "correct the user and password" in error.hint


def test_a_database_that_is_not_there(node_url: sa.URL) -> None:
    """The hint says how to create it."""
    error = refusal(node_url.set(database="nowhere"))
    assert '"nowhere" does not exist' in str(error)
    assert "createdb" in error.hint


def test_rights_that_are_missing(node_url: sa.URL) -> None:
    """A user who may connect and make nothing."""
    with connect(node_url) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'secret-word'")
    error = refusal(node_url.set(username="reader", password="secret-word"))
    assert "permission denied" in str(error)
    assert "secret-word" not in str(error)
    assert "grant this user the right" in error.hint


def test_a_server_that_lets_itself_be_read_only(catalog: Catalog, node_url: sa.URL) -> None:
    """As a standby does."""
    name = node_url.database
    with connect(node_url) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    catalog.engine.dispose()
    with pytest.raises(CatalogError, match="read-only") as raised:
        catalog.documents.append("main", "s", [document("b")])
    assert "primary server" in raised.value.hint
    assert catalog.documents.count("main") == 1


# --- how transactions run ---


def test_commits_are_durable_whatever_the_servers_default(
    catalog: Catalog, node_url: sa.URL
) -> None:
    """An acknowledged sequence is on the server's disk; waits have an end."""
    with connect(node_url) as connection:
        connection.execute(f"ALTER DATABASE {node_url.database} SET synchronous_commit = off")
    catalog.engine.dispose()
    expected = {
        "synchronous_commit": "on",
        "statement_timeout": "15s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
    }
    with writing(catalog.engine) as writer:
        found = {name: writer.exec_driver_sql(f"SHOW {name}").scalar() for name in expected}
        isolation = writer.exec_driver_sql("SHOW transaction_isolation").scalar()
    assert found == expected
    assert isolation == "read committed"
    with reading(catalog.engine) as reader:
        assert reader.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"
        assert reader.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"


def test_a_writer_that_waits_too_long(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind one that does not end, the next one is told so."""
    monkeypatch.setattr(postgres, "SESSION", ("SET lock_timeout = '200ms'",))
    catalog.engine.dispose()
    with in_order(catalog.engine), pytest.raises(CatalogError, match="lock timeout") as raised:
        catalog.documents.append("main", "s", [document("b")])
    assert "another writer" in raised.value.hint
    assert catalog.documents.append("main", "s", [document("b")]).sequences == {"b": 2}


def test_a_writer_that_is_paused_blocks_nobody_for_long(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its transaction, so that the others go on; it is told when it returns."""
    idle = "SET idle_in_transaction_session_timeout = '300ms'"
    monkeypatch.setattr(postgres, "SESSION", (idle,))
    catalog.engine.dispose()

    def pause() -> None:
        with in_order(catalog.engine) as (connection, _):
            # waits for the one above, until the server has ended it
            assert catalog.documents.append("main", "s", [document("b")]).sequences == {"b": 2}
            connection.exec_driver_sql("UPDATE document_log_head SET head = 99")

    with pytest.raises(CatalogError, match=r"idle-in-transaction|terminat|closed") as raised:
        pause()
    assert raised.value.hint
    assert catalog.documents.head() == 2


def test_a_statement_that_takes_too_long(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends it."""
    monkeypatch.setattr(postgres, "SESSION", ("SET statement_timeout = '200ms'",))
    catalog.engine.dispose()
    with (
        pytest.raises(CatalogError, match="statement timeout") as raised,
        reading(catalog.engine) as connection,
    ):
        connection.exec_driver_sql("SELECT pg_sleep(30)")
    assert "busy" in raised.value.hint


# --- down, hanging, restarted ---


def test_a_server_that_is_down(node: PostgresNode, catalog: Catalog, node_url: sa.URL) -> None:
    """Opening, reading and writing fail within 5 seconds each; when it is back, all go on."""
    node.stop()
    try:
        for attempt in (
            lambda: open_catalogue(node_url),
            catalog.documents.head,
            lambda: catalog.documents.append("main", "s", [document("b")]),
        ):
            begun = time.monotonic()
            with pytest.raises(CatalogError, match="cannot be used") as raised:
                attempt()
            assert time.monotonic() - begun < 5
            assert "see whether PostgreSQL runs" in raised.value.hint
            assert node.password not in str(raised.value)
    finally:
        node.start()
    assert catalog.documents.append("main", "s", [document("b")]).sequences == {"b": 2}


def test_a_server_that_hangs(node: PostgresNode, catalog: Catalog, node_url: sa.URL) -> None:
    """Connections are accepted, by the kernel, and nothing is answered: within seconds that is an
    error, whether a connection was open or not.
    """
    catalog.documents.head()
    with node.paused():
        for attempt in (catalog.documents.head, lambda: open_catalogue(node_url)):
            begun = time.monotonic()
            with pytest.raises(CatalogError, match="cannot be used") as raised:
                attempt()
            assert time.monotonic() - begun < 8
            assert "see whether PostgreSQL runs" in raised.value.hint
    assert catalog.documents.head() == 1


def test_a_server_that_begins_to_hang_amid_a_transaction(
    node: PostgresNode, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement waits for ever; nothing of the transaction is kept."""
    monkeypatch.setattr(postgres, "SILENCE_SECONDS", 1.0)

    def hang() -> None:
        with in_order(catalog.engine) as (connection, _), node.paused():
            connection.exec_driver_sql("UPDATE document_log_head SET head = 99")

    begun = time.monotonic()
    with pytest.raises(CatalogError, match="not answered for 1 seconds") as raised:
        hang()
    assert time.monotonic() - begun < 5
    assert raised.value.hint
    assert catalog.documents.head() == 1


def test_a_restart_is_not_noticed_between_two_calls(node: PostgresNode, catalog: Catalog) -> None:
    """The connections that the restart has cut are replaced."""
    node.restart()
    assert catalog.documents.head() == 1
    node.kill()
    node.start()
    assert catalog.documents.append("main", "s", [document("b")]).sequences == {"b": 2}


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_restart_amid_writes_loses_nothing(
    node: PostgresNode, node_url: sa.URL, tmp_path: Path, how: str
) -> None:
    """Writers that insist get through; everything acknowledged is there, and was seen in order."""
    catalog = Catalog(node_url, file_url(tmp_path / "embeddings.sqlite"))
    with writers(node_url, tmp_path, 3, 40) as busy:
        interrupting = threading.Thread(target=_interrupt, args=(node, catalog, how))
        interrupting.start()
        followed = follow(catalog.documents, busy)
        interrupting.join()
        given = busy.given()
    assert catalog.documents.head() >= 3 * 40 * 3
    seen = followed["main"].seen | followed["other"].seen
    assert len(seen) == 3 * 40 * 3
    assert given.items() <= seen.items()
    assert followed["main"].in_order
    assert followed["other"].in_order
    catalog.close()


def _interrupt(node: PostgresNode, catalog: Catalog, how: str) -> None:
    """Twice, when the writers are at it."""
    for position in (30, 150):
        patience = time.monotonic() + 60
        while catalog.documents.head() < position and time.monotonic() < patience:
            time.sleep(0.02)
        if how == "restart":
            node.restart()
        else:
            node.kill()
            node.start()
