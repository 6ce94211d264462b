"""Asks all legs at once, under one deadline. The only place of the query path that has threads.

Each leg has a bounded pool of its own, so that an engine that hangs uses up its own threads and not
those of the healthy one; after a few failures in a row it is left out at once, and tried again
every second. The document log has such a pool too (see ``query.documents``), the store of frozen
rankings (``query.frozen``), and whoever else may hang while somebody waits.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from query.breaker import ENOUGH_SECONDS
from query.configurations import LEXICAL, VECTOR
from query.pool import Pool
from tandem.errors import EngineUnavailable
from tandem.rankings import Degradation, Part, Reason
from tandem.telemetry import logger

Answer = TypeVar("Answer")
THREADS_PER_LEG = 8
DOCUMENTS: Final = "documents"
"""The pool of the document log, and what a reply names where the log did not answer."""

CURSOR: Final = "cursor"
"""The pool of the frozen rankings, and what a reply lacks where theirs could not be kept."""

CATALOGUE_THREADS = 4
"""For each of these two. Each may hold a connection to the catalogue while that hangs, and a
process has 15 of them: the followers, the leases and the releases need theirs.
"""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock."""

    at_seconds: float

    @classmethod
    def after_ms(cls, budget_ms: float) -> "Deadline":
        """That many milliseconds from now."""
        return cls(time.monotonic() + budget_ms / 1_000)

    def earlier(self, share: float) -> "Deadline":
        """The moment when that share of what is left is used up."""
        return Deadline(time.monotonic() + share * self.remaining_seconds())

    def remaining_seconds(self) -> float:
        """What is left; never below 0."""
        return max(0.0, self.at_seconds - time.monotonic())


@dataclass(frozen=True, slots=True)
class Answers(Generic[Answer]):
    """What came back in time, by leg, and what is missing."""

    by_leg: dict[str, Answer]
    degraded: tuple[Degradation, ...]


class LegPools:
    """Bounded thread pools by name, each with a breaker."""

    def __init__(
        self, threads: Mapping[Part, int], *, enough_seconds: float = ENOUGH_SECONDS
    ) -> None:
        """``threads`` maps a name to the size of its pool; see ``Breaker`` for the other one."""
        self._pools = {name: Pool(name, size, enough_seconds) for name, size in threads.items()}

    def ask(
        self,
        calls: Mapping[Part, Callable[[], Answer]],
        deadline: Deadline,
        *,
        is_counted: bool = True,
    ) -> Answers[Answer]:
        """Run every call in its leg's pool and take what is there at the deadline.

        A late call goes on in its own pool; its answer is thrown away. Without ``is_counted`` a
        call that fails is not held against its leg, and none is made to try a leg again: for what
        follows after the leg has answered the same query once.
        """
        return self.begin(calls, deadline, is_counted=is_counted)()

    def begin(
        self,
        calls: Mapping[Part, Callable[[], Answer]],
        deadline: Deadline,
        *,
        is_counted: bool = True,
    ) -> Callable[[], Answers[Answer]]:
        """As ``ask``, in two steps: what is returned waits for the answers."""
        seconds = deadline.remaining_seconds()
        if seconds <= 0:
            late: Answers[Answer] = Answers({}, tuple(Degradation(leg, "timeout") for leg in calls))
            return lambda: late
        futures = {
            leg: self._pools[leg].submit(call, seconds, is_counted=is_counted)
            for leg, call in calls.items()
        }

        def answers() -> Answers[Answer]:
            by_leg: dict[str, Answer] = {}
            degraded = []
            for leg, future in futures.items():
                reason: Reason | None
                reason = "skipped" if future is None else self._why_missing(leg, future, deadline)
                if future is not None and reason is None:
                    by_leg[leg] = future.result()
                else:
                    assert reason is not None
                    degraded.append(Degradation(leg, reason))
                if future is not None and (is_counted or reason is None):
                    self._pools[leg].note(reason, seconds)
            return Answers(by_leg, tuple(degraded))

        return answers

    def _why_missing(self, leg: Part, future: Future[Answer], deadline: Deadline) -> Reason | None:
        """Why a leg has no answer at the deadline, if it has none. Its error may be anything: a
        panic in an engine is no ``Exception``.
        """
        try:
            error = future.exception(deadline.remaining_seconds())
        except TimeoutError:
            self._pools[leg].give_up(future)
            return "timeout"
        if error is None:
            return None
        logger("query").warning("the %s leg failed: %s", leg, error)
        return "unavailable" if isinstance(error, EngineUnavailable) else "error"

    def close(self) -> None:
        """Let running calls end and take no more."""
        for pool in self._pools.values():
            pool.close()


def search_pools(threads: int = THREADS_PER_LEG) -> LegPools:
    """Those that searches need: of both legs, of the document log and of frozen rankings."""
    few = min(threads, CATALOGUE_THREADS)
    return LegPools({LEXICAL: threads, VECTOR: threads, DOCUMENTS: few, CURSOR: few})
