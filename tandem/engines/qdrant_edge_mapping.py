"""Tandem's fields, values and filters in Qdrant Edge's terms."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import qdrant_edge as edge

from tandem.documents import Change
from tandem.fields import Field, FieldType, TypedValue, datetime_text
from tandem.filters import AnyOf, Filter, Not


def index_params(field: Field) -> Any:
    """The payload index of a filterable field; no graph of its own, since none is ever built."""
    match field.type:
        case FieldType.KEYWORD:
            return edge.KeywordIndexParams(enable_hnsw=False)
        case FieldType.FLOAT:
            return edge.FloatIndexParams(enable_hnsw=False)
        case FieldType.DATETIME:
            return edge.DatetimeIndexParams(enable_hnsw=False)
        case _:
            return edge.IntegerIndexParams(enable_hnsw=False)


def filter_field(field: Field) -> str:
    """The payload key of a filterable field: attributes cannot collide with Tandem's own."""
    return f"attribute_{field.name}"


def payload_value(value: TypedValue) -> Any:
    """Booleans as 0 and 1, times as RFC 3339 text.

    Edge 0.9.0 turns a boolean in a match into a number that then matches nothing, so that a filter
    for access rights would fail open.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return datetime_text(value)
    return list(value) if isinstance(value, tuple) else value


def condition(item: Filter) -> Any:
    """A filter in Edge's terms."""
    if isinstance(item, Not):
        return edge.Filter(must_not=[edge.Filter(must=[condition(part) for part in item.filters])])
    if isinstance(item, AnyOf):
        if item.field.type in (FieldType.FLOAT, FieldType.DATETIME):
            return edge.Filter(should=[_equal(item.field, value) for value in item.values])
        values = [payload_value(value) for value in item.values]
        return edge.FieldCondition(filter_field(item.field), match=edge.MatchAny(values))
    bounds = ((name, getattr(item, name)) for name in ("gt", "gte", "lt", "lte"))
    return edge.Filter(
        must=[_bound(item.field, name, value) for name, value in bounds if value is not None]
    )


def _equal(field: Field, value: TypedValue) -> edge.Filter:
    return edge.Filter(must=[_bound(field, name, value) for name in ("gte", "lte")])


def _bound(field: Field, name: str, value: TypedValue) -> edge.FieldCondition:
    """One bound a condition: of ``gt`` and ``gte`` in one, Edge heeds a single one.

    Times have a range of their own: as numbers they would be doubles, which lose microseconds
    before 1684 and after 2255.
    """
    kind: Any = edge.RangeDateTime if field.type is FieldType.DATETIME else edge.RangeFloat
    return edge.FieldCondition(filter_field(field), range=kind(**{name: payload_value(value)}))


def among(document_ids: Collection[str]) -> edge.FieldCondition:
    """The passages of those documents."""
    return edge.FieldCondition("document_id", match=edge.MatchAny(list(document_ids)))


def stale(changes: Collection[Change]) -> edge.Filter:
    """The passages of changed documents that the change did not write."""
    sequences = [change.sequence for change in changes]
    return edge.Filter(
        must=[among([change.document_id for change in changes])],
        must_not=[edge.FieldCondition("sequence", match=edge.MatchAny(sequences))],
    )
