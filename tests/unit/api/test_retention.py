"""What is forgotten, when, and by whom."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from api.bootstrap import House, open_house_beside
from api.erasing import finish
from api.retention import (
    EVERY_SECONDS,
    LEFT_SECONDS,
    Chore,
    Retention,
    cache_chores,
    chores,
    work_off,
)
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import writing
from tandem.catalog.event_tables import ERASURES
from tandem.errors import CatalogError
from tandem.events import Event, Impression
from tandem.features import FeatureMatrix
from tandem.schema import Schema
from tandem.sections import RetentionSettings
from tests.builders import document, random_rows
from tests.owned_house import NAME, at_work, owned, settings_in

pytestmark = pytest.mark.usefixtures("models")
NOW = datetime.now(UTC)
SEEN = FeatureMatrix(("a",), ("d",), np.zeros((1, 1), dtype=np.float32))
Kept = Callable[..., None]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """With an event, an impression, and vectors of two embedders, of which a generation has one; no
    engine is opened.
    """
    with open_house_beside(settings_in(tmp_path)) as opened:
        catalog = opened.catalog
        made = catalog.releases.create_generation(
            NAME, Schema(), analysis="a", embedder="hash-a@1", dimension=16, passage_tokens=128
        )
        catalog.releases.promote(NAME, made.number, parent=None)
        behaviour(catalog)
        for number, name in enumerate(("hash-a@1", "gone@1")):
            rows = random_rows(number, 3, 16)
            catalog.embeddings.put(name, {f"text {row}": rows[row] for row in range(3)})
        yield opened


def behaviour(catalog: Catalog) -> None:
    """An event and an impression."""
    catalog.events.append(NAME, "s", [Event("e", "click", NOW)])
    catalog.events.append_impressions(NAME, "s", [Impression("q", NOW, 1)])
    catalog.events.features.keep(NAME, [("q", SEEN)])


@pytest.fixture
def kept(house: House) -> Kept:
    """Sets what ``[retention]`` says."""

    def keep(**values: Any) -> None:
        house.settings = house.settings.model_copy(
            update={"retention": RetentionSettings(**values)}
        )

    return keep


def worked_off(house: House, days: int) -> dict[str, int]:
    """What was forgotten that many days from now, by its first word."""
    found = {
        chore.what.split(" of ")[0]: work_off(chore, lambda: False)
        for chore in chores(house, NAME, NOW + timedelta(days=days))
    }
    return {what: gone for what, gone in found.items() if gone}


def test_by_default_behaviour_is_kept_for_ever(house: House) -> None:
    """However old it is; but for the features, which grow fast and are no use when they are old."""
    assert worked_off(house, 89) == {}
    assert worked_off(house, 30_000) == {"features": 1}
    assert house.catalog.events.event_count(NAME) == 1


def test_each_as_long_as_it_is_to_be_kept(house: House, kept: Kept) -> None:
    """Events and impressions by settings of their own, counted in days."""
    kept(events_days=90, impressions_days=30)
    assert worked_off(house, 29) == {}
    assert worked_off(house, 31) == {"impressions": 1, "features": 1}
    assert worked_off(house, 91) == {"events": 1}


def test_features_go_before_their_impressions(house: House, kept: Kept) -> None:
    """By a setting of their own."""
    kept(features_days=10, impressions_days=30)
    assert worked_off(house, 11) == {"features": 1}
    assert house.catalog.events.impression_count(NAME) == 1


def test_history_is_forgotten(house: House, kept: Kept) -> None:
    """Tasks that have come to an end; the last one stays."""
    tasks = house.catalog.tasks
    for _ in range(3):
        tasks.withdraw(tasks.ask(NAME, "rollback", {}), "enough")
    kept(history_days=10)
    assert worked_off(house, 9) == {}
    assert worked_off(house, 11) == {"finished tasks": 2}


def test_vectors_of_no_generation_go(house: House) -> None:
    """And no others, as long as no bound is set."""
    assert [work_off(chore, lambda: False) for chore in cache_chores(house)] == [3]
    assert len(house.catalog.embeddings.get("hash-a@1", ["text 0", "text 2"])) == 2
    assert house.catalog.embeddings.count() == 3


def test_without_a_collection_the_cache_stays(tmp_path: Path) -> None:
    """The catalogue may be the wrong one: nothing says that the vectors are not needed."""
    with open_house_beside(settings_in(tmp_path)) as house:
        house.catalog.embeddings.put("gone@1", {"text": random_rows(1, 1, 16)[0]})
        assert [chore.step() for chore in cache_chores(house)] == [0]
        assert house.catalog.embeddings.count() == 1


def test_a_model_that_returns_meanwhile_keeps_its_vectors(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A generation may be made between two steps."""
    monkeypatch.setattr("tandem.catalog.embedding_cache.ROWS_PER_STEP", 1)
    chore = next(cache_chores(house))
    assert chore.step() == 1
    house.catalog.releases.create_generation(
        NAME, Schema(), analysis="a", embedder="gone@1", dimension=16, passage_tokens=128
    )
    assert chore.step() == 0
    assert house.catalog.embeddings.count() == 5


def test_the_cache_is_held_to_its_bound(house: House, kept: Kept) -> None:
    """In MB; what is below it loses nothing."""
    kept(embedding_cache_mb=1)
    rows = random_rows(1, 400, 1_024)
    house.catalog.embeddings.put("hash-a@1", {f"long {n}": row for n, row in enumerate(rows)})
    assert [work_off(chore, lambda: False) for chore in cache_chores(house)][1] > 0
    assert [work_off(chore, lambda: False) for chore in cache_chores(house)] == [0, 0]


def test_it_stops_between_two_steps() -> None:
    """Whoever ends the process does not wait for the rest."""
    left = [2, 2, 2, 0]
    pauses = iter([False, True])
    assert work_off(Chore("x", lambda: left.pop(0)), lambda: next(pauses)) == 4
    assert left == [2, 0]


def test_cursors_that_have_expired_go(house: House) -> None:
    """The others stay; where there never were any, no store is made to look for them."""
    assert worked_off(house, 0) == {}
    assert not house.catalog.has_frozen()
    house.catalog.frozen.keep("a", NAME, 1, b"", -1)
    house.catalog.frozen.keep("b", NAME, 1, b"", 900)
    assert worked_off(house, 0) == {"cursors that have expired": 1}
    assert house.catalog.frozen.find("b") is not None


def test_erasures_are_forgotten_with_history(house: House, kept: Kept) -> None:
    """Those that are done."""
    for person in ("u", "v"):
        house.catalog.events.erasures.ask(NAME, person)
    for noted in house.catalog.events.erasures.of(NAME)[:1]:
        finish(house.catalog, noted, lambda: False)
    kept(history_days=10)
    assert worked_off(house, 9) == {}
    assert worked_off(house, 11) == {"erasures": 1}


def test_deletes_go_once_every_index_has_applied_them(house: House) -> None:
    """The slowest one counts, also one that has not begun; documents stay."""
    documents, checkpoints = house.catalog.documents, house.catalog.checkpoints
    documents.append(NAME, "s", [document("a"), document("b"), document("c")])
    documents.delete(NAME, ["a"])
    documents.delete(NAME, ["b"])
    (generation,) = house.catalog.releases.generations(NAME)
    assert worked_off(house, 0) == {}
    for index, applied in ((generation.lexical_name, 5), (generation.vector_name, 4)):
        checkpoints.advance(checkpoints.start(index, "i", documents.log_id), applied)
    assert worked_off(house, 0) == {"deletes": 1}
    assert documents.changes_of(NAME, ["a", "b"])[0].document_id == "b"
    assert documents.count(NAME) == 1


# --- the thread ---


def dropping_nothing(_name: str) -> None:
    """No generation waits for anything."""


class Clock:
    """What the thread looks at, moved by hand; and how often it came by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self._rounds = 0
        self._came_by = threading.Condition()
        monkeypatch.setattr("api.retention.time", SimpleNamespace(monotonic=lambda: self.now))

    def leading(self) -> list[str]:
        """One collection; asked once a round, before anything of it is done."""
        with self._came_by:
            self._rounds += 1
            self._came_by.notify_all()
        return [NAME]

    def pass_round(self) -> None:
        """Wait until a round that began after this is over: the third one from now has begun."""
        with self._came_by:
            until = self._rounds + 3
            assert self._came_by.wait_for(lambda: self._rounds >= until, timeout=20)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was worked off."""
    found: list[str] = []

    def chosen(what: str) -> Iterator[Chore]:
        found.append(what)
        yield Chore(what, lambda: 0)

    monkeypatch.setattr("api.retention.chores", lambda house, name, now: chosen(name))
    monkeypatch.setattr("api.retention.cache_chores", lambda house: chosen("cache"))
    return found


def test_what_is_led_is_done_every_hour(
    done: list[str], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, however often it looks; the cache without leading anything."""
    clock = Clock(monkeypatch)
    retention = Retention(house, clock.leading, dropping_nothing, poll_seconds=0.001)
    clock.pass_round()
    assert done == ["cache", NAME]
    clock.now += EVERY_SECONDS + 1
    clock.pass_round()
    retention.close()
    assert done == ["cache", NAME] * 2


def test_what_waits_for_cursors_is_looked_at_each_minute(
    done: list[str], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not only when there is something else to forget."""
    clock = Clock(monkeypatch)
    looked: list[str] = []
    retention = Retention(house, clock.leading, looked.append, poll_seconds=0.001)
    for rounds in (1, 2, 3):
        clock.pass_round()
        assert looked == [NAME] * rounds
        clock.now += LEFT_SECONDS + 1
    retention.close()
    assert done == ["cache", NAME]


def test_who_was_not_erased_to_the_end_is(
    done: list[str], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for a minute ago; who asked just now may be at it."""
    noted = house.catalog.events.erasures.ask(NAME, "u")
    clock = Clock(monkeypatch)
    retention = Retention(house, clock.leading, dropping_nothing, poll_seconds=0.001)
    clock.pass_round()
    assert house.catalog.events.erasures.read(noted.number).done_at is None
    with writing(house.catalog.events.engine) as connection:
        connection.execute(ERASURES.update().values(asked_at=0))
    clock.now += LEFT_SECONDS + 1
    clock.pass_round()
    retention.close()
    assert house.catalog.events.erasures.read(noted.number).done_at is not None
    assert done == ["cache", NAME]


@pytest.mark.parametrize("gone", [0, 1])
def test_closed_it_ends_after_the_step_in_hand(
    house: House, monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    """Not after the chore, nor after the collection."""
    begun, known = threading.Event(), threading.Event()
    made: list[Retention] = []
    steps: list[str] = []

    def step(name: str) -> int:
        steps.append(name)
        begun.set()
        assert made[0]._closed.wait(20)
        return gone

    def chosen(name: str) -> Iterator[Chore]:
        for _ in range(2):
            yield Chore("x", lambda: step(name))

    monkeypatch.setattr("api.retention.chores", lambda house, name, now: chosen(name))
    monkeypatch.setattr("api.retention.cache_chores", lambda house: iter(()))

    def leading() -> list[str]:
        assert known.wait(20)
        return ["one", "two"]

    made.append(Retention(house, leading, dropping_nothing, poll_seconds=0.001))
    known.set()
    assert begun.wait(20)
    made[0].close()
    assert steps == ["one"]


def test_who_leads_nothing_forgets_nothing_of_it(
    done: list[str], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But it has a cache of its own on its host; and what it comes to lead, it takes up."""
    led: list[str] = []
    clock = Clock(monkeypatch)
    retention = Retention(
        house, lambda: clock.leading() and led, dropping_nothing, poll_seconds=0.001
    )
    clock.pass_round()
    assert done == ["cache"]
    led.append(NAME)
    clock.pass_round()
    retention.close()
    assert done == ["cache", NAME]


@pytest.mark.parametrize("error", [CatalogError("away"), OSError(28, "No space left on device")])
def test_a_failure_is_a_warning(
    house: House, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """The thread goes on."""
    rounds = threading.Semaphore(0)

    def fail() -> list[str]:
        rounds.release()
        raise error

    retention = Retention(house, fail, dropping_nothing, poll_seconds=0.001)
    for _ in range(3):
        assert rounds.acquire(timeout=20)
    retention.close()
    assert "what is too old is not forgotten" in caplog.text


def test_whoever_follows_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From soon after the start, of what it leads, until it is closed."""
    forgotten = threading.Event()
    monkeypatch.setattr("api.retention.POLL_SECONDS", 0.001)
    with owned(settings_in(tmp_path, retention={"events_days": 1})) as house:
        log = house.catalog.events
        behaviour(house.catalog)
        purge = log.purge_events

        def in_two_days(name: str, before: datetime) -> int:
            gone = purge(name, before + timedelta(days=2))
            forgotten.set()
            return gone

        monkeypatch.setattr(log, "purge_events", in_two_days)
        with at_work(house):
            assert forgotten.wait(20)
        assert (log.event_count(NAME), log.impression_count(NAME)) == (0, 1)
    assert "retention" not in {thread.name for thread in threading.enumerate()}
