"""Logs and stage timings."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

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
