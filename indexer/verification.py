"""Each index compared with the document log, document by document, and a sample by content.

Both sides are read by ranges of sequences: a page of the log, and what the index holds between its
first and last sequence; the last range has no end, so that what an index holds above the log's head
is seen. The ranges join, so every row of the index falls in one of them. Memory is what one range
holds. Documents that differ in a range are suspected, and judged by id (``indexer.judging``), which
is what lets it run beside live writes; with repair, they are mended before the next range is read.

What was accepted after it began is not looked for, so it ends however fast the log grows.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.findings import Finding, IndexVerification, Tally
from indexer.followers import Progress, no_progress
from indexer.judging import PATIENCE_SECONDS, Judge, VerifiedIndex, parts
from indexer.repair import Mender, Outcome
from indexer.sampling import ContentJudge, Reservoir
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.document_log import DocumentLog, LogVersion
from tandem.errors import EngineError, TandemError
from tandem.telemetry import Stopwatch, logger

SAMPLE = 200
ROWS_PER_RANGE = 10_000
IDS_PER_JUDGEMENT = 500
DOCUMENTS_PER_COMPARISON = 25
"""By content: a document may have many passages to embed, and the log must stand still for all."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """``sample`` documents are compared by content, chosen by ``seed`` (at random if ``None``)."""

    repair: bool = False
    sample: int = SAMPLE
    seed: int | None = None
    rows_per_range: int = ROWS_PER_RANGE
    patience_seconds: float = PATIENCE_SECONDS


DEFAULT_OPTIONS = VerifyOptions()


class Verifier:
    """Compares the indexes of one collection with its log; ``progress`` is told index name and
    rows of the log: none before each part of the work, so that it can end it there by raising.
    """

    def __init__(
        self,
        log: DocumentLog,
        checkpoints: Checkpoints,
        collection: str,
        options: VerifyOptions = DEFAULT_OPTIONS,
        progress: Progress = no_progress,
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._collection = collection
        self._options = options
        self._progress = progress
        self.seed = secrets.randbelow(2**32) if options.seed is None else options.seed

    @property
    def rows(self) -> int:
        """How many rows of the log an index is compared with, for a progress bar."""
        return self._log.behind(self._collection, 0)

    def verify(self, index: VerifiedIndex) -> IndexVerification:
        """Compare one index, and mend it if the options say so.

        Whatever fails ends it early, and is the result's ``error``; what was found before stays.
        """
        stopwatch = Stopwatch()
        result = IndexVerification(
            index.leg, index.generation, index.index_name, self._log.head(), self.seed
        )
        result.left = Tally() if self._options.repair else None
        try:
            self._pass(index, result).run()
        except TandemError as error:
            result.error = error
        except Exception as error:
            logger("indexer").info("verifying %s failed", index.index_name, exc_info=error)
            result.error = EngineError(
                f"{index.index_name} could not be read: {type(error).__name__}: {error}",
                hint="see whether the engine is well, and verify again",
            )
        result.seconds = stopwatch.elapsed_seconds()
        return result

    def _pass(self, index: VerifiedIndex, result: IndexVerification) -> "_Pass":
        log, checkpoints, collection = self._log, self._checkpoints, self._collection

        def go_on() -> None:
            self._progress(index.index_name, 0)

        judge = Judge(log, checkpoints, collection, index, self._options.patience_seconds)
        return _Pass(
            log,
            collection,
            index,
            result,
            judge,
            ContentJudge(log, collection, index.holdings, judge),
            Mender(log, checkpoints, collection, index, judge, go_on)
            if self._options.repair
            else None,
            Reservoir(self._options.sample, self.seed),
            self._options.rows_per_range,
            self._progress,
            go_on,
        )


@dataclass(frozen=True, slots=True)
class _Pass:
    """One index, once through."""

    log: DocumentLog
    collection: str
    index: VerifiedIndex
    result: IndexVerification
    judge: Judge
    contents: ContentJudge
    mender: Mender | None
    reservoir: Reservoir
    rows_per_range: int
    progress: Progress
    go_on: Callable[[], None]

    def run(self) -> None:
        """All ranges, then the sample."""
        first, head = 0, self.result.head
        while True:
            rows = self.log.versions(self.collection, first - 1, self.rows_per_range)
            page = [row for row in rows if row.sequence <= head]
            last = page[-1].sequence if len(page) == self.rows_per_range else None
            self._range(first, last, page)
            self.progress(self.index.index_name, len(page))
            if last is None:
                break
            first = last + 1
        for part in parts(self.reservoir.items, DOCUMENTS_PER_COMPARISON):
            self.go_on()
            self._sample(part)

    def _range(self, first: int, last: int | None, page: Sequence[LogVersion]) -> None:
        mark = self.judge.mark.awaited(page[-1].sequence if page else 0)
        suspected = self._suspected(first, last, page, mark)
        for part in parts(suspected, IDS_PER_JUDGEMENT):
            self.go_on()
            verdicts = self.judge.judge(part)
            self.result.unsettled += len(verdicts.unsettled)
            here = [finding for finding in verdicts.findings if _within(finding, first, last)]
            self.result.found.add(here)
            self._account(here, verdicts.refused)
        self.result.behind += sum(row.sequence > mark for row in page)

    def _suspected(
        self, first: int, last: int | None, page: Sequence[LogVersion], mark: int
    ) -> list[str]:
        """The documents that differ between the log's page and the index's range."""
        expected = {row.document_id: row.sequence for row in page if not row.is_deleted}
        self.result.documents += len(expected)
        for document_id in expected:
            self.reservoir.offer(document_id)
        suspected: dict[str, None] = {}
        self.index.holdings.refresh()
        for row in self.index.holdings.versions(first, last):
            self.result.held += 1
            sequence = expected.pop(row.document_id, None)  # a second row is unexpected
            if row.sequence != sequence or row.parts_held != row.parts_expected:
                suspected[row.document_id] = None
        missing = (name for name, sequence in expected.items() if sequence <= mark)
        return list(suspected | dict.fromkeys(missing))

    def _account(self, findings: Sequence[Finding], refused: Sequence[str]) -> None:
        if self.mender is None:
            self.result.refused += len(refused)
            return
        outcome = self.mender.mend([finding.document_id for finding in findings] + list(refused))
        self._keep(outcome)
        self.result.refused += len(outcome.refused)
        untaken = {*outcome.refused, *(finding.document_id for finding in outcome.findings)}
        self.result.accepted += len(set(refused) - untaken)

    def _sample(self, document_ids: Sequence[str]) -> None:
        verdicts = self.contents.judge(document_ids)
        self.result.sampled += verdicts.compared
        self.result.found.add(verdicts.findings)
        if self.mender is not None and verdicts.findings:
            altered = [finding.document_id for finding in verdicts.findings]
            self._keep(self.mender.renew(altered, self._content_again))

    def _content_again(self, document_ids: Sequence[str]) -> Outcome:
        """Versions first: a document that is not held has no content to differ."""
        versions = self.judge.judge(document_ids)
        altered = self.contents.judge(document_ids).findings
        return Outcome(versions.findings + altered, versions.refused)

    def _keep(self, outcome: Outcome) -> None:
        if self.result.left is not None:
            self.result.left.add(outcome.findings)


def _within(finding: Finding, first: int, last: int | None) -> bool:
    return first <= finding.place and (last is None or finding.place <= last)
