"""Tandem's fields, filters and changes in Qdrant Edge's terms."""

from collections.abc import Collection
from typing import Any

import qdrant_edge as edge

from tandem.documents import Change
from tandem.engines.qdrant_points import filter_field, payload_value
from tandem.fields import Field, FieldType, TypedValue
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


def perhaps_newer(changes: Collection[Change]) -> edge.Filter:
    """The passages of changed documents above the lowest sequence of the changes."""
    lowest = min(change.sequence for change in changes)
    newer = edge.FieldCondition("sequence", range=edge.RangeFloat(gt=lowest))
    return edge.Filter(must=[among([change.document_id for change in changes]), newer])


def sequences_within(first: int, last: int | None) -> edge.Filter | None:
    """The passages of sequence ``first`` to ``last``, both included; ``None``: of all."""
    if first <= 0 and last is None:
        return None
    bounds = edge.RangeFloat(gte=first, lte=last)
    return edge.Filter(must=[edge.FieldCondition("sequence", range=bounds)])
