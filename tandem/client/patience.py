"""Asking again: only what may be asked again, and no longer than a reply is waited for."""

import random
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import TypeVar

from tandem.client.errors import ServerUnavailable
from tandem.errors import TandemError

Reply = TypeVar("Reply")

FIRST_SECONDS = 0.5
MOST_SECONDS = 8.0
"""How long the first pause is at most, and how long any is: each is up to twice the one before."""


class Again(Exception):
    """A try that failed with ``error`` and may be made again, not before ``after_seconds``.
    ``is_undone``: surely nothing came of it; else only what may be done twice is tried again.
    """

    def __init__(
        self, error: TandemError, *, is_undone: bool = False, after_seconds: float = 0.0
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.is_undone = is_undone
        self.after_seconds = after_seconds

    def judged(self, *, is_repeatable: bool) -> Exception:
        """Itself, or the error where that is all there is to say."""
        if self.is_undone or is_repeatable:
            return self
        if not isinstance(self.error, ServerUnavailable):
            return self.error
        return ServerUnavailable(
            f"{self.error}; whether it did what it was asked is not known",
            hint="read the document, and compare its sequence",
        )


def patiently(ask: Callable[[float], Reply], retries: int, seconds: float) -> Reply:
    """What ``ask`` gives, tried again up to ``retries`` times while it raises ``Again``. It is told
    how many seconds are left; tries and pauses together take no more than ``seconds``.

    Raises:
        TandemError: the last try's, or whatever else ``ask`` raises.
    """
    until = monotonic() + seconds
    left = seconds
    for longest in _pauses(retries):
        try:
            return ask(left)
        except Again as again:
            pause = max(_drawn(longest), again.after_seconds)
            if pause >= until - monotonic():
                raise again.error from again.__cause__
        sleep(pause)
        left = until - monotonic()
    try:
        return ask(left)
    except Again as again:
        raise again.error from again.__cause__


def _pauses(retries: int) -> Iterator[float]:
    """The longest that each pause may be."""
    for done in range(retries):
        yield min(FIRST_SECONDS * 2**done, MOST_SECONDS)


def _drawn(longest: float) -> float:
    """By lot, so that clients which failed together do not come back together."""
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret
