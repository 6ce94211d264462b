"""Leaves out a leg that keeps failing, and tries it again now and then.

Without it every query would wait its whole budget for an engine that hangs.
"""

import threading
import time

FAILURES_IN_A_ROW = 3
PROBE_SECONDS = 1.0


class Breaker:
    """One leg's. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0

    def allows(self) -> bool:
        """Whether to ask the leg now: always while it answers, else one query a second."""
        with self._lock:
            if self._failures < FAILURES_IN_A_ROW:
                return True
            now = time.monotonic()
            if now < self._next_probe:
                return False
            self._next_probe = now + PROBE_SECONDS
            return True

    def note(self, *, is_answered: bool) -> None:
        """How a call that was allowed came out."""
        with self._lock:
            self._failures = 0 if is_answered else self._failures + 1
            if self._failures == FAILURES_IN_A_ROW:
                self._next_probe = time.monotonic() + PROBE_SECONDS
