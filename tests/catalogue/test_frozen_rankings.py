"""Frozen rankings: kept for as long as they were to be, found by whoever has the id."""

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tandem.catalog import frozen_rankings as module
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, reading, writing
from tandem.catalog.frozen_rankings import MAXIMUM_BYTES, Frozen, FrozenRankings
from tandem.catalog.sqlite import bytes_held
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
    expected = Frozen("main", 3, CONTENT)
    assert frozen.find("a") == expected
    assert frozen.find("b") == Frozen("other", 4, b"")
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


def test_its_bytes_are_bounded(
    frozen: FrozenRankings, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few large ones are as much as many small ones; as many of those go for them as it takes."""
    monkeypatch.setattr(module, "MOST_BYTES", 40_000)
    monkeypatch.setattr(module, "BYTES_PER_STEP", 10_000)
    monkeypatch.setattr(module, "FORGOTTEN_PER_STEP", 5)
    noise = random.Random(7)
    for number in range(30):
        clock.append(AT + timedelta(seconds=number))
        frozen.keep(f"small {number}", "main", 1, noise.randbytes(1_000), 900)
    for number in range(3):
        clock.append(AT + timedelta(seconds=100 + number))
        frozen.keep(f"large {number}", "main", 1, noise.randbytes(11_000), 900)
    assert [frozen.find(f"large {number}") is not None for number in range(3)] == [True] * 3
    small = [number for number in range(30) if frozen.find(f"small {number}") is not None]
    assert small == [24, 25, 26, 27, 28, 29]


def test_room_is_given_back(tmp_path: Path, clock: list[datetime]) -> None:
    """To the disk: what a busy hour has filled is not kept for ever."""
    store = FrozenRankings(file_url(tmp_path / "frozen.sqlite"))
    noise = random.Random(7)
    for number in range(99):
        store.keep(str(number), "main", 1, noise.randbytes(20_000), 60)
    with reading(store._engine) as connection:
        full = bytes_held(connection)
    clock.append(AT + timedelta(seconds=60))
    assert store.purge(500) == 99
    with reading(store._engine) as connection:
        assert full > 1_900_000 > 10 * bytes_held(connection)
    store.close()


def test_what_is_kept_stays_where_no_room_can_be_made(
    frozen: FrozenRankings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever keeps it is not told of a failure: there was none for this one."""

    def fail(*_: object) -> int:
        raise CatalogError("the disk is full")

    monkeypatch.setattr(module, "KEPT_PER_STEP", 1)
    monkeypatch.setattr(module, "_purge", fail)
    frozen.keep("a", "main", 1, CONTENT, 60)
    assert frozen.find("a") is not None
    assert "no room is made in the store of frozen rankings: the disk is full" in caplog.text


def test_two_forget_at_once(postgres_url: sa.URL, clock: list[datetime]) -> None:
    """On a server neither waits for the other: what one is at, the other passes over."""
    catalog = Catalog(postgres_url, "sqlite:///unused")
    store = catalog.frozen
    for number in range(4):
        store.keep(str(number), "main", 1, b"", 60)
    clock.append(AT + timedelta(seconds=60))
    with writing(store._engine) as connection:
        held = sa.select(FROZEN_RANKINGS.c.ranking_id).where(FROZEN_RANKINGS.c.ranking_id == "1")
        connection.execute(held.with_for_update())
        assert store.purge(500) == 3
    assert store.purge(500) == 1
    catalog.close()


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
