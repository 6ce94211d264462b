"""Counting documents and their values in tantivy."""

from collections.abc import Iterable
from typing import Any

import tantivy
from tantivy import Query

from tandem.engines.tantivy_mapping import filter_field
from tandem.engines.tantivy_queries import MOST_TIES, count
from tandem.errors import EngineError
from tandem.fields import Field, FieldType
from tandem.lexical import Tally

MOST_VALUES = 2**31 - 1
"""How many values a segment may hand over: all of them, or counts would be estimates."""


def tallied(searcher: tantivy.Searcher, query: Query, fields: Iterable[Field], limit: int) -> Tally:
    """How many documents a query has, and the values of the fields among them.

    Raises:
        EngineError: tantivy does not count so many values.
    """
    facets = {field.name: count_values(searcher, query, field, limit) for field in fields}
    return Tally(count(searcher, query), facets)


def count_values(
    searcher: tantivy.Searcher, query: Query, field: Field, limit: int
) -> dict[str, int]:
    """Value -> documents that match and have it: the most frequent, equal ones by value. Where more
    than ``MOST_TIES`` share the last count, tantivy chooses among them.

    Raises:
        EngineError: tantivy does not count so many.
    """
    buckets = _buckets(searcher, query, field, limit + 1)
    if len(buckets) > limit and buckets[-1][1] == buckets[limit - 1][1]:
        # more values share the last count than came: which are first is not yet known
        buckets = _buckets(searcher, query, field, limit + MOST_TIES)
    buckets.sort(key=lambda bucket: (-bucket[1], bucket[0]))
    return {_text(field, value): count for value, count in buckets[:limit]}


def _buckets(
    searcher: tantivy.Searcher, query: Query, field: Field, size: int
) -> list[tuple[Any, int]]:
    terms = {"field": filter_field(field), "size": size, "segment_size": MOST_VALUES}
    try:
        found = searcher.aggregate(query, {"values": {"terms": terms}})["values"]["buckets"]
    except ValueError as error:
        raise EngineError(
            f"tantivy does not count the values of {field.name}: {error}",
            hint="ask for its counts under a filter, or leave that field out of the facets",
        ) from error
    kind = str if field.type is FieldType.KEYWORD else int
    return [(kind(bucket["key"]), int(bucket["doc_count"])) for bucket in found]


def _text(field: Field, value: Any) -> str:
    if field.type is FieldType.BOOLEAN:
        return "true" if value else "false"
    return str(value)
