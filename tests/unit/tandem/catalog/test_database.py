"""SQLite: which paths, how durable, and what is told when it fails."""

import logging
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tandem.catalog.aside import PARTS
from tandem.catalog.backup import backup
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, open_database, reading, writing
from tandem.catalog.event_tables import EVENT_LOG
from tandem.catalog.faults import DAMAGED, FILE_BACKUP, HINTS, DatabaseDamaged, translated
from tandem.catalog.tables import CACHE, CATALOGUE, FROZEN
from tandem.errors import CatalogError, SettingsError
from tests.builders import document, random_rows

ODD_FOLDERS = ("q?1", "q?2", "p%41 x#y é")
NOISE = b"not a database, but long enough to look at" * 100


def open_catalog(folder: Path) -> Catalog:
    """The catalogue in a folder."""
    return Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "embeddings.sqlite"))


def test_odd_characters_stay_in_the_path(tmp_path: Path) -> None:
    """A folder's name is not read as a URL: each folder has a catalogue of its own."""
    for number, name in enumerate(ODD_FOLDERS):
        catalog = open_catalog(tmp_path / name)
        assert catalog.documents.append("main", "s", [document(f"d{number}")]).sequences
        catalog.embeddings.put("model@1", {name: random_rows(1, 1, 4)[0]})
        assert catalog.documents.head() == catalog.embeddings.count() == 1
        catalog.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ODD_FOLDERS)
    for name in ODD_FOLDERS:
        found = {file.name for file in (tmp_path / name).iterdir()}
        assert found == {"documents.sqlite", "embeddings.sqlite"}


@pytest.mark.parametrize("folder", ["file/below", "nul\0", "loop/below"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, folder: str) -> None:
    """A path through a file, a loop or a NUL is an error of the settings."""
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(SettingsError, match="cannot be made") as raised:
        open_database(file_url(tmp_path / folder / "x.sqlite"), CATALOGUE)
    assert raised.value.hint


def test_an_existing_database_is_opened_without_writing(tmp_path: Path) -> None:
    """Where the tables and the log are there, opening waits for no writer."""
    first = open_catalog(tmp_path)
    log_id = first.documents.log_id
    with writing(first._documents):
        second = open_catalog(tmp_path)
        assert second.documents.log_id == log_id
        second.close()
    first.close()


def test_documents_survive_a_power_loss(tmp_path: Path) -> None:
    """Both logs' files are written through (FULL) behind a write-ahead log; what can be lost is
    not.
    """
    catalog = open_catalog(tmp_path)
    found = {}
    engines = (catalog.engine, catalog.events.engine, catalog.embeddings._engine)
    for engine in (*engines, catalog.frozen._engine):
        with engine.connect() as connection:
            found[Path(str(engine.url.database)).name] = (
                connection.exec_driver_sql("PRAGMA synchronous").scalar(),
                connection.exec_driver_sql("PRAGMA journal_mode").scalar(),
                connection.exec_driver_sql("PRAGMA fullfsync").scalar(),
            )
    catalog.close()
    assert found == {
        "documents.sqlite": (2, "wal", 1),
        "events.sqlite": (2, "wal", 1),
        "embeddings.sqlite": (1, "wal", 0),
        "pages.sqlite": (0, "wal", 0),
    }


def test_tables_are_portable() -> None:
    """PostgreSQL can create every table: nothing in them is SQLite's own."""
    for table in [
        table for tables in (CATALOGUE, EVENT_LOG, CACHE, FROZEN) for table in tables.sorted_tables
    ]:
        dialect = sa.make_url("postgresql://").get_dialect()()
        statement = str(sa.schema.CreateTable(table).compile(dialect=dialect))
        assert statement.strip().startswith("CREATE TABLE")


# --- damage ---


def test_damaged_documents_stop_with_a_hint(tmp_path: Path) -> None:
    """The documents cannot be computed again: the file is named, and left as it is."""
    file = tmp_path / "documents.sqlite"
    file.write_bytes(NOISE)
    with pytest.raises(CatalogError, match=r"documents\.sqlite cannot be used") as raised:
        open_catalog(tmp_path)
    assert "backup" in raised.value.hint
    assert file.read_bytes() == NOISE


def test_damaged_events_cost_no_documents(tmp_path: Path) -> None:
    """What is said calls them by their name, and leads to an empty log beside the documents."""
    catalog = open_catalog(tmp_path)
    catalog.documents.append("main", "s", [document("a")])
    (tmp_path / "events.sqlite").write_bytes(NOISE)
    with pytest.raises(DatabaseDamaged, match=r"the event log \S*events\.sqlite cannot") as raised:
        backup(catalog, tmp_path / "backup.zip")
    assert "move events.sqlite away, with events.sqlite-wal" in raised.value.hint
    for part in PARTS:
        (tmp_path / f"events.sqlite{part}").unlink(missing_ok=True)
    assert backup(catalog, tmp_path / "backup.zip").event_head == 0
    assert catalog.documents.count("main") == 1
    catalog.close()


def test_documents_in_a_file_of_another_name_are_no_events(tmp_path: Path) -> None:
    """Nobody is told to move them away."""
    (tmp_path / "my-events.sqlite").write_bytes(NOISE)
    with pytest.raises(DatabaseDamaged, match="the catalogue") as raised:
        Catalog(file_url(tmp_path / "my-events.sqlite"), file_url(tmp_path / "e.sqlite"))
    assert raised.value.hint == FILE_BACKUP


def test_damaged_embeddings_are_moved_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They can be computed again: the file is kept under another name, and a new one begun."""
    (tmp_path / "embeddings.sqlite").write_bytes(NOISE)
    catalog = open_catalog(tmp_path)
    with caplog.at_level(logging.WARNING, "tandem.catalog"):
        catalog.embeddings.put("model@1", {"a": random_rows(1, 1, 4)[0]})
    assert catalog.embeddings.count() == 1
    catalog.close()
    assert (tmp_path / "embeddings.sqlite.damaged").read_bytes() == NOISE
    assert "embeddings.sqlite.damaged" in caplog.text


@pytest.mark.parametrize("work", ["get", "put"])
def test_embeddings_with_broken_pages_are_moved_aside(tmp_path: Path, work: str) -> None:
    """Damage deep in the file is found by reading it, and costs no more than the cache."""
    texts = [f"text {number}" for number in range(500)]
    rows = dict(zip(texts, random_rows(1, 500, 64), strict=True))
    catalog = open_catalog(tmp_path)
    catalog.embeddings.put("model@1", rows)
    catalog.close()
    file = tmp_path / "embeddings.sqlite"
    page = 4_096
    with file.open("r+b") as damaged:
        damaged.seek(2 * page)
        damaged.write(b"\x7f" * (file.stat().st_size - 2 * page))

    again = open_catalog(tmp_path)
    if work == "get":
        assert again.embeddings.get("model@1", texts) == {}
    again.embeddings.put("model@1", rows)
    assert again.embeddings.get("model@1", texts).keys() == rows.keys()
    again.close()
    assert (tmp_path / "embeddings.sqlite.damaged").is_file()


@pytest.mark.parametrize("is_whole", [True, False])
def test_damaged_rankings_cost_cursors_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, is_whole: bool
) -> None:
    """Whether the file is none at all, or has broken pages: who searches goes on."""
    file = tmp_path / "pages.sqlite"
    catalog = open_catalog(tmp_path)
    for number in range(200):
        catalog.frozen.keep(f"r{number}", "main", 1, random.Random(number).randbytes(2_000), 60)
    catalog.close()
    page = 0 if is_whole else 4_096
    with file.open("r+b") as damaged:
        damaged.seek(2 * page)
        damaged.write(b"\x7f" * (file.stat().st_size - 2 * page))
    again = open_catalog(tmp_path)
    with caplog.at_level(logging.WARNING, "tandem.catalog"):
        assert again.frozen.find("r100") is None
    again.frozen.keep("r100", "main", 1, b"new", 60)
    assert (found := again.frozen.find("r100")) is not None
    assert found.content == b"new"
    again.close()
    assert "pages.sqlite.damaged" in caplog.text
    assert (tmp_path / "pages.sqlite.damaged").is_file()


# --- failures in mid-run ---


def _fill(catalog: Catalog) -> None:
    sa.event.listen(
        catalog._documents, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1")
    )
    catalog._documents.dispose()


def _forbid(catalog: Catalog) -> None:
    sa.event.listen(
        catalog._documents, "connect", lambda raw, _: raw.execute("PRAGMA query_only = 1")
    )
    catalog._documents.dispose()


@pytest.mark.parametrize(
    ("spoil", "said", "hint"),
    [(_fill, "full", "make room"), (_forbid, "readonly", "allow writing")],
)
def test_a_write_that_fails(
    tmp_path: Path, spoil: Callable[[Catalog], None], said: str, hint: str
) -> None:
    """A full disk and a read-only file are errors of the catalogue; nothing half is kept."""
    catalog = open_catalog(tmp_path)
    spoil(catalog)
    with pytest.raises(CatalogError, match=said) as raised:
        catalog.documents.append("main", "s", [document("a", body="long " * 10_000)])
    assert hint in raised.value.hint
    assert catalog.documents.head() == 0
    catalog.close()


def test_a_lock_that_is_not_given_back(tmp_path: Path) -> None:
    """Who waited in vain for the write lock is told so."""
    catalog = open_catalog(tmp_path)
    sa.event.listen(
        catalog._documents, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 1")
    )
    catalog._documents.dispose()
    other = sqlite3.connect(tmp_path / "documents.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CatalogError, match="locked") as raised:
        catalog.documents.append("main", "s", [document("a")])
    other.close()
    assert "another process" in raised.value.hint
    catalog.close()


def test_a_read_that_fails(tmp_path: Path) -> None:
    """A table that is gone is an error of the catalogue with a hint."""
    catalog = open_catalog(tmp_path)
    with writing(catalog._documents) as connection:
        connection.exec_driver_sql("DROP TABLE documents")
    with pytest.raises(CatalogError, match="no such table") as raised:
        catalog.documents.count("main")
    assert raised.value.hint
    catalog.close()


def test_other_errors_pass(tmp_path: Path) -> None:
    """What is not the database's stays what it is, and undoes the transaction."""
    catalog = open_catalog(tmp_path)

    def drop_and_fail() -> None:
        with writing(catalog._documents) as connection:
            connection.exec_driver_sql("DROP TABLE documents")
            raise KeyError("own")

    with pytest.raises(KeyError):
        drop_and_fail()
    with reading(catalog._documents) as connection:
        assert "documents" in sa.inspect(connection).get_table_names()
    catalog.close()


@pytest.mark.parametrize("code", sorted({*HINTS, *DAMAGED}))
def test_extended_codes_have_the_hint_of_their_kind(code: int) -> None:
    """SQLite's extended result codes keep the kind in their low byte."""
    cause = sqlite3.OperationalError("it failed")
    cause.sqlite_errorcode = code | 3 << 8
    engine = sa.create_engine(file_url(Path("x")))
    with pytest.raises(CatalogError) as raised, translated(engine):
        raise sa.exc.OperationalError("SELECT 1", None, cause)
    assert raised.value.hint == HINTS.get(code, FILE_BACKUP)
