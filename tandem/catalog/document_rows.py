"""A document as a row of the log, and back."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from tandem.catalog.database import parts
from tandem.catalog.tables import DOCUMENTS
from tandem.catalog.text import written
from tandem.documents import Change, Document, content_hash, decode_attributes, encode_attributes
from tandem.fields import from_microseconds, to_microseconds

AnyRow = sa.Row[*tuple[Any, ...]]

WantsWhole = Callable[[Change], bool]
"""Says of a document without title and body whether those are wanted, too."""


class Hashed(NamedTuple):
    """A document, what tells whether it has changed, and its attributes in the column's form."""

    document: Document
    content_hash: str
    attributes: bytes


class Version(NamedTuple):
    """What is to be written, but for its sequence."""

    hashed: Hashed
    source: str
    is_deleted: bool = False


def hashed(document: Document) -> Hashed:
    """The document with its hash."""
    attributes = encode_attributes(document.attributes)
    return Hashed(document, content_hash(document, attributes), attributes)


def tombstone(document_id: str, source: str) -> Version:
    """A version without content."""
    return Version(NOTHING._replace(document=Document(document_id)), source, is_deleted=True)


NOTHING = hashed(Document(""))


def rows(
    collection: str, versions: Sequence[Version], first: int, recorded_at: int
) -> list[tuple[Any, ...]]:
    """The rows for ``upsert``, with sequences from ``first``."""
    return [
        (
            collection,
            written(document.document_id),
            sequence,
            written(source),
            is_deleted,
            content_hash,
            None if document.updated_at is None else to_microseconds(document.updated_at),
            recorded_at,
            attributes.decode(),
            written(document.title),
            written(document.body),
        )
        for sequence, ((document, content_hash, attributes), source, is_deleted) in enumerate(
            versions, start=first
        )
    ]


def upsert(engine: sa.Engine) -> str:
    """The statement that writes ``rows``, for the driver itself: SQLAlchemy would look at every
    value of every row once more.
    """
    insert: Any
    if engine.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as server_insert

        insert, style = server_insert(DOCUMENTS), "format"
    else:
        from sqlalchemy.dialects.sqlite import insert as file_insert

        insert, style = file_insert(DOCUMENTS), "qmark"
    names = [column.name for column in DOCUMENTS.columns]
    key = [column.name for column in DOCUMENTS.primary_key]
    statement = insert.on_conflict_do_update(
        index_elements=key,
        set_={name: insert.excluded[name] for name in names if name not in key},
    )
    made: Any = type(engine.dialect)
    dialect: sa.Dialect = made(paramstyle=style)
    compiled = statement.compile(dialect=dialect, column_keys=names)
    assert list(compiled.positiontup or ()) == names, "the rows are in the table's order"
    return str(compiled)


class Standing(NamedTuple):
    """What decides whether a document is changed; ``source`` in the column's form."""

    sequence: int
    content_hash: str
    is_deleted: bool
    source: str


def standing(
    connection: sa.Connection, collection: str, document_ids: Iterable[str]
) -> dict[str, Standing]:
    """How the known ones among the documents stand: one statement for all of them, given to the
    driver itself with one parameter, not one a document.
    """
    names = {written(document_id): document_id for document_id in document_ids}
    wanted: Any = list(names)
    query = _STANDING_ON_SERVER
    if connection.dialect.name == "sqlite":
        query, wanted = _STANDING_IN_FILE, json.dumps(wanted, ensure_ascii=False)
    found = connection.exec_driver_sql(query, (collection, wanted))
    return {names[name]: Standing(*rest) for name, *rest in found}


_STANDING_IN_FILE = """
SELECT document_id, sequence, content_hash, is_deleted, source FROM documents
WHERE collection = ? AND document_id IN (SELECT value FROM json_each(?))
"""
_STANDING_ON_SERVER = """
SELECT document_id, sequence, content_hash, is_deleted, source FROM documents
WHERE collection = %s AND document_id = ANY(%s)
"""


def change(row: AnyRow) -> Change:
    """A whole row as a change."""
    return _change(row, row.title, row.body)


def _change(row: AnyRow, title: str, body: str) -> Change:
    if row.is_deleted:
        return Change(row.sequence, row.document_id, None)
    updated_at = None if row.updated_at is None else from_microseconds(row.updated_at)
    document = Document(row.document_id, title, body, decode_attributes(row.attributes), updated_at)
    return Change(row.sequence, row.document_id, document)


def rows_of(
    connection: sa.Connection, collection: str, document_ids: Sequence[str], columns: Any
) -> Iterator[AnyRow]:
    """The columns of given documents, in no order; unknown ids are left out."""
    query = sa.select(*columns).where(
        DOCUMENTS.c.collection == collection,
        DOCUMENTS.c.document_id.in_(sa.bindparam("ids", expanding=True)),
    )
    for part in parts(document_ids):
        yield from connection.execute(query, {"ids": part})


_OUTLINE = tuple(column for column in DOCUMENTS.c if column.name not in {"title", "body"})


def changes_of(
    connection: sa.Connection,
    collection: str,
    document_ids: Sequence[str],
    wants_whole: WantsWhole | None = None,
) -> list[Change]:
    """Given documents as changes, in no order; unknown ids are left out. What is not wanted whole
    is not read whole.
    """
    if wants_whole is None:
        return [change(row) for row in rows_of(connection, collection, document_ids, DOCUMENTS.c)]
    outlines = [
        _change(row, "", "") for row in rows_of(connection, collection, document_ids, _OUTLINE)
    ]
    wanted = [item.document_id for item in outlines if wants_whole(item)]
    whole = {item.document_id: item for item in changes_of(connection, collection, wanted)}
    return [whole.get(item.document_id, item) for item in outlines]
