"""The event log: append-only, each event once, in an order that no reader can miss anything of."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tandem.catalog import event_log as module
from tandem.catalog import purging
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import ROWS_PER_QUERY, open_database
from tandem.catalog.event_log import Accepted, EventLog, Page
from tandem.catalog.event_tables import BEHAVIOUR, EVENT_HEAD, EVENT_LOG
from tandem.catalog.opening import open_log
from tandem.catalog.order import in_order
from tandem.catalog.urls import events_url
from tandem.errors import CatalogError, FieldError
from tandem.events import Event, Exposure, Impression
from tandem.fields import to_microseconds
from tests.builders import document
from tests.catalogue.conftest import Open
from tests.catalogue.logged import AT, event, impression


def ids(page: Page[Event]) -> list[str]:
    """The page's events."""
    return [row.what.event_id for row in page.rows]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """When events are received: the last of the list."""
    times = [AT]
    monkeypatch.setattr(module, "now", lambda: to_microseconds(times[-1]))
    return times


# --- appending ---


def test_everything_is_kept(log: EventLog, clock: list[datetime]) -> None:
    """Every field, whatever characters, with who wrote it and when it was received."""
    full = event(
        "e\x10日",
        document_id="d\x10",
        client_id="c",
        session_id="s",
        query_id="q",
        position=7,
        value=0.1,
        timestamp=AT - timedelta(days=9_000),
        details={"message": "nul\0 日本 \u2028", "object": {"internal_id": 7, "tags": ["a", None]}},
    )
    bare = Event("e2", "rating", AT)
    shown = Impression(
        "q",
        AT,
        3,
        "red\0 shoes \u2028",
        "similar",
        "u",
        "c",
        "s",
        2,
        (Exposure("d\x10", 2, 0.25, "a"), Exposure("e", 1)),
        {"configuration": "hybrid", "filters": {"year": {"gte": 1990.5}}},
    )
    empty = impression("q2", exposures=())
    assert log.append("main", "api\0", [full, bare]) == Accepted(2, 0)
    assert log.append_impressions("main", "search", [shown, empty]) == Accepted(2, 0)
    events, shows = log.events("main", 0, 10), log.impressions("main", 0, 10)
    assert [row.what for row in events.rows] == [full, bare]
    assert [row.what for row in shows.rows] == [shown, empty]
    assert [row.sequence for row in events.rows] == [1, 2]
    assert [row.sequence for row in shows.rows] == [3, 4]
    assert {row.source for row in events.rows} == {"api\0"}
    assert {row.received_at for row in events.rows} == {AT}
    assert log.head() == events.through == shows.through == 4


def test_queries_that_were_shown(log: EventLog) -> None:
    """In that collection, however many are asked about; each is named once."""
    log.append_impressions("main", "s", [impression("a"), impression("a", 3), impression("b\x10")])
    log.append_impressions("other", "s", [impression("c")])
    asked = ["a", "b\x10", "c", "d", *(f"q{number}" for number in range(ROWS_PER_QUERY * 2))]
    assert log.known_queries("main", asked) == {"a", "b\x10"}
    assert log.known_queries("other", asked) == {"c"}
    assert log.known_queries("main", []) == set()


def test_an_event_is_accepted_once(log: EventLog) -> None:
    """By its id, whether it comes again in the batch or later; the first one stays."""
    first = event("a")
    assert log.append("main", "s", [first, event("a", action="rating"), event("b")]) == Accepted(
        2, 1
    )
    assert log.append("main", "t", [event("b"), event("c"), event("a")]) == Accepted(1, 2)
    assert log.append("main", "s", [event("c")]) == Accepted(0, 1)
    assert log.append("main", "s", []) == Accepted(0, 0)
    assert ids(log.events("main", 0, 10)) == ["a", "b", "c"]
    assert log.events("main", 0, 1).rows[0].what == first
    assert log.head() == 3


def test_both_kinds_keep_their_order(log: EventLog) -> None:
    """In one batch; what is known of it takes no sequence."""
    log.append("main", "s", [event("b")])
    sent: list[Event | Impression] = [event("a"), impression("q"), event("b")]
    sent += [impression("q", 2, 2), event("c")]
    assert log.append("main", "s", sent) == Accepted(4, 1)
    rows = log.behaviour("main").rows(1, 9).rows
    assert [(type(row).__name__, row.sequence) for row in rows] == [
        ("Deed", 2),
        ("Shown", 3),
        ("Shown", 4),
        ("Deed", 5),
    ]
    with pytest.raises(FieldError, match="as_of"):
        log.append("main", "s", [event("d"), impression("r", as_of=9)])
    assert (log.head(), log.event_count("main")) == (5, 3)


def test_many_are_compared(log: EventLog) -> None:
    """More than one statement may name."""
    count = ROWS_PER_QUERY * 2 + 3
    sent = [event(f"e{number}") for number in range(count)]
    assert log.append("main", "s", sent[1::2]) == Accepted(count // 2, 0)
    assert log.append("main", "s", sent) == Accepted(count - count // 2, count // 2)


def test_each_page_of_a_query_is_an_impression(log: EventLog) -> None:
    """One that is shown again is none; a page is named by its query and where it begins."""
    sent = [impression("q", 1), impression("q", 3), impression("r", 1), impression("q", 1)]
    assert log.append_impressions("main", "search", sent) == Accepted(3, 1)
    assert log.append_impressions("main", "search", sent[1:2]) == Accepted(0, 1)
    found = log.impressions_of("main", ["r", "unknown", "q"])
    assert [(row.sequence, row.what.query_id) for row in found] == [(1, "q"), (2, "q"), (3, "r")]
    assert log.impressions_of("main", []) == log.impressions_of("other", ["q"]) == []


def positions(log: EventLog, query_id: str) -> list[list[int]]:
    """Those of each impression of a query."""
    found = [row.what.exposures for row in log.impressions_of("main", [query_id])]
    return [[exposure.position for exposure in shown] for shown in found]


@pytest.mark.parametrize("at_once", [True, False])
def test_every_document_that_was_shown_is_in_one_impression(log: EventLog, at_once: bool) -> None:
    """Pages may be asked for again, longer or shorter, or with a document that was not at hand
    before; what stood there already is not told again.
    """
    gap = replace(impression("q", 6, 4), exposures=(Exposure("d6", 6), Exposure("d9", 9)))
    empty = impression("q", count=0)
    sent = [impression("q", 1), impression("q", 3), impression("q", 3, 1), gap, empty]
    sent += [impression("q", 2, 9, details={"a": 1}), impression("q", 1, 10), empty]
    batches = [sent] if at_once else [[page] for page in sent]
    done = [log.append_impressions("main", "s", batch) for batch in batches]
    assert (sum(one.accepted for one in done), sum(one.duplicates for one in done)) == (5, 3)
    assert positions(log, "q") == [[1, 2], [3, 4], [6, 9], [], [5, 7, 8, 10]]
    assert log.impressions_of("main", ["q"])[-1].what.details == {"a": 1}


def test_collections_are_apart(log: EventLog) -> None:
    """One order for all of them, but ids, pages and counts of their own."""
    log.append("main", "s", [event("a")])
    assert log.append("other", "s", [event("a"), event("b")]) == Accepted(2, 0)
    log.append_impressions("other", "s", [impression("q")])
    assert (log.event_count("main"), log.impression_count("main")) == (1, 0)
    assert (log.event_count("other"), log.impression_count("other")) == (2, 1)
    assert [row.sequence for row in log.events("other", 0, 10).rows] == [2, 3]


def test_what_nobody_can_have_read_is_refused(log: EventLog) -> None:
    """An impression that saw more of the log than there is; nothing of its batch is kept."""
    log.append("main", "s", [event("a")])
    with pytest.raises(FieldError, match="as_of: expected at most 1, where the log ends, found 2"):
        log.append_impressions("main", "s", [impression("q"), impression("r", as_of=2)])
    with pytest.raises(FieldError, match=f"found {2**70}"):
        log.append_impressions("main", "s", [impression("q", as_of=2**70)])
    assert (log.head(), log.impression_count("main")) == (1, 0)
    assert log.append_impressions("main", "s", [impression("q", as_of=1)]) == Accepted(1, 0)


def test_what_the_database_refuses_changes_nothing(log: EventLog) -> None:
    """No row of the batch, and the sequences are not used up."""
    with pytest.raises((UnicodeEncodeError, CatalogError)):
        log.append("main", "\ud800", [event("a"), event("b")])
    assert (log.head(), log.event_count("main")) == (0, 0)


# --- reading ---


def test_pages(log: EventLog) -> None:
    """Each goes on where the one before ended; past the end there is nothing more."""
    log.append("main", "s", [event("a"), event("b"), event("c")])
    log.append_impressions("main", "s", [impression("q")])
    first = log.events("main", 0, 2)
    assert (ids(first), first.through) == (["a", "b"], 2)
    second = log.events("main", first.through, 2)
    assert (ids(second), second.through) == (["c"], 4)
    assert log.events("main", 4, 2) == Page((), 4)
    assert log.events("main", 9, 2) == Page((), 9)


def test_a_user_as_of_a_position(log: EventLog) -> None:
    """What came later in the log, or happened later, is not seen; the newest are kept."""
    for number in range(4):
        happened = AT + timedelta(hours=3 - number)
        log.append(
            "main", "s", [event(f"e{number}", timestamp=happened), event(f"x{number}", user_id="v")]
        )
    log.append("other", "s", [event("e")])

    def seen(**arguments: Any) -> list[str]:
        given = {"as_of": log.head(), "limit": 10} | arguments
        return [row.what.event_id for row in log.events_of("main", "u", **given)]

    assert seen() == ["e0", "e1", "e2", "e3"]
    assert seen(as_of=3) == ["e0", "e1"]
    assert seen(as_of=0) == []
    assert seen(limit=2) == ["e2", "e3"]
    assert seen(before=AT + timedelta(hours=2)) == ["e2", "e3"]
    assert seen(before=AT + timedelta(hours=2), limit=1, as_of=5) == ["e2"]


# --- several writers ---


def test_eight_write_while_one_reads(log: EventLog) -> None:
    """Events and impressions, each twice: all sequences are given once, and the reader, which goes
    on from where it was, has seen every one of them, in order.
    """
    faults: list[BaseException] = []
    accepted: list[int] = []

    def write(name: str) -> None:
        try:
            for number in range(4):
                names = [f"{name}-{number}-{part}" for part in range(3)]
                for _ in range(2):
                    done = log.append("main", name, [event(item) for item in names])
                    shown = log.append_impressions("main", name, [impression(names[0])])
                    accepted.append(done.accepted + shown.accepted)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    seen: dict[str, list[int]] = {"events": [], "impressions": []}
    position = dict.fromkeys(seen, 0)
    is_over = False
    while not is_over:
        is_over = not any(thread.is_alive() for thread in threads)
        for kind, found in seen.items():
            page: Page[Any] = getattr(log, kind)("main", position[kind], 50)
            found += [row.sequence for row in page.rows]
            position[kind] = page.through
    assert not faults
    assert sum(accepted) == log.head() == 8 * 4 * 4
    assert all(found == sorted(found) for found in seen.values())
    assert sorted(seen["events"] + seen["impressions"]) == list(range(1, log.head() + 1))


def test_the_logs_do_not_wait_for_each_other(shared: Catalog, log: EventLog) -> None:
    """Amid a write of documents an event is accepted, and the other way round."""
    with in_order(shared.engine):
        assert log.append("main", "s", [event("a")]) == Accepted(1, 0)
    with in_order(log.engine, EVENT_HEAD):
        assert shared.documents.append("main", "s", [document("a")]).sequences == {"a": 1}


# --- forgetting ---


def test_what_is_older_goes_in_steps(
    log: EventLog, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By when it was received, the oldest first, and of that kind and collection alone."""
    monkeypatch.setattr(purging, "ROWS_PER_STEP", 2)
    log.append("main", "s", [event(name) for name in "abc"])
    log.append("other", "s", [event("a")])
    log.append_impressions("main", "s", [impression("q")])
    clock.append(AT + timedelta(days=1))
    log.append("main", "s", [event("d", timestamp=AT - timedelta(days=900))])
    assert log.purge_events("main", AT) == 0
    before = AT + timedelta(hours=1)
    assert [log.purge_events("main", before) for _ in range(3)] == [2, 1, 0]
    assert ids(log.events("main", 0, 10)) == ["d"]
    assert (log.event_count("other"), log.impression_count("main")) == (1, 1)
    assert [log.purge_impressions("main", before) for _ in range(2)] == [1, 0]
    assert log.purge_events("main", clock[-1] + timedelta(days=1)) == 1
    assert log.event_count("main") == 0


def test_no_sequence_is_given_again(open_catalog: Open, clock: list[datetime]) -> None:
    """After everything was forgotten, and after the log was opened anew, it goes on."""
    log = open_catalog().events
    log.append("main", "s", [event("a"), event("b")])
    assert log.purge_events("main", AT + timedelta(days=1)) == 2
    again = open_catalog().events
    assert again.log_id == log.log_id
    assert again.append("main", "s", [event("a")]) == Accepted(1, 0)
    assert [row.sequence for row in again.events("main", 0, 10).rows] == [3]


# --- opening ---


def test_who_only_looks_makes_none(catalog: Catalog) -> None:
    """The log is there when it was asked for."""
    assert not catalog.has_events()
    assert catalog.events.bytes_held() > 0
    assert catalog.has_events()


def test_somebody_elses_events_are_left_alone(url: sa.URL) -> None:
    """A table of that name is not taken for the log's."""
    other = sa.MetaData()
    sa.Table("events", other, sa.Column("concert", sa.Integer, primary_key=True))
    place = events_url(url)
    open_database(place, other).dispose()
    with pytest.raises(CatalogError, match="has a table 'events' that is not"):
        open_log(place, BEHAVIOUR)
    engine = open_database(place, other)
    assert set(sa.inspect(engine).get_table_names()) & set(EVENT_LOG.tables) == {"events"}
    engine.dispose()
