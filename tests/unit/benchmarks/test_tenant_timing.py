"""What tells whether one kind of answers comes later than another."""

import pytest

from benchmarks.tenant_timing import later


@pytest.mark.parametrize(
    ("there", "nowhere", "expected"),
    [
        ([3.0, 4.0], [1.0, 2.0], 1.0),
        ([1.0, 2.0], [3.0, 4.0], 0.0),
        ([1.0, 1.0], [1.0, 1.0], 0.5),
        ([2.0], [1.0, 2.0, 3.0, 4.0], 0.375),
    ],
)
def test_share_of_pairs(there: list[float], nowhere: list[float], expected: float) -> None:
    """Those that take as long count half."""
    low, share, high = later(there, nowhere)
    assert share == expected
    assert low < share < high
    assert share - low == pytest.approx(high - share)
