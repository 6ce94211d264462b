"""The event log as learning reads it: lean rows of both kinds, in one order."""

from collections.abc import Sequence
from typing import Any

import pytest

from tandem.behaviour import Deed, Rows, Shown, Who
from tandem.catalog.event_log import EventLog
from tandem.events import Event, Exposure
from tests.catalogue.logged import AT, event, impression

HARD = " \x10 日本 \u2028"
"""Characters that a column holds in another form; a name has no zero byte."""


def deeds(log: EventLog, who: Who, **given: Any) -> list[str | None]:
    """The documents of somebody's deeds."""
    asked = {"as_of": log.head(), "limit": 10} | given
    return [deed.document_id for deed in log.behaviour("main").deeds_of(who, **asked)]


def walked(log: EventLog, limit: int) -> list[Deed | Shown]:
    """The whole log in pieces of at most that size."""
    found: list[Deed | Shown] = []
    at = -1
    through = 0
    while through > at:
        at = through
        rows, through = log.behaviour("main").rows(at, limit)
        assert len(rows) <= limit
        found += rows
    return found


def test_everything_that_is_read(log: EventLog) -> None:
    """Each field, whatever characters; of what has none, nothing."""
    names: dict[str, Any] = {
        f"{name}_id": f"{name}{HARD}" for name in ("user", "client", "session", "query")
    }
    full = event("e1", action=HARD, document_id=f"d{HARD}", position=7, value=0.1, **names)
    log.append("main", "s", [full, Event("e2", "rating", AT)])
    shown = (Exposure(f"d{HARD}", 2, 0.25, "a"), Exposure("e", 1))
    pages = [impression(**names, exposures=shown, surface="similar"), impression("q2", count=0)]
    log.append_impressions("main", "s", pages)
    seconds = AT.timestamp()
    who = (names["user_id"], names["client_id"], names["session_id"])
    assert log.behaviour("main").rows(0, 10) == Rows(
        (
            Deed(1, HARD, f"d{HARD}", seconds, 0.1, *who, names["query_id"], 7),
            Deed(2, "rating", None, seconds),
            Shown(
                *(3, names["query_id"], seconds, (f"d{HARD}", "e"), (2, 1), (0.25, 1.0)),
                *("similar", *who),
            ),
            Shown(4, "q2", seconds, (), (), ()),
        ),
        4,
    )
    found = log.behaviour("main").deeds_of(Who(*who), as_of=4, limit=10)
    assert list(found) == [log.behaviour("main").rows(0, 1).rows[0]]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_both_kinds_in_one_order(log: EventLog, limit: int) -> None:
    """However small the pieces are; those of other collections are passed over."""
    for number in range(3):
        log.append("main", "s", [event(f"a{number}", document_id="d"), event(f"b{number}")])
        log.append("other", "s", [event(f"c{number}")])
        log.append_impressions("main", "s", [impression(f"q{number}")])
    log.append("other", "s", [event("last")])
    rows = walked(log, limit)
    assert [row.sequence for row in rows] == [1, 2, 4, 5, 6, 8, 9, 10, 12]
    assert [type(row) for row in rows] == [Deed, Deed, Shown] * 3


def test_far_between(log: EventLog) -> None:
    """What others did is passed over, however much it is; nothing is told before something is."""
    log.append("other", "s", [event(f"a{number}") for number in range(40)])
    log.append("main", "s", [event("one")])
    log.append("other", "s", [event(f"b{number}") for number in range(40)])
    first = log.behaviour("main").rows(0, 2)
    assert [row.sequence for row in first.rows] == [41]
    assert first.through == 81
    assert log.behaviour("main").rows(81, 2) == Rows((), 81)


def test_where_nothing_is_left(log: EventLog) -> None:
    """The end is where it was asked after, whatever the end."""
    behaviour = log.behaviour("main")
    assert behaviour.rows(0, 5) == Rows((), 0)
    log.append("other", "s", [event("a")])
    assert behaviour.rows(0, 5) == Rows((), 1)
    assert behaviour.rows(1, 5) == Rows((), 1)
    assert behaviour.rows(9, 5) == Rows((), 9)


@pytest.fixture
def people(log: EventLog) -> EventLog:
    """One user on two devices, in two sessions, and somebody else in one of those."""
    by: Sequence[tuple[str | None, str, str]] = [
        ("u", "c", "s"), ("u", "c2", "s2"), (None, "c", "s"), ("v", "c", "s"), ("u", "c", "s"),
    ]  # fmt: skip
    sent = [
        event(f"e{place}", document_id=f"d{place}", user_id=user, client_id=client, session_id=s)
        for place, (user, client, s) in enumerate(by, start=1)
    ]
    log.append("main", "s", [*sent, event("no document", session_id="s")])
    log.append("other", "s", [event("e", document_id="elsewhere", session_id="s")])
    return log


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (Who("u"), ["d1", "d2", "d5"]),
        (Who("u", "c"), ["d1", "d2", "d5"]),
        (Who("u", "c", "s"), ["d1", "d2", "d3", "d4", "d5"]),
        (Who("u", session_id="s2"), ["d1", "d2", "d5"]),
        (Who(None, "c"), ["d1", "d3", "d4", "d5"]),
        (Who(None, "c2", "s"), ["d1", "d2", "d3", "d4", "d5"]),
        (Who(session_id="s2"), ["d2"]),
        (Who("nobody", "c"), []),
        (Who(), []),
    ],
)
def test_whose_deeds(people: EventLog, who: Who, expected: list[str]) -> None:
    """The user's wherever they were, else the device's, and the session's; each once."""
    assert deeds(people, who) == expected


def test_the_last_deeds_as_of_a_position(people: EventLog) -> None:
    """The newest are kept, whosever they are, oldest first; what comes later is not seen."""
    assert deeds(people, Who("u", session_id="s"), limit=3) == ["d3", "d4", "d5"]
    assert deeds(people, Who("u", session_id="s"), as_of=3) == ["d1", "d2", "d3"]
    assert deeds(people, Who("u"), limit=2) == ["d2", "d5"]
    assert deeds(people, Who("u"), as_of=4, limit=1) == ["d2"]
    assert deeds(people, Who("u"), as_of=0) == []
