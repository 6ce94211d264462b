"""Turns: how many calls may be at one thing, or wait for it, at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from tandem.errors import TandemError


class Busy(TandemError):
    """Too many calls wait already."""

    code = "overloaded"


class Turns:
    """So many turns. Whoever gets none is told ``reason``, and a ``hint``. Thread-safe."""

    def __init__(self, most: int, reason: str, hint: str) -> None:
        self._left = BoundedSemaphore(most)
        self._reason = reason
        self._hint = hint

    def begin(self) -> None:
        """Take a turn, until ``end``.

        Raises:
            Busy: there is none left.
        """
        if not self._left.acquire(blocking=False):
            raise Busy(self._reason, hint=self._hint)

    def end(self) -> None:
        """Give it back."""
        self._left.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A turn for as long as the block lasts.

        Raises:
            Busy: there is none left.
        """
        self.begin()
        try:
            yield
        finally:
            self.end()
