"""Rows at hand are read as from any log."""

import pytest

from rerank.training.kept_log import KeptLog
from tandem.behaviour import Rows, Who
from tests.behaviour_log import MemoryBehaviour, random_rows

ROWS = random_rows(3, 200)


def test_an_empty_log_ends_where_it_is_read() -> None:
    """Nothing after anything."""
    log = KeptLog([])
    assert log.head == 0
    assert log.rows(0, 10) == Rows((), 0)
    assert log.deeds_of(Who("u1"), as_of=10, limit=5) == []


@pytest.mark.parametrize("after", [0, 1, 57, 199, 200, 500])
@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_rows_are_those_after_a_position(after: int, limit: int) -> None:
    """As the log in memory, which looks through all of them."""
    assert KeptLog(ROWS).rows(after, limit) == MemoryBehaviour(ROWS).rows(after, limit)


@pytest.mark.parametrize(
    "who", [Who("u1"), Who(None, "c2"), Who("u3", "c1", "s2"), Who(None, None, "s1"), Who()]
)
@pytest.mark.parametrize("as_of", [0, 100, 200])
def test_deeds_are_somebodys_last(who: Who, as_of: int) -> None:
    """The same again."""
    expected = MemoryBehaviour(ROWS).deeds_of(who, as_of=as_of, limit=5)
    assert KeptLog(ROWS).deeds_of(who, as_of=as_of, limit=5) == expected
