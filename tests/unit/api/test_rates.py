"""A bucket of tokens for each key."""

import pytest

from api.rates import Rates


class Clock:
    """Goes as it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock()


def test_what_may_be_asked_at_once(clock: Clock) -> None:
    """As much as in a second, then as much as time has gone by, and never more than that."""
    rates = Rates(clock)
    assert [rates.take("a", 4.0) for _ in range(6)] == [0, 0, 0, 0, 0.25, 0.25]
    clock.now += 0.25
    assert [rates.take("a", 4.0) for _ in range(2)] == [0, 0.25]
    clock.now += 3600
    assert [rates.take("a", 4.0) for _ in range(5)] == [0, 0, 0, 0, 0.25]


def test_a_slow_rate(clock: Clock) -> None:
    """One request at a time, and the wait says how long."""
    rates = Rates(clock)
    assert rates.take("a", 0.1) == 0
    assert rates.take("a", 0.1) == 10
    clock.now += 4
    assert rates.take("a", 0.1) == pytest.approx(6)
    clock.now += 6
    assert rates.take("a", 0.1) == 0


def test_each_key_has_its_own(clock: Clock) -> None:
    """Nobody pays for another; nor for who has none."""
    rates = Rates(clock)
    assert [rates.take(key, 1.0) for key in ("a", "b", None, "a")] == [0, 0, 0, 1]
