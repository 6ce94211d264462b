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
        self._erased = 0
        self._whole = threading.Event()
        self._read = threading.Condition()
        self._is_closed = False
        self._watch = Watch(
            "behaviour",
            self._follow,
            told="what people do is not followed: the order knows less and less of it",
            every_seconds=every_seconds,
        )
        self._watch.start()

    @property
    def is_whole(self) -> bool:
        """Whether all was read that the log held when this began."""
        return self._whole.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it is whole; whether it came to that."""
        return self._whole.wait(seconds)

    def wait_for(self, position: int, seconds: float) -> bool:
        """Wait until the log is read up to there; whether it came to that."""
        self.wake()
        with self._read:
            return self._read.wait_for(lambda: self.current.position >= position, seconds)

    def wake(self) -> None:
        """Something was done: read it now."""
        self._watch.wake()

    def _follow(self) -> None:
        log = self._events()
        # a log that ends before what was read of it is another one, restored from a backup
        if log is not None and log.head() < self.current.position:
            self.current, self._erased = Behaviour(), 0
        while log is not None and not self._is_closed:
            piece = log.behaviour(self._collection).rows(self.current.position, ROWS)
            if piece.through == self.current.position:
                break  # a short piece says nothing: others' rows may lie between
            # asked after the piece was read: no erasure that it has passed is overlooked
            if (erased := log.erasures.last()) > self._erased:
                self._erased = erased
                self.current.forget_people()
                continue  # the piece may be of before
            self.current.take(piece)
            time.sleep(PAUSE_SECONDS)
        self._whole.set()
        with self._read:
            self._read.notify_all()

    def close(self) -> None:
        """Read no more."""
        self._is_closed = True
        self._watch.close()
