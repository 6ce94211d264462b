"""Follows the event log into memory, so that searches know what everybody did.

Each process folds for itself, from the log's beginning.
"""

import threading
import time
from collections.abc import Callable

from api.watching import Watch
from rerank.behaviour import Behaviour
from tandem.catalog.event_log import EventLog

EVERY_SECONDS = 0.1
"""What another process takes counts no later; what this one does, at once."""

ROWS = 2_000
"""Read at once."""

PAUSE_SECONDS = 0.01
"""Between two reads: at the start there may be millions, and searches want the processor too."""


class BehaviourWatch:
    """A thread that keeps ``current`` up to date until ``close``. Thread-safe."""

    def __init__(
        self,
        events: Callable[[], EventLog | None],
        collection: str,
        *,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        """``events`` opens the event log; ``None`` while nothing was ever written into it."""
        self._events = events
        self._collection = collection
        self.current = Behaviour()
        self._whole = threading.Event()
        self._watch = Watch(
            "behaviour",
            self._follow,
            told="what people do is not followed: the order knows less and less of it",
            every_seconds=every_seconds,
        )

    @property
    def is_whole(self) -> bool:
        """Whether all was read that the log held when this began."""
        return self._whole.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it is whole; whether it came to that."""
        return self._whole.wait(seconds)

    def wake(self) -> None:
        """Something was done: read it now."""
        self._watch.wake()

    def _follow(self) -> None:
        log = self._events()
        # a log that ends before what was read of it is another one, restored from a backup
        if log is not None and log.head() < self.current.position:
            self.current = Behaviour()
        while log is not None and not self._watch.is_closed:
            piece = log.behaviour(self._collection).rows(self.current.position, ROWS)
            self.current.take(piece)
            if len(piece.rows) < ROWS:
                break
            time.sleep(PAUSE_SECONDS)
        self._whole.set()

    def close(self) -> None:
        """Read no more."""
        self._watch.close()
