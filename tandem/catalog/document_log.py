"""The document log: the authority for content."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY, reading, writing
from tandem.catalog.tables import DOCUMENTS, LOG
from tandem.documents import (
    Change,
    Document,
    content_hash,
    decode_attributes,
    encode_attributes,
)
from tandem.fields import from_microseconds, to_microseconds


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
        self.log_id: str = self._known_log_id() or self._begin_log()

    def _known_log_id(self) -> str | None:
        with reading(self._engine) as connection:
            return connection.execute(sa.select(LOG.c.log_id)).scalar()

    def _begin_log(self) -> str:
        with writing(self._engine) as connection:
            log_id: str | None = connection.execute(sa.select(LOG.c.log_id)).scalar()
            if log_id is None:
                log_id = uuid4().hex
                connection.execute(LOG.insert().values(log_id=log_id, head=0))
        return log_id

    def head(self) -> int:
        """The last sequence given out; 0 for an empty log."""
        with reading(self._engine) as connection:
            return int(connection.execute(sa.select(LOG.c.head)).scalar_one())

    def append(self, collection: str, source: str, documents: Sequence[Document]) -> Appended:
        """Accept new versions; what is already so is recognised by its hash and gets no sequence.

        Durable on return. The ids must be distinct.
        """
        rows = {document.document_id: _row(collection, source, document) for document in documents}
        with writing(self._engine) as connection:
            known = self._known(connection, collection, list(rows))
            changed = [
                row
                for document_id, row in rows.items()
                if document_id not in known
                or known[document_id].is_deleted
                or known[document_id].content_hash != row["content_hash"]
            ]
            changed_ids = {row["document_id"] for row in changed}
            adopted = [
                document_id
                for document_id, row in known.items()
                if document_id not in changed_ids and row.source != source
            ]
            sequences = self._write(connection, changed, known.keys())
            self._adopt(connection, collection, source, adopted)
        return Appended(sequences, len(rows) - len(changed))

    def delete(self, collection: str, document_ids: Sequence[str]) -> dict[str, int]:
        """Write tombstones for those that exist; id -> sequence."""
        with writing(self._engine) as connection:
            known = self._known(connection, collection, document_ids)
            rows = [
                _tombstone(collection, row.source, document_id)
                for document_id, row in known.items()
                if not row.is_deleted
            ]
            return self._write(connection, rows, known.keys())

    def changes(self, collection: str, after: int, limit: int) -> Batch:
        """The next at most ``limit`` changes whose sequence is above ``after``."""
        query = (
            sa.select(DOCUMENTS)
            .where(DOCUMENTS.c.collection == collection, DOCUMENTS.c.sequence > after)
            .order_by(DOCUMENTS.c.sequence)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            head = int(connection.execute(sa.select(LOG.c.head)).scalar_one())
            changes = tuple(_change(row) for row in connection.execute(query))
        through = changes[-1].sequence if len(changes) == limit else max(head, after)
        return Batch(changes, through)

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
                for row in self._rows_of(connection, collection, document_ids, _VERSION)
            }

    def changes_of(self, collection: str, document_ids: Sequence[str]) -> list[Change]:
        """The newest versions of given documents as changes, tombstones included, in order of
        sequence; unknown ids are left out.
        """
        with reading(self._engine) as connection:
            rows = self._rows_of(connection, collection, document_ids, DOCUMENTS.c)
            return sorted(map(_change, rows), key=lambda change: change.sequence)

    @staticmethod
    def _rows_of(
        connection: sa.Connection, collection: str, document_ids: Sequence[str], columns: Any
    ) -> Iterator[sa.Row[*tuple[Any, ...]]]:
        for part in _parts(document_ids):
            yield from connection.execute(
                sa.select(*columns).where(
                    DOCUMENTS.c.collection == collection, DOCUMENTS.c.document_id.in_(part)
                )
            )

    def documents(self, collection: str, document_ids: Sequence[str]) -> dict[str, Document]:
        """The newest versions; deleted and unknown ids are left out."""
        changes = self.changes_of(collection, document_ids)
        found = (change.document for change in changes)
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

    def count(self, collection: str) -> int:
        """How many documents there are, tombstones left out."""
        return self._count(collection, DOCUMENTS.c.is_deleted.is_(False))

    def behind(self, collection: str, applied: int) -> int:
        """How many changes, deletes included, an index at ``applied`` has still to apply."""
        return self._count(collection, DOCUMENTS.c.sequence > applied)

    def _count(self, collection: str, condition: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).where(DOCUMENTS.c.collection == collection, condition)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def purge_tombstones(self, collection: str, through: int) -> int:
        """Forget deletes up to a sequence that every retained index has passed; how many."""
        with writing(self._engine) as connection:
            result = connection.execute(
                DOCUMENTS.delete().where(
                    DOCUMENTS.c.collection == collection,
                    DOCUMENTS.c.is_deleted.is_(True),
                    DOCUMENTS.c.sequence <= through,
                )
            )
            return int(result.rowcount)

    def _known(
        self, connection: sa.Connection, collection: str, document_ids: Sequence[str]
    ) -> dict[str, sa.Row[*tuple[Any, ...]]]:
        # Ask for the head first: on a database with row locks this orders concurrent writers.
        connection.execute(sa.select(LOG.c.head).with_for_update())
        columns = (
            DOCUMENTS.c.document_id,
            DOCUMENTS.c.content_hash,
            DOCUMENTS.c.is_deleted,
            DOCUMENTS.c.source,
        )
        rows = self._rows_of(connection, collection, document_ids, columns)
        return {row.document_id: row for row in rows}

    def _write(
        self, connection: sa.Connection, rows: Sequence[dict[str, Any]], known: Any
    ) -> dict[str, int]:
        if not rows:
            return {}
        head = int(connection.execute(sa.select(LOG.c.head)).scalar_one())
        for sequence, row in enumerate(rows, start=head + 1):
            row["sequence"] = sequence
        inserts = [row for row in rows if row["document_id"] not in known]
        updates = [row for row in rows if row["document_id"] in known]
        if inserts:
            connection.execute(DOCUMENTS.insert(), inserts)
        if updates:
            statement = DOCUMENTS.update().where(
                DOCUMENTS.c.collection == sa.bindparam("key_collection"),
                DOCUMENTS.c.document_id == sa.bindparam("key_id"),
            )
            connection.execute(statement, [_keyed(row) for row in updates])
        connection.execute(LOG.update().values(head=head + len(rows)))
        return {row["document_id"]: row["sequence"] for row in rows}

    def _adopt(
        self, connection: sa.Connection, collection: str, source: str, document_ids: Sequence[str]
    ) -> None:
        for part in _parts(document_ids):
            connection.execute(
                DOCUMENTS.update()
                .where(DOCUMENTS.c.collection == collection, DOCUMENTS.c.document_id.in_(part))
                .values(source=source)
            )


_VERSION = (DOCUMENTS.c.document_id, DOCUMENTS.c.sequence, DOCUMENTS.c.is_deleted)


def _parts(document_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(document_ids), ROWS_PER_QUERY):
        yield document_ids[start : start + ROWS_PER_QUERY]


def _row(collection: str, source: str, document: Document) -> dict[str, Any]:
    updated_at = document.updated_at
    return {
        "collection": collection,
        "document_id": document.document_id,
        "source": source,
        "is_deleted": False,
        "content_hash": content_hash(document),
        "title": document.title,
        "body": document.body,
        "attributes": encode_attributes(document.attributes).decode(),
        "updated_at": None if updated_at is None else to_microseconds(updated_at),
        "recorded_at": time.time_ns() // 1_000,
    }


def _tombstone(collection: str, source: str, document_id: str) -> dict[str, Any]:
    return _row(collection, source, Document(document_id)) | {"is_deleted": True}


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    values = {key: value for key, value in row.items() if key not in ("collection", "document_id")}
    return values | {"key_collection": row["collection"], "key_id": row["document_id"]}


def _change(row: sa.Row[*tuple[Any, ...]]) -> Change:
    if row.is_deleted:
        return Change(row.sequence, row.document_id, None)
    updated_at = None if row.updated_at is None else from_microseconds(row.updated_at)
    document = Document(
        row.document_id, row.title, row.body, decode_attributes(row.attributes), updated_at
    )
    return Change(row.sequence, row.document_id, document)
