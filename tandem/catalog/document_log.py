"""The document log: the authority for content."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tandem.catalog.database import parts, reading
from tandem.catalog.document_rows import (
    Version,
    WantsWhole,
    change,
    changes_of,
    rows,
    rows_of,
    standing,
    upsert,
)
from tandem.catalog.document_writes import CHANGES, Outcome, Write, decided, hashed_writes
from tandem.catalog.moments import moment
from tandem.catalog.order import in_order
from tandem.catalog.tables import DOCUMENTS, LOG
from tandem.documents import Change, Document
from tandem.filters import Filter, matches

PAGE_CHARACTERS = 16_000_000
"""A page of changes ends with the one that reaches this: some pages are held at once."""

SEQUENCES_PER_LOOK = 20_000
"""How far a look for tombstones goes, which no index finds: no more rows are read at once."""

ROWS_AHEAD = 32
"""How many rows a server sends ahead of the one that is looked at."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What one append did: ``sequences`` maps the changed ids; the unchanged ones got none."""

    sequences: dict[str, int]
    unchanged: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in order of sequence. Everything of the collection up to ``through`` is in it, or
    was before it.
    """

    changes: tuple[Change, ...]
    through: int


@dataclass(frozen=True, slots=True)
class LogVersion:
    """What the log says of one document, without its content."""

    document_id: str
    sequence: int
    is_deleted: bool


class DocumentLog:
    """The newest version of every document, in the order of acceptance."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._upsert = upsert(engine)
        with reading(engine) as connection:
            self.log_id = str(connection.execute(sa.select(LOG.c.log_id)).scalar_one())

    def head(self) -> int:
        """The last sequence given out; 0 for an empty log."""
        with reading(self._engine) as connection:
            return int(connection.execute(sa.select(LOG.c.head)).scalar_one())

    def append(self, collection: str, source: str, documents: Sequence[Document]) -> Appended:
        """Accept new versions; what is already so is recognised by its hash and gets no sequence.

        Durable on return. The ids must be distinct.
        """
        sent = [Write(document.document_id, document) for document in documents]
        done = self.write(collection, source, sent)
        sequences = _sequences(done)
        return Appended(sequences, len(done) - len(sequences))

    def delete(self, collection: str, document_ids: Iterable[str]) -> dict[str, int]:
        """Write tombstones for those that exist; id -> sequence."""
        gone = [Write(document_id, None) for document_id in document_ids]
        return _sequences(self.write(collection, "", gone))

    def write(self, collection: str, source: str, writes: Iterable[Write]) -> dict[str, Outcome]:
        """Do what is asked of each document, in that order; id -> what became of it. One that does
        not stand as expected is left as it is, and keeps none of the others: what each expects is
        looked at in the transaction that writes.

        Durable on return. The ids must be distinct. ``source`` is not asked for deletes.
        """
        sent = hashed_writes(writes)
        with in_order(self._engine) as (connection, head):
            known = standing(connection, collection, sent)
            done = {
                document_id: decided(write, version, known.get(document_id))
                for document_id, (write, version) in sent.items()
            }
            changed = [
                item.version(document_id, source)
                for document_id, item in done.items()
                if item.result in CHANGES
            ]
            adopted = [name for name, item in done.items() if item.is_adopted(source)]
            sequences = self._write(connection, collection, changed, head)
            self._adopt(connection, collection, source, adopted)
        return {
            name: Outcome(item.result, sequences.get(name, item.stands_at))
            for name, item in done.items()
        }

    def changes(self, collection: str, after: int, limit: int) -> Batch:
        """The next changes whose sequence is above ``after``: at most ``limit``, and fewer where
        their text exceeds ``PAGE_CHARACTERS``. There is no change left where ``through`` is
        ``after``.
        """
        query = (
            sa.select(DOCUMENTS)
            .where(DOCUMENTS.c.collection == collection, DOCUMENTS.c.sequence > after)
            .order_by(DOCUMENTS.c.sequence)
            .limit(limit)
            .execution_options(stream_results=True, max_row_buffer=ROWS_AHEAD)
        )
        changes: list[Change] = []
        held = 0
        with reading(self._engine) as connection:
            head = int(connection.execute(sa.select(LOG.c.head)).scalar_one())
            if head <= after:  # asked again and again while nothing happens
                return Batch((), after)
            with connection.execute(query) as rows_found:
                for row in rows_found:
                    changes.append(change(row))
                    held += len(row.title) + len(row.body) + len(row.attributes)
                    if held >= PAGE_CHARACTERS:
                        break
        is_cut = len(changes) == limit or held >= PAGE_CHARACTERS
        return Batch(tuple(changes), changes[-1].sequence if is_cut else head)

    def versions(self, collection: str, after: int, limit: int) -> list[LogVersion]:
        """The next at most ``limit`` versions whose sequence is above ``after``, in its order."""
        query = (
            sa.select(*_VERSION)
            .where(DOCUMENTS.c.collection == collection, DOCUMENTS.c.sequence > after)
            .order_by(DOCUMENTS.c.sequence)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [LogVersion(*row) for row in connection.execute(query)]

    def versions_of(self, collection: str, document_ids: Sequence[str]) -> dict[str, LogVersion]:
        """The same of given documents; unknown ids are left out."""
        with reading(self._engine) as connection:
            return {
                row.document_id: LogVersion(*row)
                for row in rows_of(connection, collection, document_ids, _VERSION)
            }

    def changes_of(
        self,
        collection: str,
        document_ids: Sequence[str],
        wants_whole: WantsWhole | None = None,
    ) -> list[Change]:
        """The newest versions of given documents as changes, tombstones included, in order of
        sequence; unknown ids are left out. Those that ``wants_whole`` does not want come without
        title and body, which are not read: it decides by the rest.
        """
        with reading(self._engine) as connection:
            found = changes_of(connection, collection, document_ids, wants_whole)
        return sorted(found, key=lambda item: item.sequence)

    def documents(
        self, collection: str, document_ids: Sequence[str], filters: Sequence[Filter] = ()
    ) -> dict[str, Document]:
        """The newest versions; deleted and unknown ids are left out, and what the filters do not
        leave: of that only the attributes are read.
        """

        def is_left(item: Change) -> bool:
            return item.document is not None and matches(item.document, filters)

        changes = self.changes_of(collection, document_ids, is_left if filters else None)
        found = (item.document for item in changes if is_left(item))
        return {document.document_id: document for document in found if document is not None}

    def ids_of_source(self, collection: str, source: str) -> Iterator[str]:
        """The ids, not deleted, that ``source`` wrote last."""
        query = sa.select(DOCUMENTS.c.document_id).where(
            DOCUMENTS.c.collection == collection,
            DOCUMENTS.c.source == source,
            DOCUMENTS.c.is_deleted.is_(False),
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).scalars().all()
        yield from found

    def count(self, collection: str, through: int | None = None) -> int:
        """How many documents there are, tombstones left out; only those whose newest version has a
        sequence up to ``through``, if it is given.
        """
        condition: sa.ColumnElement[bool] = DOCUMENTS.c.is_deleted.is_(False)
        if through is not None:
            condition &= DOCUMENTS.c.sequence <= through
        return self._count(collection, condition)

    def behind(self, collection: str, applied: int) -> int:
        """How many changes, deletes included, an index at ``applied`` has still to apply."""
        return self._count(collection, DOCUMENTS.c.sequence > applied)

    def waiting_since(self, collection: str, applied: int) -> datetime | None:
        """When the oldest change was accepted that an index at ``applied`` has still to apply."""
        query = (
            sa.select(DOCUMENTS.c.recorded_at)
            .where(DOCUMENTS.c.collection == collection, DOCUMENTS.c.sequence > applied)
            .order_by(DOCUMENTS.c.sequence)
            .limit(1)
        )
        with reading(self._engine) as connection:
            recorded_at: int | None = connection.execute(query).scalar()
        return None if recorded_at is None else moment(recorded_at)

    def _count(self, collection: str, condition: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).where(DOCUMENTS.c.collection == collection, condition)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def purge_tombstones(self, collection: str, through: int) -> int:
        """Forget deletes up to a sequence that every retained index has passed; how many. Looks in
        steps that nobody waits for, and forgets in short ones.
        """
        through = min(through, self.head())
        return sum(
            self._forget(collection, part)
            for after in range(0, through, SEQUENCES_PER_LOOK)
            for part in parts(
                self._tombstones(collection, after, min(after + SEQUENCES_PER_LOOK, through))
            )
        )

    def _tombstones(self, collection: str, after: int, through: int) -> list[int]:
        query = sa.select(DOCUMENTS.c.sequence).where(
            DOCUMENTS.c.collection == collection,
            DOCUMENTS.c.sequence > after,
            DOCUMENTS.c.sequence <= through,
            DOCUMENTS.c.is_deleted.is_(True),
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def _forget(self, collection: str, sequences: Sequence[int]) -> int:
        """A document that came back meanwhile has another sequence, and stays."""
        with in_order(self._engine) as (connection, _):
            gone = DOCUMENTS.delete().where(
                DOCUMENTS.c.collection == collection, DOCUMENTS.c.sequence.in_(sequences)
            )
            return int(connection.execute(gone).rowcount)

    def _write(
        self, connection: sa.Connection, collection: str, versions: Sequence[Version], head: int
    ) -> dict[str, int]:
        if not versions:
            return {}
        made = rows(collection, versions, head + 1, time.time_ns() // 1_000)
        connection.exec_driver_sql(self._upsert, made)
        connection.execute(LOG.update().values(head=head + len(versions)))
        return {
            version.hashed.document.document_id: sequence
            for sequence, version in enumerate(versions, start=head + 1)
        }

    @staticmethod
    def _adopt(
        connection: sa.Connection, collection: str, source: str, document_ids: Sequence[str]
    ) -> None:
        for part in parts(document_ids):
            connection.execute(
                DOCUMENTS.update()
                .where(DOCUMENTS.c.collection == collection, DOCUMENTS.c.document_id.in_(part))
                .values(source=source)
            )


def _sequences(done: Mapping[str, Outcome]) -> dict[str, int]:
    return {name: item.sequence for name, item in done.items() if item.result in CHANGES}


_VERSION = (DOCUMENTS.c.document_id, DOCUMENTS.c.sequence, DOCUMENTS.c.is_deleted)
