"""Frozen rankings: kept for as long as they were to be, found by whoever has the id."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tandem.catalog import frozen_rankings as module
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import writing
from tandem.catalog.frozen_rankings import MAXIMUM_BYTES, Frozen, FrozenRankings
from tandem.catalog.tables import FROZEN_RANKINGS
from tandem.errors import CatalogError
from tandem.fields import to_microseconds
from tests.catalogue.conftest import Open

AT = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
CONTENT = bytes(range(256)) * 60


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What time it is: the last of the list."""
    times = [AT]
    monkeypatch.setattr(module, "now", lambda: to_microseconds(times[-1]))
    return times


@pytest.fixture
def frozen(catalog: Catalog, clock: list[datetime]) -> FrozenRankings:
    """An empty store, by that clock."""
    return catalog.frozen


def test_what_is_kept_is_found(frozen: FrozenRankings, open_catalog: Open) -> None:
    """As it was, under its own id alone; by other processes too."""
    frozen.keep("a", "main", 3, CONTENT, 900)
    frozen.keep("b", "other", 4, b"", 60)
    expected = Frozen("main", 3, CONTENT, AT + timedelta(seconds=900))
    assert frozen.find("a") == expected
    assert frozen.find("b") == Frozen("other", 4, b"", AT + timedelta(seconds=60))
    assert frozen.find("c") is None
    assert open_catalog().frozen.find("a") == expected


def test_nobody_finds_what_has_expired(frozen: FrozenRankings, clock: list[datetime]) -> None:
    """Whether or not it was forgotten by then."""
    frozen.keep("a", "main", 1, CONTENT, 60)
    clock.append(AT + timedelta(seconds=59))
    assert frozen.find("a") is not None
    clock.append(AT + timedelta(seconds=60))
    assert frozen.find("a") is None
    assert frozen.count() == 1


def test_generations_that_are_held(frozen: FrozenRankings, clock: list[datetime]) -> None:
    """By rankings of that collection which have not expired."""
    frozen.keep("a", "main", 1, b"", 60)
    frozen.keep("b", "main", 2, b"", 90)
    frozen.keep("c", "main", 2, b"", 60)
    frozen.keep("d", "other", 3, b"", 60)
    assert frozen.generations("main") == {1, 2}
    clock.append(AT + timedelta(seconds=60))
    assert frozen.generations("main") == {2}
    assert frozen.generations("nobody's") == set()


def test_what_has_expired_is_forgotten_in_steps(
    frozen: FrozenRankings, clock: list[datetime]
) -> None:
    """And nothing else is."""
    for number in range(5):
        frozen.keep(f"short {number}", "main", 1, b"", 60)
    frozen.keep("long", "main", 1, b"", 900)
    assert frozen.purge(3) == 0
    clock.append(AT + timedelta(seconds=60))
    assert [frozen.purge(3) for _ in range(3)] == [3, 2, 0]
    assert frozen.count() == 1
    assert frozen.find("long") is not None


def test_who_keeps_forgets_now_and_then(
    frozen: FrozenRankings, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the store does not grow while nobody else forgets."""
    monkeypatch.setattr(module, "KEPT_PER_STEP", 10)
    for number in range(100):
        clock.append(AT + timedelta(seconds=number))
        frozen.keep(str(number), "main", 1, b"", 20)
    assert frozen.count() <= 30
    assert frozen.find("99") is not None
    assert frozen.find("80") is not None


def test_the_store_is_bounded(
    frozen: FrozenRankings, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is searched, those go that would expire first."""
    monkeypatch.setattr(module, "KEPT_PER_STEP", 10)
    monkeypatch.setattr(module, "MOST_KEPT", 25)
    for number in range(100):
        clock.append(AT + timedelta(seconds=number))
        frozen.keep(str(number), "main", 1, b"", 900)
    assert frozen.count() == 25
    assert frozen.find("75") is not None
    assert frozen.find("74") is None


def test_what_is_too_large(frozen: FrozenRankings) -> None:
    """The size is told, and what may be."""
    frozen.keep("full", "main", 1, b"x" * MAXIMUM_BYTES, 60)
    with pytest.raises(CatalogError, match="4,194,305 bytes cannot be frozen: at most") as raised:
        frozen.keep("more", "main", 1, b"x" * (MAXIMUM_BYTES + 1), 60)
    assert raised.value.hint
    assert frozen.find("more") is None


def test_an_id_is_given_once(frozen: FrozenRankings) -> None:
    """The ranking that somebody pages through is not exchanged."""
    frozen.keep("a", "main", 1, b"first", 60)
    with pytest.raises(CatalogError, match="store of frozen rankings"):
        frozen.keep("a", "main", 2, b"second", 60)
    assert (found := frozen.find("a")) is not None
    assert found.content == b"first"


def test_content_that_is_damaged_is_none(frozen: FrozenRankings) -> None:
    """Nobody is shown what was not kept."""
    frozen.keep("a", "main", 1, CONTENT, 60)
    with writing(frozen._engine) as connection:
        connection.execute(FROZEN_RANKINGS.update().values(content=b"\x00noise"))
    assert frozen.find("a") is None


def test_many_keep_at_once(frozen: FrozenRankings) -> None:
    """None is lost."""
    faults: list[BaseException] = []

    def keep(thread: int) -> None:
        try:
            for number in range(30):
                frozen.keep(f"{thread}-{number}", "main", thread, CONTENT, 60)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert frozen.count() == 180
    assert frozen.generations("main") == set(range(6))


def test_who_only_looks_makes_no_store(catalog: Catalog) -> None:
    """Nothing is there until something is kept."""
    assert not catalog.has_frozen()
    catalog.frozen.keep("a", "main", 1, b"", 60)
    assert catalog.has_frozen()


def test_a_server_does_not_wait_for_its_disk(postgres_url: sa.URL) -> None:
    """For these alone: both logs beside them are durable."""
    catalog = Catalog(postgres_url, "sqlite:///unused")
    engines = (catalog.engine, catalog.events.engine, catalog.frozen._engine)
    found = []
    for engine in engines:
        with engine.connect() as connection:
            found.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar())
    catalog.close()
    assert found == ["on", "on", "off"]
