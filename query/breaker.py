"""Leaves out a leg that keeps failing, and tries it again now and then.

Without it every query would wait its whole budget for an engine that hangs. It is shared by all
clients, so one of them must not be able to open it: what a query brings about itself, by asking for
an answer in no time or by what it asks, does not count.
"""

import threading
import time

FAILURES_IN_A_ROW = 3
PROBE_SECONDS = 1.0
ENOUGH_SECONDS = 0.25
"""A missing answer counts if the leg had at least this long. A healthy engine answers in a few
hundredths of a second, a busy one in a tenth; who gives it less learns nothing about it. And a
query that waits for less than this needs no breaker. What is quicker may have less.
"""


class Breaker:
    """One leg's. Thread-safe. ``enough_seconds`` takes the place of ``ENOUGH_SECONDS``."""

    def __init__(self, enough_seconds: float = ENOUGH_SECONDS) -> None:
        self._enough_seconds = enough_seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the leg is left out now."""
        with self._lock:
            return self._is_open()

    def _is_open(self) -> bool:
        return self._failures >= FAILURES_IN_A_ROW

    def allows(self, seconds: float) -> bool:
        """Whether to ask the leg now for an answer within ``seconds``: always while it answers,
        else one query a second.

        A hurried query, one with less than enough, is that one only if no other came
        for a second more: however many of them there are, they do not keep a leg shut.
        """
        with self._lock:
            if not self._is_open():
                return True
            now = time.monotonic()
            wait = 0.0 if seconds >= self._enough_seconds else PROBE_SECONDS
            if now < self._next_probe + wait:
                return False
            self._next_probe = now + PROBE_SECONDS
            return True

    def answered(self) -> None:
        """A call came out well: the leg is asked by everybody again."""
        with self._lock:
            self._failures = 0

    def missed(self, seconds: float, *, is_engines_fault: bool) -> None:
        """A call that was allowed gave no answer within ``seconds``.

        ``is_engines_fault``: the engine was silent or out of reach. If it was not, or had too
        little time, nothing is known: another query may try at once where this one was the try.
        """
        with self._lock:
            now = time.monotonic()
            if not is_engines_fault or seconds < self._enough_seconds:
                self._next_probe = min(self._next_probe, now)
                return
            self._failures += 1
            if self._failures == FAILURES_IN_A_ROW:
                self._next_probe = now + PROBE_SECONDS
