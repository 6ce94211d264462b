"""Tandem's fields, filters and changes in the terms of a Qdrant server.

They are those of ``qdrant_edge_mapping``, in the client's own classes; the traps closed there are
closed here in the same way, since both are one engine.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from qdrant_client import models

from tandem.documents import Change
from tandem.engines.qdrant_points import filter_field, payload_value
from tandem.fields import Field, FieldType, TypedValue
from tandem.filters import AnyOf, Filter, Not
from tandem.schema import Schema

KEYWORD = models.KeywordIndexType.KEYWORD
INTEGER = models.IntegerIndexType.INTEGER


def payload_indexes(schema: Schema) -> Mapping[str, Any]:
    """Payload key -> its index: Tandem's own keys, then every field that a filter may name.

    The fields' indexes lend the graph their links (the server's default), without which a filtered
    search over a graph loses most of its answer; a single document needs none.
    """
    own = {
        "document_id": models.KeywordIndexParams(type=KEYWORD, enable_hnsw=False),
        "sequence": models.IntegerIndexParams(type=INTEGER, enable_hnsw=False),
    }
    return own | {filter_field(field): _index_params(field) for field in schema.filterable_fields}


def _index_params(field: Field) -> Any:
    match field.type:
        case FieldType.KEYWORD:
            return models.KeywordIndexParams(type=KEYWORD)
        case FieldType.FLOAT:
            return models.FloatIndexParams(type=models.FloatIndexType.FLOAT)
        case FieldType.DATETIME:
            return models.DatetimeIndexParams(type=models.DatetimeIndexType.DATETIME)
        case _:
            return models.IntegerIndexParams(type=INTEGER)


def condition(item: Filter) -> models.Condition:
    """A filter in the server's terms."""
    if isinstance(item, Not):
        excluded = models.Filter(must=[condition(part) for part in item.filters])
        return models.Filter(must_not=[excluded])
    if isinstance(item, AnyOf):
        if item.field.type in (FieldType.FLOAT, FieldType.DATETIME):
            return models.Filter(should=[_equal(item.field, value) for value in item.values])
        return _any_of(filter_field(item.field), [payload_value(value) for value in item.values])
    bounds = ((name, getattr(item, name)) for name in ("gt", "gte", "lt", "lte"))
    return models.Filter(
        must=[_bound(item.field, name, value) for name, value in bounds if value is not None]
    )


def _equal(field: Field, value: TypedValue) -> models.Filter:
    return models.Filter(must=[_bound(field, name, value) for name in ("gte", "lte")])


def _bound(field: Field, name: str, value: Any) -> models.FieldCondition:
    """One bound a condition: of ``gt`` and ``gte`` in one, a single one is heeded."""
    key = filter_field(field)
    if isinstance(value, datetime):
        return models.FieldCondition(key=key, range=models.DatetimeRange(**{name: value}))
    return models.FieldCondition(key=key, range=models.Range(**{name: value}))


def _any_of(key: str, values: list[Any]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=values))


def among(document_ids: Collection[str]) -> models.FieldCondition:
    """The passages of those documents."""
    return _any_of("document_id", list(document_ids))


def _changed(changes: Collection[Change]) -> models.FieldCondition:
    return among([change.document_id for change in changes])


def stale(changes: Collection[Change]) -> models.Filter:
    """The passages of changed documents that the changes did not write, none above their highest
    sequence: those another writer wrote meanwhile.
    """
    sequences = [change.sequence for change in changes]
    known = models.FieldCondition(key="sequence", range=models.Range(lte=max(sequences)))
    return models.Filter(must=[_changed(changes), known], must_not=[_any_of("sequence", sequences)])


def perhaps_newer(changes: Collection[Change]) -> models.Filter:
    """The passages of changed documents above the lowest sequence of the changes."""
    lowest = min(change.sequence for change in changes)
    newer = models.FieldCondition(key="sequence", range=models.Range(gt=lowest))
    return models.Filter(must=[_changed(changes), newer])


def sequences_within(first: int, last: int | None) -> models.Filter | None:
    """The passages of sequence ``first`` to ``last``, both included; ``None``: of all."""
    if first <= 0 and last is None:
        return None
    bounds = models.Range(gte=first, lte=last)
    return models.Filter(must=[models.FieldCondition(key="sequence", range=bounds)])
