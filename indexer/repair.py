"""Mending what verification found, from the log, beside a live follower.

A document is written anew in the log's newest state (``indexer.redo`` says why that is safe) and
judged again. What that does not mend is taken out of the index first, and so is what the engine
remembers of it: an engine never replaces a higher sequence, OpenSearch not even that of a document
that others deleted, and may leave alone what has the sequence being written, so a version ahead of
the log or a passage too many would stay. Such a document cannot be found for that moment. If a
follower had just written a newer version, it is taken out too, or was not taken; the redoing that
follows reads the log after that, and writes it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from indexer.findings import Finding
from indexer.judging import Judge, VerifiedIndex, parts
from indexer.redo import bring_up_to_date
from indexer.writers import IndexWriter
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.document_log import DocumentLog

Check = Callable[[Sequence[str]], "Outcome"]
"""Documents judged again after they were written."""


@dataclass(slots=True)
class Outcome:
    """What is still wrong, and what the index refuses still."""

    findings: list[Finding] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Mender:
    """Mends documents of one index of a collection."""

    def __init__(
        self,
        log: DocumentLog,
        checkpoints: Checkpoints,
        collection: str,
        index: VerifiedIndex,
        judge: Judge,
        go_on: Callable[[], None],
    ) -> None:
        """``go_on`` is called before each part; it may raise, which leaves the rest as it is."""
        self._log = log
        self._checkpoints = checkpoints
        self._collection = collection
        self._index = index
        self._judge = judge
        self._go_on = go_on

    def mend(self, document_ids: Sequence[str]) -> Outcome:
        """Mend documents held in a wrong version, or refused."""
        return self._mend(document_ids, self._index.writer, self._versions)

    def renew(self, document_ids: Sequence[str], check: Check) -> Outcome:
        """Mend documents with a wrong content; nothing is taken from a cache."""
        return self._mend(document_ids, self._index.fresh_writer, check)

    def _versions(self, document_ids: Sequence[str]) -> Outcome:
        verdicts = self._judge.judge(document_ids)
        return Outcome(verdicts.findings, verdicts.refused)

    def _mend(self, document_ids: Sequence[str], writer: IndexWriter, check: Check) -> Outcome:
        outcome = Outcome()
        for part in parts(document_ids, writer.batch_size):
            self._go_on()
            self._write(part, writer)
            found = check(part)
            if found.findings:
                stubborn = [finding.document_id for finding in found.findings]
                self._index.holdings.forget(stubborn)
                self._write(stubborn, writer)
                again = check(stubborn)
                found = Outcome(again.findings, found.refused + again.refused)
            outcome.findings += found.findings
            outcome.refused += found.refused
        return outcome

    def _write(self, document_ids: Sequence[str], writer: IndexWriter) -> None:
        redone = bring_up_to_date(self._log, self._collection, writer, document_ids)
        self._checkpoints.settle(
            self._index.index_name,
            self._collection,
            redone.sequences,
            list(redone.refusals.values()),
        )
