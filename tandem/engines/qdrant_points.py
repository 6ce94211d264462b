"""What Qdrant Edge and the Qdrant server hold alike: a point is one passage of a document.

Its payload: ``document_id``, the ``sequence`` of the change that wrote it, ``passage`` (its number,
from 0), ``passages`` (how many the document has), and ``attribute_NAME`` for every field that a
filter may name.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np

from tandem.documents import Change
from tandem.errors import FieldError
from tandem.fields import Field, FieldType, TypedValue, datetime_text
from tandem.protocols import FloatMatrix, FloatVector, Refusal, VectorVersion
from tandem.schema import Schema

VECTOR = "passage"
"""The name of the one vector of a point."""

OWN_KEYS = ["document_id", "sequence", "passage", "passages"]
"""The payload that is read back."""

Payload = Mapping[str, Any]


class PassagePoint(NamedTuple):
    """One passage as it is stored; ``vector`` has shape (dimension,)."""

    point_id: UUID
    vector: FloatVector
    payload: dict[str, Any]


def newest_changes(changes: Sequence[Change]) -> list[Change]:
    """Of every document its last change, in no order that matters."""
    return list({change.document_id: change for change in changes}.values())


def without_older(changes: Sequence[Change], held: Iterable[Payload]) -> list[Change]:
    """The changes without those of which ``held`` has a passage of a higher sequence."""
    newest: dict[str, int] = {}
    for payload in held:
        document_id, sequence = payload["document_id"], payload["sequence"]
        newest[document_id] = max(sequence, newest.get(document_id, sequence))
    return [
        change
        for change in changes
        if newest.get(change.document_id, change.sequence) <= change.sequence
    ]


def passage_points(
    changes: Iterable[Change],
    passages: Mapping[str, FloatMatrix],
    schema: Schema,
    dimension: int,
) -> tuple[list[PassagePoint], list[Refusal]]:
    """The points that the upserts among ``changes`` become, and the documents refused."""
    points: list[PassagePoint] = []
    refusals: list[Refusal] = []
    for change in changes:
        try:
            points += _points(change, passages.get(change.document_id), schema, dimension)
        except FieldError as error:
            refusals.append(Refusal(change.document_id, str(error)))
    return points, refusals


def _points(
    change: Change, vectors: FloatMatrix | None, schema: Schema, dimension: int
) -> list[PassagePoint]:
    document = change.document
    if document is None:
        return []
    if vectors is None or len(vectors) == 0:
        raise FieldError("body", "nothing to embed: title and body are blank")
    _check_vectors(vectors, dimension)
    payload: dict[str, Any] = {
        "document_id": document.document_id,
        "sequence": change.sequence,
        "passages": len(vectors),
    }
    for name, value in schema.typed(document).items():
        field = schema.by_name[name]
        if field.type is not FieldType.TEXT:
            payload[filter_field(field)] = payload_value(value)
    return [
        PassagePoint(
            uuid5(NAMESPACE_URL, f"{document.document_id}#{number}"),
            vector,
            {**payload, "passage": number},
        )
        for number, vector in enumerate(vectors)
    ]


def _check_vectors(vectors: FloatMatrix, dimension: int) -> None:
    """Qdrant accepts NaN silently, and a wrong dimension fails a whole batch."""
    if vectors.shape[1:] != (dimension,):
        raise FieldError("vector", f"has shape {vectors.shape}, expected (passages, {dimension})")
    if not np.isfinite(vectors).all():
        raise FieldError("vector", "holds a value that is not a finite number")


def filter_field(field: Field) -> str:
    """The payload key of a filterable field: attributes cannot collide with Tandem's own."""
    return f"attribute_{field.name}"


def payload_value(value: TypedValue) -> Any:
    """Booleans as 0 and 1, times as RFC 3339 text.

    Edge 0.9.0 turns a boolean in a match into a number that then matches nothing, so that a filter
    for access rights would fail open; the server holds the same, so that one can read the other's.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return datetime_text(value)
    return list(value) if isinstance(value, tuple) else value


def counted_versions(payloads: Iterable[Payload]) -> Iterator[VectorVersion]:
    """One row for every version of a document that has passages among ``payloads``.

    Passages of a document lie anywhere, so a row can be told only when all were read.
    """
    held = Counter(
        (payload["document_id"], payload["sequence"], payload["passages"]) for payload in payloads
    )
    for (document_id, sequence, expected), count in held.items():
        yield VectorVersion(document_id, sequence, count, expected)


def stacked_vectors(passages: Iterable[tuple[Payload, Any]]) -> dict[str, FloatMatrix]:
    """document_id -> shape (passages, dimension), from (payload, vector) of passages."""
    rows: dict[str, dict[int, FloatVector]] = {}
    for payload, vector in passages:
        row = np.asarray(vector, dtype=np.float32)
        rows.setdefault(payload["document_id"], {})[payload["passage"]] = row
    return {
        document_id: np.stack([found[number] for number in sorted(found)])
        for document_id, found in rows.items()
    }
