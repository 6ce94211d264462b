"""Files of what people did, into the event log."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from api.behaviour_lines import EPOCH, read_line
from api.event_intake import keep
from api.in_time import in_time
from api.ubi import BadEvent
from indexer.rejects import RejectsFile
from indexer.sources.records import WHOLE_RECORD, Place, escaped, excerpt, shown_name
from indexer.validation import Rejection
from tandem.catalog.catalog import Catalog
from tandem.errors import SourceError
from tandem.events import ALL_BEFORE, Event, Impression
from tandem.files import LineFault, Lines
from tandem.strict_json import JsonFault, read_strictly

SOURCE = "import"
READ, KEPT = "read", "kept"
BATCH = 1_000
"""Words in one transaction of the log: whoever else writes waits for no longer than that takes."""

Progress = Callable[[str, int], None]
"""How many more were read, or kept."""


@dataclass
class Imported:
    """What an import did. ``undated`` are those of the first moment of 1970: nobody knows when they
    happened. ``unknown`` counts the events by document that the collection has not; of those in
    ``unknown_shown`` it has none, and they were shown. ``queries`` are those with events of which
    no page was shown, with the position in the log before the first.
    """

    read: int = 0
    events: int = 0
    impressions: int = 0
    accepted: int = 0
    duplicates: int = 0
    undated: int = 0
    first: datetime | None = None
    last: datetime | None = None
    queries: dict[str, int] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_shown: set[str] = field(default_factory=set)
    seconds: float = 0.0

    def note(self, word: Event | Impression) -> None:
        """Count what a good line tells."""
        if isinstance(word, Impression):
            self.impressions += 1
            self.unknown_shown.update(shown.document_id for shown in word.exposures)
        else:
            self.events += 1
            if word.document_id is not None:
                self.unknown[word.document_id] += 1
        if word.timestamp == EPOCH:
            self.undated += 1
            return
        self.first = min(self.first or word.timestamp, word.timestamp)
        self.last = max(self.last or word.timestamp, word.timestamp)


class Importer:
    """Imports into one collection. ``release`` is what imported impressions are given."""

    def __init__(self, catalog: Catalog, collection: str, release: int, progress: Progress) -> None:
        self._catalog = catalog
        self._collection = collection
        self._release = release
        self._progress = progress

    def run(self, files: Sequence[Path], rejected: RejectsFile, *, dry: bool) -> Imported:
        """Keep what the files tell, all of them in one order of time; bad lines go to the rejects.
        ``dry``: nothing is kept. What was imported before is a duplicate: after a failure it can be
        run again.

        Raises:
            SourceError: a file cannot be read, or not to its end: nothing is kept.
            CatalogError: the log did not take it.
        """
        started = time.perf_counter()
        done = Imported()
        words = self._words(files, rejected, done)
        if dry:
            for _ in words:
                pass
        else:
            ordered = in_time(words)
            while batch := list(islice(ordered, BATCH)):
                self._keep(batch, done)
                self._progress(KEPT, len(batch))
        self._drop_known(done)
        done.seconds = time.perf_counter() - started
        return done

    def _words(
        self, files: Sequence[Path], rejected: RejectsFile, done: Imported
    ) -> Iterator[Event | Impression]:
        for file in files:
            for place, line in _lines(file):
                done.read += 1
                self._progress(READ, 1)
                found = self._word(place, line)
                if isinstance(found, Rejection):
                    rejected.write(found)
                else:
                    done.note(found)
                    yield found

    def _word(self, place: Place, line: bytes | LineFault) -> Event | Impression | Rejection:
        if isinstance(line, LineFault):
            return Rejection(place, WHOLE_RECORD, line.reason, excerpt(line.start))
        try:
            return read_line(read_strictly(line), self._release)
        except JsonFault as fault:
            return Rejection(place, fault.place or WHOLE_RECORD, str(fault), excerpt(line))
        except BadEvent as error:
            reason = f"{error.reason}; {error.hint}" if error.hint else error.reason
            field = shown_name(error.field) if error.field else WHOLE_RECORD
            return Rejection(place, field, escaped(reason), excerpt(line))

    def _keep(self, batch: Sequence[Event | Impression], done: Imported) -> None:
        log = self._catalog.events
        head = log.head()
        words = [*_placed(batch, head, done.queries)]
        taken = keep(log, self._collection, SOURCE, words)
        done.accepted += taken.accepted
        done.duplicates += taken.duplicates
        for query_id in taken.unknown_query_ids:
            done.queries.setdefault(query_id, head)

    def _drop_known(self, done: Imported) -> None:
        asked = [*(done.unknown.keys() | done.unknown_shown)]
        for document_id in self._catalog.documents.versions_of(self._collection, asked):
            done.unknown.pop(document_id, None)
            done.unknown_shown.discard(document_id)


def _placed(
    batch: Sequence[Event | Impression], head: int, queries: dict[str, int]
) -> Iterator[Event | Impression]:
    """The words that come after ``head``. Clocks differ: where an event of a query is dated before
    the query, what was known for the query ends before that event. Those of ``queries`` are found.
    """
    told: set[str | None] = set()
    for word in batch:
        if isinstance(word, Event):
            told.add(word.query_id)
            yield word
            continue
        before = queries.pop(word.query_id, head if word.query_id in told else ALL_BEFORE)
        yield replace(word, as_of=before)


def _lines(file: Path) -> Iterator[tuple[Place, bytes | LineFault]]:
    """Each line that is not blank, with its place; one that cannot be given as why.

    Raises:
        SourceError: it ends before its end: what is lacking would come too late, in another order.
    """
    with Lines(file) as lines:
        while True:
            line: Any = None
            try:
                line = next(lines, None)
            except LineFault as fault:
                if fault.final:
                    raise _damaged(file, lines.number, fault) from None
                line = fault
            if line is None:
                return
            if isinstance(line, LineFault) or line.strip():
                yield Place(str(file), lines.number), line


def _damaged(file: Path, line: int, fault: LineFault) -> SourceError:
    return SourceError(
        f"{file}, line {line}: {fault.reason}; nothing was imported",
        hint="copy the file again; zcat FILE > PART takes what can be read of a packed one",
    )
