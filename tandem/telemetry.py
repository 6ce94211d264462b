"""Logs and stage timings."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog

Result = TypeVar("Result")


def configure_logging(*, verbose: bool = False) -> None:
    """Write events to standard error, one line each; warnings and worse unless ``verbose``."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(20 if verbose else 30),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def logger(room: str) -> Any:
    """The logger of one room."""
    return structlog.get_logger(room=room)


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
