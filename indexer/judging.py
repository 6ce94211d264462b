"""Whether a suspected document is really wrong, while others write.

A range of the log and the same range of an index are read one after the other, so a document that
changes in between looks wrong in one of them: missing, stale, doubled or orphaned. That is a
suspicion, no finding. A suspicion is judged by id, in this order:

1. the document's newest version is read from the log: sequence *s*;
2. the index's checkpoint is awaited until it has passed *s*;
3. everything that the index holds of the document is read, and whether it was refused;
4. its version is read from the log again.

If 4 gives what 1 gave, no newer version existed while 3 was read, and *s* had been applied before:
the index must hold exactly *s*, and what it holds else is damage. If not, the document changed
meanwhile, nothing follows from it, and it is judged anew. A checkpoint that stands still longer
than the patience, short of *s*, makes the document ``behind``: not applied yet, so not drift.

The argument needs what followers keep: changes are applied in order, each is durable before the
checkpoint passes it and seen after a refresh, and a refusal is noted in the transaction that moves
the checkpoint.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.findings import Finding, compared
from indexer.holdings import Held, Holdings
from indexer.writers import IndexWriter
from tandem.catalog.checkpoints import Checkpoints, Failure
from tandem.catalog.document_log import DocumentLog, LogVersion

TURNS = 5
"""How often a document that changes while it is judged is judged anew."""

PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class VerifiedIndex:
    """One index of one generation, as verification needs it.

    ``applied`` gives the sequence up to which everything is durable in the index. ``writer`` mends
    what is found, ``fresh_writer`` what has the wrong content: it reads from no cache.
    """

    leg: str
    generation: int
    index_name: str
    holdings: Holdings
    writer: IndexWriter
    fresh_writer: IndexWriter
    applied: Callable[[], int]


@dataclass(slots=True)
class Verdicts:
    """What became of suspected documents; those in no list are as they should be, or not applied
    yet.
    """

    findings: list[Finding] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)


class AppliedMark:
    """How far an index has followed the log; waits for it, but never long for one that stands."""

    def __init__(self, applied: Callable[[], int], patience_seconds: float) -> None:
        self._applied = applied
        self._patience_seconds = patience_seconds
        self._stands_at = -1

    def awaited(self, sequence: int) -> int:
        """The mark, at ``sequence`` or above unless it stood still for as long as the patience."""
        mark = self._applied()
        since = time.monotonic()
        while mark < sequence and mark != self._stands_at:
            if time.monotonic() - since >= self._patience_seconds:
                self._stands_at = mark  # the next call need not wait in vain again
                break
            time.sleep(LOOK_SECONDS)
            now = self._applied()
            if now != mark:
                mark, since = now, time.monotonic()
        return mark


@dataclass(frozen=True, slots=True)
class Standstill:
    """Documents that the log did not change while the index was read. ``mark`` is how far the
    index had followed before; ``versions`` and ``held`` are what log and index had by id.
    """

    document_ids: Sequence[str]
    mark: int
    versions: Mapping[str, LogVersion]
    held: Mapping[str, Sequence[Held]]
    failures: Mapping[str, Failure]


class Judge:
    """Judges suspected documents of one index of a collection."""

    def __init__(
        self,
        log: DocumentLog,
        checkpoints: Checkpoints,
        collection: str,
        index: VerifiedIndex,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._collection = collection
        self._index = index
        self.mark = AppliedMark(index.applied, patience_seconds)

    def judge(self, document_ids: Sequence[str]) -> Verdicts:
        """What is wrong with documents, each id once."""
        verdicts = Verdicts()
        waiting = document_ids
        for _ in range(TURNS):
            if not waiting:
                break
            still = self.standstill(waiting)
            self._judge(still, verdicts)
            settled = set(still.document_ids)
            waiting = [name for name in waiting if name not in settled]
        verdicts.unsettled += waiting
        return verdicts

    def standstill(
        self, document_ids: Sequence[str], meanwhile: Callable[[], None] | None = None
    ) -> Standstill:
        """Log and index read as the module says; ``meanwhile`` reads more of the index."""
        before = self._log.versions_of(self._collection, document_ids)
        sequences = (version.sequence for version in before.values())
        mark = self.mark.awaited(max(sequences, default=0))
        self._index.holdings.refresh()
        held: dict[str, list[Held]] = {}
        for row in self._index.holdings.versions_of(document_ids):
            held.setdefault(row.document_id, []).append(row)
        failures = self._checkpoints.failures_of(self._index.index_name, document_ids)
        if meanwhile is not None:
            meanwhile()
        after = self._log.versions_of(self._collection, document_ids)
        stood = [name for name in document_ids if before.get(name) == after.get(name)]
        return Standstill(stood, mark, after, held, failures)

    @staticmethod
    def _judge(still: Standstill, verdicts: Verdicts) -> None:
        for document_id in still.document_ids:
            version = still.versions.get(document_id)
            finding = compared(document_id, version, still.held.get(document_id, ()))
            if finding is None or (version is not None and version.sequence > still.mark):
                continue
            if version is not None and _is_refused(still, version):
                verdicts.refused.append(document_id)
            else:
                verdicts.findings.append(finding)


def _is_refused(still: Standstill, version: LogVersion) -> bool:
    failure = still.failures.get(version.document_id)
    return (
        failure is not None
        and failure.sequence == version.sequence
        and not still.held.get(version.document_id)
    )


def parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The items in pieces of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
