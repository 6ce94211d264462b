"""How much of a query's time is left."""

import time


def time_left(until: float) -> float:
    """Seconds from now to a moment of ``time.monotonic``; 0 where it has passed."""
    return max(0.0, until - time.monotonic())
