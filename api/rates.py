"""How often each key may ask: a bucket of tokens for each, in this process."""

import time
from collections.abc import Callable


class Rates:
    """Buckets that hold what may be asked in one second, at least one request, and fill again at
    the key's rate. Not thread-safe: the event loop alone asks.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str | None, tuple[float, float]] = {}

    def take(self, key: str | None, per_second: float) -> float:
        """Take one token of that key; else the seconds until there is one."""
        now = self._clock()
        most = max(1.0, per_second)
        tokens, seen = self._buckets.get(key, (most, now))
        tokens = min(most, tokens + (now - seen) * per_second)
        if tokens < 1.0:
            self._buckets[key] = (tokens, now)
            return (1.0 - tokens) / per_second
        self._buckets[key] = (tokens - 1.0, now)
        return 0.0
