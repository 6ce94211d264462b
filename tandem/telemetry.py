"""Logs, stage timings, and what is counted for whoever watches."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol, TypeVar

from tandem.features import FeatureMatrix

Result = TypeVar("Result")
ROOT = "tandem"


def configure_logging(*, verbose: bool = False) -> None:
    """Write Tandem's logs to standard error, one line each; warnings and worse unless ``verbose``.

    A program that embeds Tandem configures the logger ``tandem`` itself and need not call this.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger(ROOT)
    root.handlers = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    root.propagate = False


def is_verbose() -> bool:
    """Whether what happens is told as well, and not only what is wrong."""
    return logging.getLogger(ROOT).isEnabledFor(logging.INFO)


def configure_access_log() -> logging.Logger:
    """The logger ``tandem.access``, whose lines go to standard output as they are: what the program
    has to say is on standard error, so a program can read the one without the other.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    access = logger("access")
    access.handlers = [handler]
    access.setLevel(logging.INFO)
    access.propagate = False
    return access


def logger(room: str) -> logging.Logger:
    """The logger of one room."""
    return logging.getLogger(f"{ROOT}.{room}")


class Stopwatch:
    """Durations of the stages of one piece of work, in milliseconds by name."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._started = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block; a name used twice adds up."""
        started = time.perf_counter()
        try:
            yield
        finally:
            elapsed = (time.perf_counter() - started) * 1_000
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + elapsed

    def timed(self, name: str, call: Callable[[], Result]) -> Callable[[], Result]:
        """The same call, timed as a stage when it runs, in whatever thread."""

        def run() -> Result:
            with self.stage(name):
                return call()

        return run

    def elapsed_seconds(self) -> float:
        """Since construction."""
        return time.perf_counter() - self._started

    def total(self) -> dict[str, float]:
        """The stages, and ``total`` since construction."""
        return self.milliseconds | {"total": self.elapsed_seconds() * 1_000}


Cache = Literal["facts", "query_vectors", "frozen_rankings"]
"""What is kept so that it need not be had again: what signals know of documents, the vectors of
queries that were just asked, the orders of searches for their later pages.
"""


class Meter(Protocol):
    """Is told what happens while people search, for whoever watches. It neither waits nor fails."""

    def cache(self, name: Cache, found: int, missing: int) -> None:
        """So many of what a cache was asked for it had, and so many not."""
        ...

    def features(self, seen: FeatureMatrix) -> None:
        """A model is asked for an order, and this is what it sees."""
        ...

    def impressions(self, waiting: int, lost: int) -> None:
        """So many wait for the event log now, and so many more than before are lost."""
        ...


class Unmetered:
    """A ``Meter`` that nobody reads."""

    def cache(self, name: Cache, found: int, missing: int) -> None:
        """See ``Meter``."""

    def features(self, seen: FeatureMatrix) -> None:
        """See ``Meter``."""

    def impressions(self, waiting: int, lost: int) -> None:
        """See ``Meter``."""


UNMETERED = Unmetered()
