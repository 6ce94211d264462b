"""The log swept once: what it gives of queries, and of whom it keeps what."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.person import DEEDS_READ
from rerank.scenes import Asked
from rerank.training.pasts import Pasts
from rerank.training.sweep import Wanted, sweep, wanted_of
from tandem.behaviour import Deed, Rows, Who
from tandem.catalog.event_rows import Recorded
from tandem.events import Exposure, Impression
from tandem.schema import Schema
from tests.behaviour_log import NOW, MemoryBehaviour, random_rows
from tests.people_scenes import query_of, ranked

AT = datetime.fromtimestamp(NOW, UTC)
LATER = datetime.fromtimestamp(NOW + 60, UTC)


def page(query_id: str, *exposures: tuple[str, int], **values: Any) -> Recorded[Impression]:
    """One page of answers, as the log gives it."""
    shown = tuple(Exposure(name, position) for name, position in exposures)
    given: dict[str, Any] = {"timestamp": AT, "release": 1, "exposures": shown} | values
    return Recorded(1, "test", AT, Impression(query_id, **given))


def wanted(as_of: int, who: Who | None = None, query_id: str = "q") -> Wanted:
    """A query of a and b."""
    return Wanted(Asked(query_of(who or Who(), query_id), Schema(), ranked(["a", "b"])), as_of)


def click(sequence: int, document_id: str = "a") -> Deed:
    """By u."""
    return Deed(sequence, "click", document_id, NOW, user_id="u")


# --- from impressions ---


def test_pages_of_one_query_are_one() -> None:
    """In the order of positions, however they came; its time is that of the first page."""
    second = page("q", ("c", 3), ("a", 4), timestamp=LATER, as_of=9)
    first = page(
        "q", ("a", 1), ("b", 2), query_text="x", as_of=7, user_id="u", client_id="c", session_id="s"
    )
    (found,) = wanted_of([second, first], Schema())
    assert found.as_of == 7
    assert found.asked.candidates.document_ids == ("a", "b", "c")
    assert [hit.rank for hit in found.asked.candidates.hits] == [1, 2, 3]
    assert found.asked.who == Who("u", "c", "s")
    assert found.asked.seconds == NOW
    assert (found.asked.query.text, found.asked.query.query_id) == ("x", "q")


def test_a_page_without_answers() -> None:
    """Is a query without candidates."""
    (found,) = wanted_of([page("q")], Schema())
    assert len(found.asked.candidates) == 0
    assert wanted_of([], Schema()) == []


# --- the sweep ---


def test_each_query_sees_the_log_up_to_its_position() -> None:
    """In order of position, whatever the order in which they are wanted."""
    log = MemoryBehaviour([click(2), click(4), click(6)])
    asked = [wanted(position, Who("u"), f"q{position}") for position in (9, 0, 4, 5, 4, 2, 6)]
    found = [
        (item.as_of, scene.as_of, int(scene.everyone.chosen[scene.rows][0]), scene.person.deeds)
        for item, scene in sweep(log, asked)
    ]
    assert found == [
        (0, 0, 0, []),
        (2, 2, 1, [click(2)]),
        (4, 4, 2, [click(2), click(4)]),
        (4, 4, 2, [click(2), click(4)]),
        (5, 5, 2, [click(2), click(4)]),
        (6, 6, 3, [click(2), click(4), click(6)]),
        (9, 9, 3, [click(2), click(4), click(6)]),
    ]


def test_a_log_without_rows() -> None:
    """Everything is as new."""
    ((_, scene),) = sweep(MemoryBehaviour(), [wanted(5, Who("u"))])
    assert scene.as_of == 5
    assert scene.person.is_known
    assert not scene.person.deeds
    assert [*sweep(MemoryBehaviour(), [])] == []


def test_the_log_is_read_once() -> None:
    """Up to the last position that is wanted."""
    pieces = []

    class Counted(MemoryBehaviour):
        def rows(self, after: int, limit: int) -> Rows:
            pieces.append(after)
            return super().rows(after, 10)

    log = Counted([click(number) for number in range(1, 101)])
    found = [*sweep(log, [wanted(position) for position in (3, 15, 15, 29, 30)])]
    assert [scene.as_of for _, scene in found] == [3, 15, 15, 29, 30]
    assert pieces == [0, 10, 20]


# --- pasts ---

NAMES = st.sampled_from([None, "1", "2"])
PEOPLE = st.builds(Who, NAMES, NAMES, NAMES)


@given(st.integers(0, 9), st.lists(PEOPLE, min_size=1, max_size=4), st.integers(0, 400))
def test_pasts_are_those_that_the_log_would_give(seed: int, people: list[Who], as_of: int) -> None:
    """Whoever they belong to, by whatever name."""
    named = [
        Who(*(name and kind + name for kind, name in zip("ucs", who, strict=True)))
        for who in people
    ]
    log = MemoryBehaviour(random_rows(seed, 400))
    pasts = Pasts(named)
    pasts.take(row for row in log.rows_held if row.sequence <= as_of)
    for who in named:
        assert pasts.of(who) == log.deeds_of(who, as_of=as_of, limit=DEEDS_READ)


@pytest.mark.parametrize("who", [Who("u"), Who(client_id="c"), Who("x", "x", "s")])
def test_a_long_past_is_cut(who: Who) -> None:
    """The last deeds are kept."""
    rows = [
        Deed(number, "click", "a", NOW, None, "u", "c", "s") for number in range(1, DEEDS_READ + 9)
    ]
    pasts = Pasts([who])
    pasts.take(rows)
    assert pasts.of(who) == rows[8:]
    assert pasts.of(Who("nobody that was asked for")) == []
