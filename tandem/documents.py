"""A document, and a change to one.

Attributes are kept as they were sent: what they mean to an index is decided by the schema of that
index (``tandem.schema``), so that a new schema can read old documents anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

import orjson

AttributeValue = str | int | float | bool | tuple[str, ...]
"""A datetime is held as its RFC 3339 text in UTC."""

MAXIMUM_ID_BYTES = 512
"""How long a document's id may be, in UTF-8."""

MAXIMUM_SEQUENCE = 2**63 - 1
"""The highest sequence that the log can give out."""


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that can be found.

    ``document_id`` is BEIR's ``_id``, TREC's docno, UBI's object_id. ``updated_at`` is aware, UTC.
    """

    document_id: str
    title: str = ""
    body: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    updated_at: datetime | None = None

    def text(self, name: str) -> str:
        """The text of a field by name; empty where the document has none."""
        if name == "title":
            return self.title
        if name == "body":
            return self.body
        value = self.attributes.get(name, "")
        return " ".join(value) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the document log: a document's newest version, or its tombstone (``None``)."""

    sequence: int
    document_id: str
    document: Document | None

    @property
    def is_delete(self) -> bool:
        """Whether this change removes the document."""
        return self.document is None


def encode_attributes(attributes: Mapping[str, AttributeValue]) -> bytes:
    """Canonical JSON (sorted keys): equal attributes give equal bytes."""
    return orjson.dumps(dict(attributes), option=orjson.OPT_SORT_KEYS)


def decode_attributes(encoded: bytes | str) -> dict[str, AttributeValue]:
    """The reverse of ``encode_attributes``; lists come back as tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in orjson.loads(encoded).items()
    }


def content_hash(document: Document, attributes: bytes | None = None) -> str:
    """32 hex digits that change when, and only when, the document's content does.

    ``attributes`` are the document's, encoded, where the caller has done that already.
    """
    encoded = encode_attributes(document.attributes) if attributes is None else attributes
    updated_at = document.updated_at.isoformat() if document.updated_at else None
    head = orjson.dumps([document.title, document.body, updated_at])
    return blake2b(head + encoded, digest_size=16).hexdigest()
