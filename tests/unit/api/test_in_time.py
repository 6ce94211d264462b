"""However many, and in whatever order they come, the earliest is first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.in_time import in_time
from tandem.events import Event

AT = datetime(2026, 11, 26, tzinfo=UTC)


def events(*seconds: float) -> list[Event]:
    """At these moments; their ids tell where they came."""
    return [
        Event(f"{place}", "click", AT + timedelta(seconds=moment), details={"at": moment})
        for place, moment in enumerate(seconds)
    ]


@pytest.mark.parametrize("held", [1, 2, 3, 1_000])
@given(moments=st.lists(st.integers(-3, 3), max_size=12))
def test_sorted_whatever_fits_in_memory(held: int, moments: list[int]) -> None:
    """As one sort of all would have it: of one moment, in the order in which they came."""
    sent = events(*moments)
    assert list(in_time(iter(sent), held)) == sorted(sent, key=lambda event: event.timestamp)


def test_many_blocks_on_the_disk() -> None:
    """Of each part more than is read at once."""
    sent = events(*range(5_000, 0, -1))
    found = list(in_time(sent, held=2_400))
    assert found == sent[::-1]
