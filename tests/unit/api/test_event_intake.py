"""Events into a real log: what was shown stands before what was done then."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from api.event_intake import EventIntake, EventLogUnavailable, Taken
from api.turns import Busy
from tandem.catalog.catalog import Catalog
from tandem.catalog.event_log import EventLog
from tandem.errors import CatalogError
from tandem.events import MAXIMUM_DETAILS_BYTES, Event, Impression
from tests.logs import logged

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty one."""
    file = tmp_path / "catalog.sqlite"
    with closing(Catalog(f"sqlite:///{file}", f"sqlite:///{tmp_path / 'cache.sqlite'}")) as opened:
        yield opened


def nothing(_seconds: float) -> bool:
    """Nothing waits to be written."""
    return True


def event(event_id: str, query_id: str | None = None) -> Event:
    """A click."""
    return Event(event_id, "click", MOMENT, "d", query_id=query_id)


def test_events_are_counted_and_their_queries_looked_up(catalog: Catalog) -> None:
    """What is sent again is a duplicate; an unknown query is told once, and kept."""

    def flush(_seconds: float) -> bool:
        catalog.events.append_impressions("main", "search", [Impression("shown", MOMENT, 1)])
        return True

    intake = EventIntake(lambda: catalog.events, "main", flush)
    events = [event("a", "shown"), event("b", "other"), event("c", "other"), event("d")]
    assert intake.take(events) == Taken(4, 0, ["other"])
    assert intake.take([*events, event("e")]) == Taken(1, 4, ["other"])
    kept = catalog.events.events("main", 0, 10).rows
    assert [row.what.event_id for row in kept] == list("abcde")
    marked = [row.what.event_id for row in kept if row.what.details.get("unknown_query")]
    assert marked == ["b", "c"], "whoever reads the log knows it, too"
    (impression,) = catalog.events.impressions("main", 0, 10).rows
    assert impression.sequence < kept[0].sequence, "it was written before"


def test_an_event_without_room_for_the_mark_is_kept(catalog: Catalog) -> None:
    """Its details are as large as they may be."""
    full = {"x": "y" * (MAXIMUM_DETAILS_BYTES - 8)}
    given = Event("a", "click", MOMENT, "d", query_id="q", details=full)
    assert EventIntake(lambda: catalog.events, "main", nothing).take([given]) == Taken(1, 0, ["q"])
    assert catalog.events.events("main", 0, 10).rows[0].what == given


def test_no_event_asks_nobody() -> None:
    """An empty batch is no reason to open the log."""

    def fail() -> EventLog:
        raise AssertionError

    assert EventIntake(fail, "main", nothing).take([]) == Taken(0, 0, [])


def test_a_log_that_is_down_is_told() -> None:
    """The sender learns that none was kept; why is in the server's log alone."""

    def fail() -> EventLog:
        raise CatalogError("no room on /secret/disk", hint="make room")

    with logged() as records, pytest.raises(EventLogUnavailable) as caught:
        EventIntake(fail, "main", nothing).take([event("a")])
    assert "secret" not in str(caught.value) + caught.value.hint
    assert "none was kept" in caught.value.hint
    assert "/secret/disk" in records[0].getMessage()


def test_what_is_told_to_be_lost_was_not_kept(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that fails when it is asked for the queries has taken nothing."""

    def fail(*_: object) -> set[str]:
        raise CatalogError("gone")

    monkeypatch.setattr(catalog.events, "known_queries", fail)
    with pytest.raises(EventLogUnavailable):
        EventIntake(lambda: catalog.events, "main", nothing).take([event("a", "q")])
    assert catalog.events.event_count("main") == 0


def test_no_event_stands_before_what_was_shown(catalog: Catalog) -> None:
    """Where the pages cannot be written, the clicks on them are not either: their queries would be
    told as unknown.
    """
    intake = EventIntake(lambda: catalog.events, "main", lambda _seconds: False)
    with logged() as records, pytest.raises(EventLogUnavailable, match="did not take"):
        intake.take([event("a", "waiting")])
    assert catalog.events.event_count("main") == 0
    assert "what was shown before" in records[0].getMessage()


def test_a_log_that_hangs_takes_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches need the others; once it answers there is room again."""
    monkeypatch.setattr("api.event_intake.AT_ONCE", 1)
    entered, released = threading.Event(), threading.Event()

    class Hanging:
        def append(self, *_: object) -> Any:
            entered.set()
            released.wait(30)
            return Taken(1, 0, [])

        def known_queries(self, *_: object) -> set[str]:
            return set()

    log = cast("Callable[[], EventLog]", Hanging)
    intake = EventIntake(log, "main", nothing)
    waiting = threading.Thread(target=intake.take, args=([event("a")],))
    waiting.start()
    entered.wait(30)
    with pytest.raises(Busy, match="too many calls wait"):
        intake.take([event("b")])
    released.set()
    waiting.join(30)
    assert intake.take([event("c")]).accepted == 1
