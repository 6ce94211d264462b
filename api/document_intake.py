"""Documents on their way into the log, and out of it: one by one, or many at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from api.access import Caller, Forbidden
from api.asked_writes import AskedWrite, Reader, conflict, not_there
from api.document_shape import record_of
from api.founding import Founding
from indexer.indexing import DOCUMENTS_PER_APPEND
from indexer.sources.records import Record
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.document_writes import CHANGES, Outcome
from tandem.documents import Change
from tandem.errors import CatalogError, InputError, SequenceConflict, TandemError
from tandem.schema import Schema
from tandem.telemetry import logger

SOURCE = "http"
TRIES = 5
"""How often a write that depends on what stands is begun again, as that has changed meanwhile."""

READ_AT_ONCE = 50
"""Of how many documents the attributes are read to see whose they are: each may have many."""

PATCHES_AT_ONCE = 100
"""How many documents that are to be patched are read at once: each may be large."""

Written = Literal["created", "updated", "unchanged", "deleted"]


class Done(NamedTuple):
    """What became of it, and the sequence at which the document stands now."""

    document_id: str
    result: Written
    sequence: int


class DocumentLogUnavailable(TandemError):
    """The document log did not answer; what was not acknowledged may be sent again."""

    code = "document_log_unavailable"


class DocumentIntake:
    """Reads and writes a collection's documents in the log, which is durable on return. ``grown``
    is told when there is something to follow. Thread-safe.
    """

    def __init__(
        self, log: DocumentLog, collection: str, founding: Founding, grown: Callable[[], None]
    ) -> None:
        self._log = log
        self._collection = collection
        self._founding = founding
        self._grown = grown

    def read(self, document_id: str, caller: Caller) -> Change:
        """The document as it stands.

        Raises:
            DocumentNotFound: there is none, or none that the caller may know of.
            FilterError: the key's filter does not fit the fields.
            DocumentLogUnavailable: the log does not say.
        """
        try:
            schema = self._founding.schema()
            if schema is not None:
                reader = Reader(schema, caller)
                wanted = reader.shows if reader.is_limited else None
                found = self._standing([document_id], wanted).get(document_id)
                if found is not None and reader.shows(found):
                    return found
        except CatalogError as error:
            raise _unavailable(error) from error
        raise not_there(document_id)

    def unseen(self, document_ids: Iterable[str], caller: Caller) -> set[str]:
        """Those of which the caller may know of no document; none of whoever sees everything.

        Raises:
            FilterError: the key's filter does not fit the fields.
            DocumentLogUnavailable: the log does not say.
        """
        if caller.filter is None:
            return set()
        wanted = [*dict.fromkeys(document_ids)]
        seen: set[str] = set()
        try:
            schema = self._founding.schema()
            reader = None if schema is None else Reader(schema, caller)
            for first in range(0, len(wanted), READ_AT_ONCE):
                found = self._standing(wanted[first : first + READ_AT_ONCE], lambda _: False)
                seen.update(name for name in found if reader and reader.shows(found[name]))
        except CatalogError as error:
            raise _unavailable(error) from error
        return {*wanted} - seen

    def write(self, asked: AskedWrite, caller: Caller) -> Done:
        """Do one thing.

        Raises:
            BadDocument: the document is none of the collection.
            DocumentNotFound: there is nothing to patch or to delete.
            SequenceConflict: it stands at another sequence than the one asked for.
            IdTaken, Forbidden: the caller's key does not allow it.
            SearchUnavailable: it is the first one, and the collection cannot be made.
            DocumentLogUnavailable: the log did not take it.
        """
        (done,) = self.write_all([asked], caller)
        if isinstance(done, TandemError):
            raise done
        return done

    def write_all(self, asked: Sequence[AskedWrite], caller: Caller) -> list[Done | TandemError]:
        """Do one thing after the other; what became of each, or why nothing did."""
        try:
            reader = Reader(self._fields_for(asked, caller), caller)
        except CatalogError as error:
            return [_unavailable(error)] * len(asked)
        except TandemError as error:
            return [error] * len(asked)
        return [done for part in _distinct(asked) for done in self._write_part(part, reader)]

    def is_to_be_inferred(self) -> bool:
        """Whether the first documents will say which fields the collection has.

        Raises:
            DocumentLogUnavailable: the log does not say.
        """
        try:
            return self._founding.is_to_be_inferred()
        except CatalogError as error:
            raise _unavailable(error) from error

    def _fields_for(self, asked: Iterable[AskedWrite], caller: Caller) -> Schema:
        known = self._founding.schema()
        if known is None and caller.filter is not None and self._founding.is_to_be_inferred():
            raise Forbidden(
                "the first documents say which fields there are for everybody, and the key has a "
                "filter",
                hint="declare the fields in tandem.toml, or have a key without a filter write them",
            )
        return known or self._founding.found([*_records(asked)])

    def _write_part(
        self, asked: Sequence[AskedWrite], reader: Reader
    ) -> Sequence[Done | TandemError]:
        """The same for distinct ids, in one transaction."""
        done: dict[str, Done | TandemError] = {}
        waiting = {item.document_id: item for item in asked}
        try:
            for _ in range(TRIES):
                outcomes = self._try(waiting, reader, done)
                if any(outcome.result in CHANGES for outcome in outcomes.values()):
                    self._grown()
                for document_id, outcome in outcomes.items():
                    item = waiting[document_id]
                    if outcome.result == "conflict" and reader.needs_standing(item):
                        done[document_id] = _changes_too_often(item)
                        continue
                    del waiting[document_id]
                    done[document_id] = _told(item, outcome)
                if not waiting:
                    break
        except CatalogError as error:
            done |= dict.fromkeys(waiting, _unavailable(error))
        return [done[item.document_id] for item in asked]

    def _try(
        self,
        waiting: dict[str, AskedWrite],
        reader: Reader,
        refused: dict[str, Done | TandemError],
    ) -> dict[str, Outcome]:
        """Write what can be written; what is refused waits no longer."""

        def is_patched(found: Change) -> bool:
            return waiting[found.document_id].action == "patch" and reader.shows(found)

        depending = [name for name, item in waiting.items() if reader.needs_standing(item)]
        wanted = is_patched if reader.is_limited else None
        standing = self._standing(depending, wanted) if depending else {}
        writes = []
        for document_id, item in list(waiting.items()):
            try:
                writes.append(reader.write(item, standing.get(document_id)))
            except TandemError as error:
                refused[document_id] = error
                del waiting[document_id]
        return self._log.write(self._collection, SOURCE, writes) if writes else {}

    def _standing(
        self, document_ids: Sequence[str], wants_whole: Callable[[Change], bool] | None
    ) -> dict[str, Change]:
        """What stands; with title and body where those are wanted. What is another's is not read
        whole: it may be large, and time would tell.
        """
        found = self._log.changes_of(self._collection, document_ids, wants_whole)
        return {change.document_id: change for change in found}


def _records(asked: Iterable[AskedWrite]) -> Iterator[Record]:
    """Those of new documents that have the shape of one."""
    for item in asked:
        if item.action == "put":
            try:
                yield record_of(item.document_id, item.content)
            except InputError:
                continue


def _distinct(asked: Sequence[AskedWrite]) -> Iterator[list[AskedWrite]]:
    """Parts with no id twice, in order, as large as one append may be, of few patches."""
    part: dict[str, AskedWrite] = {}
    patches = 0
    for item in asked:
        is_patch = item.action == "patch"
        is_full = len(part) == DOCUMENTS_PER_APPEND or patches + is_patch > PATCHES_AT_ONCE
        if is_full or item.document_id in part:
            yield [*part.values()]
            part, patches = {}, 0
        part[item.document_id] = item
        patches += is_patch
    if part:
        yield [*part.values()]


def _told(asked: AskedWrite, outcome: Outcome) -> Done | TandemError:
    match outcome.result:
        case "conflict":
            return conflict(asked, outcome.sequence)
        case "missing":
            return not_there(asked.document_id)
        case result:
            return Done(asked.document_id, result, outcome.sequence)


def _changes_too_often(asked: AskedWrite) -> SequenceConflict:
    return SequenceConflict(
        f"the document {asked.document_id!r} was changed {TRIES} times meanwhile",
        hint="send it again",
    )


def _unavailable(error: CatalogError) -> DocumentLogUnavailable:
    logger("api").warning("the document log did not answer: %s", error)
    return DocumentLogUnavailable(
        "the document log did not answer; nothing is acknowledged",
        hint="send it again: what is already so is not changed by that",
    )
