"""What people searched for is followed in the event log."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from api.past_queries import PastQueriesWatch, last_before
from tandem.catalog import event_log
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.event_log import EventLog
from tandem.catalog.moments import now
from tandem.errors import CatalogError
from tandem.fields import from_microseconds, to_microseconds
from tests.logs import logged
from tests.unit.query.test_past_queries import asked_by


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    """An event log on SQLite."""
    catalog = Catalog(file_url(tmp_path / "documents.sqlite"), file_url(tmp_path / "e.sqlite"))
    yield catalog.events
    catalog.close()


def append(log: EventLog, text: str, people: int = 5, collection: str = "main") -> None:
    """So many people ask it."""
    log.append_impressions(collection, "search", asked_by(text, people))


def watch(events: Callable[[], EventLog | None], days: int = 90) -> PastQueriesWatch:
    """One that looks all the time."""
    return PastQueriesWatch(events, "main", days=days, every_seconds=0.01)


def until(holds: Callable[[], bool]) -> None:
    """Wait until it does."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


def test_what_is_new_is_followed(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there at the start, in pages, and what comes later; of this collection alone."""
    monkeypatch.setattr("api.past_queries.ROWS", 3)
    append(log, "first query")
    append(log, "another's query", collection="other")
    with closing(watch(lambda: log)) as followed:
        until(lambda: followed.current.completing("first", 5) == ["first query"])
        assert followed.current.completing("second", 5) == []
        append(log, "second query")
        until(lambda: followed.current.completing("second", 5) == ["second query"])
        assert followed.current.completing("another", 5) == []


def test_there_may_be_no_log_yet(log: EventLog) -> None:
    """It is looked for until there is one."""
    held: list[EventLog | None] = [None]
    with closing(watch(lambda: held[0])) as followed:
        append(log, "first query")
        held[0] = log
        until(lambda: followed.current.completing("first", 5) == ["first query"])


def test_a_log_that_fails_is_asked_again(log: EventLog) -> None:
    """What is known stays, and the log says so once for as long as it is that."""
    faults: list[Exception] = []

    def events() -> EventLog:
        if faults:
            raise faults[0]
        return log

    append(log, "first query")
    with logged() as records, closing(watch(events)) as followed:
        until(lambda: followed.current.completing("first", 5) != [])
        faults.append(CatalogError("the catalogue is down"))
        until(lambda: len(records) > 0)
        append(log, "second query")
        time.sleep(0.1)
        assert followed.current.completing("first", 5) == ["first query"]
        assert [record.getMessage() for record in records] == [
            "past queries are not brought up to date: the catalogue is down"
        ]
        faults.clear()
        until(lambda: followed.current.completing("second", 5) != [])


def test_every_day_it_begins_anew(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the log still says, so that what is too old is forgotten."""
    append(log, "first query")
    monkeypatch.setattr("api.past_queries.ANEW_SECONDS", 0.0)
    with closing(watch(lambda: log)) as followed:
        until(lambda: followed.current.completing("first", 5) != [])
        before = followed.current
        until(lambda: followed.current is not before)
        assert followed.current.completing("first", 5) == ["first query"]
        log.purge_impressions("main", now_as_datetime() + timedelta(days=1))
        until(lambda: followed.current.completing("first", 5) == [])


def test_another_log_is_read_from_its_begin(log: EventLog, tmp_path: Path) -> None:
    """One that was restored from a backup may end before what was read of the one before it."""
    append(log, "first query")
    append(log, "second query")
    catalog = Catalog(file_url(tmp_path / "other.sqlite"), file_url(tmp_path / "e2.sqlite"))
    append(catalog.events, "older query")
    held = [log]
    with closing(catalog), closing(watch(lambda: held[0])) as followed:
        until(lambda: followed.current.completing("second", 5) != [])
        held[0] = catalog.events
        until(lambda: followed.current.completing("older", 5) == ["older query"])
        assert followed.current.completing("second", 5) == []


def test_nobody_need_be_suggested_what_others_asked(log: EventLog) -> None:
    """Zero days switch it off: the log is not even read."""
    append(log, "first query")
    asked = []

    def events() -> EventLog:
        asked.append(1)
        return log

    with closing(watch(events, days=0)) as followed:
        until(lambda: len(asked) > 2)
        assert followed.current.completing("first", 5) == []


def now_as_datetime() -> datetime:
    """Now, as the log counts."""
    return from_microseconds(now())


def test_where_the_past_begins(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last sequence that is older than a moment, found without reading the log."""
    begin = now_as_datetime()
    for day in range(6):
        moment = to_microseconds(begin + timedelta(days=day))
        monkeypatch.setattr(event_log, "now", lambda moment=moment: moment)
        append(log, f"day {day}", people=3)
        append(log, f"day {day}", people=2, collection="other")
    for day in range(7):
        since = begin + timedelta(days=day - 0.5)
        after = last_before(log, "main", since)
        left = [row.what.query_text for row in log.impressions("main", after, 100).rows]
        assert left == [f"day {later}" for later in range(day, 6) for _ in range(3)]
    assert last_before(log, "nobody's", begin) == 0


def test_old_queries_do_not_count(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those from before the days that the settings allow."""
    old = to_microseconds(now_as_datetime() - timedelta(days=3))
    with monkeypatch.context() as patch:
        patch.setattr(event_log, "now", lambda: old)
        append(log, "old query")
    append(log, "fresh query")
    with closing(watch(lambda: log, days=2)) as followed:
        until(lambda: followed.current.completing("fresh", 5) != [])
        assert followed.current.completing("old", 5) == []


def test_what_somebody_made_public_is_not_any_more(log: EventLog) -> None:
    """Five have asked one text, six another; who is erased is one of both."""
    append(log, "of five people")
    append(log, "of six people", people=6)
    person = log.impressions("main", 0, 1).rows[0].what.user_id
    assert person is not None
    with closing(watch(lambda: log)) as followed:
        until(lambda: followed.current.completing("of", 5) == ["of six people", "of five people"])
        erased = log.erasures.ask("main", person).number
        for _ in (*log.erasures.collect(erased), *log.erasures.rewrite(erased)):
            pass
        until(lambda: followed.current.completing("of", 5) == ["of six people"])
