"""An index follows the document log: batch by batch, idempotent, checkpointed, resumable.

A batch is read after the checkpoint, applied, and only then does the checkpoint move. A process
killed anywhere in between leaves the checkpoint behind the index, so the batch is applied once
more: that changes nothing. While one batch is applied the next ones are prepared, which hides the
engine behind the embedder.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from indexer.writers import IndexWriter
from tandem.catalog.checkpoints import Checkpoint, Checkpoints
from tandem.catalog.document_log import Batch, DocumentLog
from tandem.errors import TandemError
from tandem.protocols import Refusal
from tandem.telemetry import logger

Progress = Callable[[str, int], None]
"""Called with the leg's name and how many changes were just applied."""

IDLE_SECONDS = 0.5

PREPARED_AHEAD = 2
"""Batches in preparation at once: while one is embedded, the next is divided and looked up."""


def no_progress(_leg: str, _applied: int) -> None:
    """Report nothing."""


def never() -> bool:
    """Go on to the end."""
    return False


class Follower:
    """Moves one index along the log of one collection. Not thread-safe: one follower an index."""

    def __init__(
        self,
        log: DocumentLog,
        checkpoints: Checkpoints,
        writer: IndexWriter,
        collection: str,
        checkpoint: Checkpoint,
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._collection = collection
        self.writer = writer
        self.checkpoint = checkpoint

    def catch_up(
        self, progress: Progress = no_progress, stopped: Callable[[], bool] = never
    ) -> int:
        """Apply everything that the log holds by now; how many changes that was.

        Between batches ``stopped`` is asked whether to leave the rest to the next call.

        Raises:
            TandemError: the engine or the embedder failed; what was applied before stays, and the
                next call goes on from there.
        """
        applied = 0
        pending: Future[int] | None = None
        name = self.writer.name
        with (
            ThreadPoolExecutor(PREPARED_AHEAD, thread_name_prefix=f"prepare-{name}") as preparing,
            ThreadPoolExecutor(1, thread_name_prefix=f"apply-{name}") as applying,
        ):
            for batch, prepared in self._prepared(preparing, stopped):
                if pending is not None:
                    applied += pending.result()
                pending = applying.submit(self._apply, batch, prepared, progress)
            return applied + (0 if pending is None else pending.result())

    def _prepared(
        self, preparing: ThreadPoolExecutor, stopped: Callable[[], bool]
    ) -> Iterator[tuple[Batch, Any]]:
        """The batches after the checkpoint, in order; the ones that follow are in preparation."""
        position = self.checkpoint.applied
        ahead: deque[tuple[Batch, Future[Any]]] = deque()
        while True:
            while len(ahead) < PREPARED_AHEAD:
                batch = self._log.changes(self._collection, position, self.writer.batch_size)
                if batch.through == position:
                    break
                position = batch.through
                ahead.append((batch, preparing.submit(self._prepare, batch)))
            if not ahead:
                return
            batch, prepared = ahead.popleft()
            result = prepared.result()
            if stopped():
                return
            yield batch, result

    def _prepare(self, batch: Batch) -> Any:
        return self.writer.prepare(batch.changes) if batch.changes else None

    def _apply(self, batch: Batch, prepared: Any, progress: Progress) -> int:
        refusals: Sequence[Refusal] = ()
        if batch.changes:
            refusals = self.writer.apply(batch.changes, prepared)
        sequences = {change.document_id: change.sequence for change in batch.changes}
        self.checkpoint = self._checkpoints.advance(
            self.checkpoint,
            batch.through,
            changed=sequences.keys(),
            refusals=[(sequences[refusal.document_id], refusal) for refusal in refusals],
        )
        progress(self.writer.name, len(batch.changes))
        return len(batch.changes)


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

    def __init__(self, follower: Follower, follow: Callable[["_Work"], None]) -> None:
        self.follower = follower
        self.leg = FollowedLeg(follower.writer.name)
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


class Following:
    """Followers at work beside whoever writes the log, one thread each."""

    def __init__(self, followers: Sequence[Follower], progress: Progress) -> None:
        self._progress = progress
        self._finish = threading.Event()
        self._stop = threading.Event()
        self._works = [_Work(follower, self._follow) for follower in followers]
        self.legs = {work.leg.name: work.leg for work in self._works}

    def _follow(self, work: _Work) -> None:
        def progress(leg: str, applied: int) -> None:
            work.leg.applied += applied
            self._progress(leg, applied)

        while not self._stop.is_set():
            finishing = self._finish.is_set()
            try:
                work.follower.catch_up(progress, self._stop.is_set)
            except BaseException as error:  # a panic inside an engine is no Exception
                work.leg.error = _reported(work.leg.name, error)
                return
            if finishing:
                return
            work.wake.wait(IDLE_SECONDS)
            work.wake.clear()

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
    followers: Sequence[Follower], progress: Progress = no_progress
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
