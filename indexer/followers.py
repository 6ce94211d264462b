"""An index follows the document log: batch by batch, idempotent, checkpointed, resumable.

A batch is read after the checkpoint, applied, and only then does the checkpoint move. A process
killed anywhere in between leaves the checkpoint behind the index, so the batch is applied once
more: that changes nothing. While one batch is applied the next ones are prepared, which hides the
engine behind the embedder.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from indexer.writers import IndexWriter
from tandem.catalog.checkpoints import Checkpoint, Checkpoints
from tandem.catalog.document_log import Batch, DocumentLog
from tandem.errors import CheckpointConflict
from tandem.protocols import Refusal

Progress = Callable[[str, int], None]
"""Called with the leg's name and how many changes were just applied."""

PREPARED_AHEAD = 2
"""Batches in preparation at once: while one is embedded, the next is divided and looked up."""


def no_progress(_leg: str, _applied: int) -> None:
    """Report nothing."""


def never() -> bool:
    """Go on to the end."""
    return False


def always() -> bool:
    """Nobody else follows."""
    return True


class Follower:
    """Moves one index along the log of one collection. Not thread-safe: one follower an index.

    ``holds`` says whether this process may still write; it is asked before every batch.
    ``doubtful`` gets the ids of the documents of a batch before it is written, and is emptied when
    the batch is under the checkpoint: what is left in it was written, perhaps in part, by one who
    may have lost the index meanwhile.
    """

    def __init__(
        self,
        log: DocumentLog,
        checkpoints: Checkpoints,
        writer: IndexWriter,
        collection: str,
        checkpoint: Checkpoint,
        *,
        holds: Callable[[], bool] = always,
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._collection = collection
        self._holds = holds
        self.doubtful: set[str] = set()
        self.writer = writer
        self.name = writer.name
        self.checkpoint = checkpoint

    def head(self) -> int:
        """The end of the log now."""
        return self._log.head()

    def has_passed(self, sequence: int) -> bool:
        """Whether the index holds everything up to ``sequence``."""
        return self.checkpoint.applied >= sequence

    def owner(self) -> str | None:
        """Nobody else: this one moves the index, or fails."""
        return None

    def catch_up(
        self, progress: Progress = no_progress, stopped: Callable[[], bool] = never
    ) -> int:
        """Apply everything that the log holds by now; how many changes that was. They are
        searchable on return.

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
            if pending is None:
                return 0
            applied += pending.result()
        self.writer.refresh()
        return applied

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
        if not self._holds():
            raise CheckpointConflict(
                f"{self.checkpoint.index_name}: the lease is lost",
                hint="another process follows now, or this one takes the lease again",
            )
        sequences = {change.document_id: change.sequence for change in batch.changes}
        if batch.changes:
            self.doubtful.update(sequences)
            refusals = self.writer.apply(batch.changes, prepared)
        self._advance(batch.through, sequences, refusals)
        self.doubtful.clear()
        progress(self.writer.name, len(batch.changes))
        return len(batch.changes)

    def _advance(
        self, through: int, sequences: Mapping[str, int], refusals: Sequence[Refusal]
    ) -> None:
        """Move the checkpoint. Where it was moved under the same epoch, this process did that: the
        answer was lost on its way, and the checkpoint goes on from there.
        """
        refused = [(sequences[refusal.document_id], refusal) for refusal in refusals]
        held, changed = self.checkpoint, sequences.keys()
        try:
            moved = self._checkpoints.advance(held, through, changed=changed, refusals=refused)
        except CheckpointConflict:
            known = self._checkpoints.read(held.index_name)
            if known is None or (known.identity, known.epoch) != (held.identity, held.epoch):
                raise
            moved = self._checkpoints.advance(
                known, max(through, known.applied), changed=changed, refusals=refused
            )
        self.checkpoint = moved
