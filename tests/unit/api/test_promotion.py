"""How long a generation outlives a promotion: as long as other processes may search it."""

from types import SimpleNamespace

import pytest

from api.promotion import GRACE_SECONDS, is_noticed
from indexer.seats import Access


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """See ``time.sleep``."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that it waits by."""
    made = Clock()
    stand_in = SimpleNamespace(monotonic=lambda: made.now, sleep=made.sleep)
    monkeypatch.setattr("api.promotion.time", stand_in)
    return made


@pytest.mark.parametrize("access", [Access.OWNED, Access.BESIDE])
def test_embedded_engines_are_not_waited_for(clock: Clock, access: Access) -> None:
    """Nobody else searches them."""
    assert is_noticed(access, lambda: False)
    assert clock.now == 0


def test_servers_are_searched_by_others(clock: Clock) -> None:
    """They look twice a second, and let their queries end."""
    assert is_noticed(Access.LEASED, lambda: False)
    assert clock.now >= GRACE_SECONDS >= 5


def test_the_end_of_the_process_ends_the_waiting(clock: Clock) -> None:
    """And nothing may be dropped then."""
    assert not is_noticed(Access.LEASED, lambda: clock.now > 1)
    assert clock.now < 2
