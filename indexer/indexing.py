"""The main job: records in, both indexes current, and a report of everything that happened."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.followers import Progress, no_progress
from indexer.following import AnyFollower, FollowedLeg, Following, following
from indexer.missing import missing
from indexer.rejects import RejectsFile
from indexer.sources.records import Broken, Record
from indexer.validation import DuplicateGuard, Rejection, Validator, validated
from tandem.catalog.document_log import DocumentLog
from tandem.documents import Document
from tandem.errors import CatalogError, SourceError, TandemError
from tandem.telemetry import Stopwatch, logger

DOCUMENTS_PER_APPEND = 500
READ = "read"
CHANGED = "changed"


@dataclass(slots=True)
class IndexReport:
    """What one run did. ``legs`` holds what each index applied, or why it could not;
    ``unindexed`` counts the accepted documents by attribute that no index knows.
    """

    read: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    deleted: int = 0
    seconds: float = 0.0
    legs: dict[str, FollowedLeg] = field(default_factory=dict)
    unindexed: Counter[str] = field(default_factory=Counter)

    @property
    def nothing_accepted(self) -> bool:
        """Whether there were records, and every one of them was rejected."""
        return self.read > 0 and self.accepted == 0

    @property
    def failed_legs(self) -> list[FollowedLeg]:
        """The legs that are behind because their engine or the embedder failed."""
        return [leg for leg in self.legs.values() if leg.error is not None]


@dataclass(frozen=True, slots=True)
class NamedSource:
    """Records, and the name under which the log remembers who wrote them."""

    name: str
    records: Iterable[Record | Broken]


class Intake:
    """Reads, validates and counts. Rejected records go to the rejects file and stop nothing."""

    def __init__(self, validator: Validator, rejects: RejectsFile) -> None:
        self._validator = validator
        self.rejects = rejects
        self.unindexed: Counter[str] = Counter()
        self.guard = DuplicateGuard()
        self.read = 0
        self.rejected = 0

    def batches(self, records: Iterable[Record | Broken]) -> Iterator[list[Document]]:
        """The accepted documents, in batches."""
        batch: list[Document] = []
        for outcome in validated(records, self._validator, self.guard):
            self.read += 1
            if isinstance(outcome, Document):
                batch.append(outcome)
                self.unindexed.update(self._validator.unindexed(outcome))
            else:
                self.rejected += 1
                self.rejects.write(outcome)
            if len(batch) == DOCUMENTS_PER_APPEND:
                yield batch
                batch = []
        if batch:
            yield batch


class Indexer:
    """Indexes sources into one collection."""

    def __init__(
        self,
        log: DocumentLog,
        collection: str,
        followers: Sequence[AnyFollower],
        passed: Callable[[], int],
    ) -> None:
        """``passed`` gives the sequence that every retained index has applied."""
        self._log = log
        self._collection = collection
        self._followers = followers
        self._passed = passed

    def index(
        self,
        sources: Iterable[NamedSource],
        intake: Intake,
        *,
        delete_missing: bool = False,
        force: bool = False,
        progress: Progress = no_progress,
    ) -> IndexReport:
        """Bring the log and both indexes to what the sources say.

        Accepted documents are durable in the log batch by batch, whatever happens to the indexes
        later. With ``delete_missing``, what a source wrote before and does not hold any more is
        deleted once every source has been read, so that what has moved from one to another stays;
        how much may be missing without ``force``, ``indexer.missing`` says.
        Once both indexes are current, the log forgets the deletes that they have applied; if it
        cannot, that is a warning.

        Raises:
            SourceError: a source cannot be read, or ``delete_missing`` cannot be decided; then
                nothing is deleted.
        """
        stopwatch = Stopwatch()
        report = IndexReport()
        with following(self._followers, progress) as work:
            names = []
            for source in sources:
                before = intake.read
                self._append(source, intake, report, work, progress)
                if delete_missing and intake.read == before:
                    raise _empty(source.name)
                names.append(source.name)
            if delete_missing:
                report.deleted = self._delete_missing(dict.fromkeys(names), intake, force=force)
                progress(CHANGED, report.deleted)
        report.legs = work.legs
        report.unindexed = intake.unindexed
        if not report.failed_legs:
            self._forget_deletes()
        report.seconds = stopwatch.elapsed_seconds()
        return report

    def _forget_deletes(self) -> None:
        """What fails here is done after the next run."""
        try:
            self._log.purge_tombstones(self._collection, self._passed())
        except CatalogError as error:
            logger("indexer").warning("applied deletes are not forgotten: %s", error)

    def _append(
        self,
        source: NamedSource,
        intake: Intake,
        report: IndexReport,
        work: Following,
        progress: Progress,
    ) -> None:
        for batch in intake.batches(source.records):
            appended = self._log.append(self._collection, source.name, batch)
            report.read, report.rejected = intake.read, intake.rejected
            report.accepted += len(batch)
            report.unchanged += appended.unchanged
            progress(READ, len(batch))
            if appended.sequences:
                progress(CHANGED, len(appended.sequences))
                work.notify()
        report.read, report.rejected = intake.read, intake.rejected

    def _delete_missing(self, names: Collection[str], intake: Intake, *, force: bool) -> int:
        """A record that was rejected is not missing: with one, what is missing is not known."""
        if intake.rejects.first is not None:
            raise _undecided(intake.rejected, intake.rejects.first, intake.rejects.path)
        gone = missing(self._log, self._collection, names, intake.guard, force=force)
        return len(self._log.delete(self._collection, gone))


def _empty(name: str) -> SourceError:
    """An empty source is likely a mistake, and taken at its word it would delete everything."""
    return SourceError(
        f"--delete-missing: {name} holds no records; nothing was deleted", hint="check the path"
    )


def _undecided(rejected: int, first: Rejection, listed: Path) -> SourceError:
    were = "record was" if rejected == 1 else "records were"
    return SourceError(
        f"--delete-missing: {rejected:,} {were} rejected (first {first.place}, {first.field}: "
        f"{first.reason}), so what is missing is not known; the accepted ones are kept, nothing "
        "was deleted",
        hint=f"mend what {listed} lists and index again",
    )


def catch_up(
    followers: Sequence[AnyFollower], progress: Progress = no_progress
) -> list[TandemError]:
    """Bring every index to the log's end, both at once; the errors of those that could not."""
    with following(followers, progress) as work:
        pass
    return [leg.error for leg in work.legs.values() if leg.error is not None]
