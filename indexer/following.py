"""Followers at work beside whoever writes the log, one thread each."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from indexer.followers import Progress, no_progress
from tandem.catalog.checkpoints import Checkpoint
from tandem.errors import EngineUnavailable, TandemError
from tandem.telemetry import logger

IDLE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
"""Between two tries of a persistent leg whose engine fails."""

STALLED_SECONDS = 30.0
"""How long an index that another process follows may stand still before nobody waits for it."""


class AnyFollower(Protocol):
    """A follower, with a lease or without."""

    @property
    def name(self) -> str:
        """What its leg is called in reports."""
        ...

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the index is, whoever applied it."""
        ...

    def catch_up(self, progress: Progress, stopped: Callable[[], bool]) -> int:
        """Apply what the log holds, where this process may; how many changes."""
        ...

    def head(self) -> int:
        """The end of the log now."""
        ...

    def has_passed(self, sequence: int) -> bool:
        """Whether the index holds everything up to ``sequence``, whoever applied it."""
        ...

    def owner(self) -> str | None:
        """The other process that follows the index, in words, if one does."""
        ...


@dataclass(slots=True)
class FollowedLeg:
    """How one leg came out of following."""

    name: str
    applied: int = 0
    error: TandemError | None = None


class _Work:
    """One follower, its thread, and how far that is.

    ``begun`` and ``finished`` are the thread's own words. What ``Thread`` says of itself is not to
    be trusted: in CPython 3.11 an interrupted ``join`` marks a thread that runs on as stopped.
    """

    def __init__(self, follower: AnyFollower, follow: Callable[["_Work"], None]) -> None:
        self.follower = follower
        self.leg = FollowedLeg(follower.name)
        self.wake = threading.Event()
        self.begun = threading.Event()
        self.finished = threading.Event()
        self._follow = follow
        self.thread = threading.Thread(target=self._run, name=f"follow-{self.leg.name}")

    def _run(self) -> None:
        self.begun.set()
        try:
            self._follow(self)
        finally:
            self.finished.set()

    def wait(self) -> None:
        """Until the thread is done with the index. An interrupt leaves this to the next call."""
        self.wake.set()
        self.finished.wait()
        self.thread.join()


class _Standing:
    """Watches whether an index that another process follows gets on."""

    def __init__(self, follower: AnyFollower) -> None:
        self._follower = follower
        self._mark = -1
        self._since = time.monotonic()

    def check(self, target: int) -> None:
        """Look once more.

        Raises:
            EngineUnavailable: it has stood still before ``target`` for too long.
        """
        mark, now = self._follower.checkpoint.applied, time.monotonic()
        if mark != self._mark:
            self._mark, self._since = mark, now
        elif now - self._since >= STALLED_SECONDS:
            owner = self._follower.owner() or "no process that can be seen"
            raise EngineUnavailable(
                f"the {self._follower.name} index stands at {mark:,} of {target:,} for "
                f"{STALLED_SECONDS:g} s; it is followed by {owner}",
                hint="see what that process says (tandem status), mend or stop it, and run the "
                "command again; what was accepted is kept",
            )


class Following:
    """Followers at work beside whoever writes the log, one thread each.

    ``persistent``: a leg whose engine or catalogue fails tries again, until it is told to stop;
    else its first failure ends it.
    """

    def __init__(
        self,
        followers: Sequence[AnyFollower],
        progress: Progress = no_progress,
        *,
        persistent: bool = False,
    ) -> None:
        self._progress = progress
        self._persistent = persistent
        self._target = 0
        self._finish = threading.Event()
        self._stop = threading.Event()
        self._works = [_Work(follower, self._follow) for follower in followers]
        self.legs = {work.leg.name: work.leg for work in self._works}

    def _follow(self, work: _Work) -> None:
        pause = IDLE_SECONDS
        standing = _Standing(work.follower)

        def progress(leg: str, applied: int) -> None:
            nonlocal pause
            work.leg.applied += applied
            work.leg.error, pause = None, IDLE_SECONDS  # it gets on, whatever failed before
            self._progress(leg, applied)

        def stopped() -> bool:
            return self._stop.is_set() or self._is_finished(work)

        while not self._stop.is_set():
            try:
                applied = work.follower.catch_up(progress, stopped)
                if self._is_finished(work):
                    return
                if self._finish.is_set() and not applied:
                    standing.check(self._target)
                work.leg.error, pause = None, IDLE_SECONDS
            except BaseException as error:  # a panic inside an engine is no Exception
                work.leg.error = _reported(work.leg.name, error)
                if not self._persistent:
                    return
                logger("indexer").warning("the %s leg is behind: %s", work.leg.name, error)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            work.wake.wait(pause)
            work.wake.clear()

    def _is_finished(self, work: _Work) -> bool:
        """Whether what was in the log at ``finish`` is applied; what came later is not waited for,
        or writes faster than a leg would hold it here for ever.
        """
        return self._finish.is_set() and work.follower.has_passed(self._target)

    def notify(self) -> None:
        """The log has grown."""
        for work in self._works:
            work.wake.set()

    def start(self) -> None:
        """Begin to follow."""
        for work in self._works:
            work.thread.start()

    def finish(self) -> None:
        """Wait until every leg has applied all that is in the log now, or failed."""
        self._target = max((work.follower.head() for work in self._works), default=0)
        self._finish.set()
        self.notify()
        for work in self._works:
            work.wait()

    def stop(self) -> None:
        """Wait until every leg has applied the batch in hand; the rest is left to the next run.

        No interrupt cuts this short: whoever comes next closes the indexes.
        """
        while True:
            try:
                self._stop.set()
                self.notify()
                for work in self._works:
                    if work.begun.is_set():  # one that begins only now sees that it is stopped
                        work.wait()
            except KeyboardInterrupt:
                continue
            return


def _reported(leg: str, error: BaseException) -> TandemError:
    if isinstance(error, TandemError):
        return error
    logger("indexer").info("the %s leg failed unexpectedly", leg, exc_info=error)
    reported = TandemError(f"{type(error).__name__}: {error}")
    reported.__cause__ = error
    return reported


@contextmanager
def following(
    followers: Sequence[AnyFollower], progress: Progress = no_progress
) -> Iterator[Following]:
    """Follow while the block writes, and wait for both legs at its end.

    A leg's failure does not stop the other one: it is found in ``legs``. When the block fails, what
    it had written is applied; an interrupt, even of the waiting, leaves that to the next run.
    """
    work = Following(followers, progress)
    try:
        work.start()
        try:
            yield work
        except Exception:
            work.finish()
            raise
        work.finish()
    except BaseException:
        work.stop()
        raise
