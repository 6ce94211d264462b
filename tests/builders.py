"""Short ways to make what most tests need: documents, changes, schemas and vectors."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from tandem.documents import Change, Document
from tandem.fields import Field, FieldType, datetime_text
from tandem.filters import Filter, parse_filters
from tandem.protocols import FloatMatrix
from tandem.schema import Schema


def document(
    document_id: str,
    body: str = "",
    *,
    title: str = "",
    updated_at: datetime | None = None,
    **attributes: Any,
) -> Document:
    """A document; attributes are keywords, a datetime is held as its text."""
    kept = {
        name: datetime_text(value) if isinstance(value, datetime) else value
        for name, value in attributes.items()
    }
    return Document(document_id, title, body, kept, updated_at)


def upserts(documents: Iterable[Document], first: int = 1) -> list[Change]:
    """Changes with consecutive sequences."""
    return [
        Change(sequence, item.document_id, item)
        for sequence, item in enumerate(documents, start=first)
    ]


def deletion(sequence: int, document_id: str) -> Change:
    """A tombstone."""
    return Change(sequence, document_id, None)


def schema_of(*, is_open: bool = False, **types: str) -> Schema:
    """A schema from field names and types."""
    return Schema.of((Field(name, FieldType(kind)) for name, kind in types.items()), open=is_open)


def filters(schema: Schema, data: Mapping[str, Any]) -> tuple[Filter, ...]:
    """The typed filters that ``data`` means."""
    return parse_filters(data, schema)


def unit_rows(values: Any) -> FloatMatrix:
    """Rows scaled to length 1, float32."""
    rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def random_rows(seed: int, rows: int, dimension: int) -> FloatMatrix:
    """Seeded random directions."""
    return unit_rows(np.random.default_rng(seed).normal(size=(rows, dimension)))
