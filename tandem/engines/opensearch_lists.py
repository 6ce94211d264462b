"""Tallies and sorted lists: what OpenSearch is asked, and its answers read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tandem.engines.opensearch_mapping import DOCUMENT_ID, filter_field
from tandem.engines.opensearch_queries import Wordings, among, hits_body, matched
from tandem.engines.opensearch_reader import parts
from tandem.fields import Field, FieldType
from tandem.lexical import Matching, Place, Tally

IDS_AT_ONCE = 10_000
"""How many ids a clause names; OpenSearch takes 65,536."""

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


def is_everything(matching: Matching) -> bool:
    """Whether every document is in the set, but for those that it is without."""
    return matching.text is not None and not matching.text.strip()


def texts(matching: Matching) -> tuple[str, ...]:
    """The texts of which a document of the set may hold a word."""
    first = () if matching.text is None else (matching.text,)
    return () if is_everything(matching) else (*first, *matching.variants)


def members(
    matching: Matching, wordings: Wordings, clauses: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The documents of a set, its ``texts`` ready to be matched, under clauses that must hold; none
    is scored.
    """
    chosen = [] if is_everything(matching) else [_chosen(matching, wordings)]
    without = _named(matching.without)
    return {"bool": {"filter": [*clauses, *chosen], "must_not": without}}


def _chosen(matching: Matching, wordings: Wordings) -> dict[str, Any]:
    any_of = [*matched(wordings), *_named(matching.also)]
    return {"bool": {"should": any_of}} if any_of else {"match_none": {}}


def _named(document_ids: Collection[str]) -> list[dict[str, Any]]:
    return [among(some) for some in parts(document_ids, IDS_AT_ONCE)]


def tally_body(query: dict[str, Any], fields: Sequence[Field], limit: int) -> dict[str, Any]:
    """How many documents there are, and in each field the most frequent values."""
    return {
        "query": query,
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            field.name: {
                "terms": {
                    "field": filter_field(field),
                    "size": limit,
                    # several shards each hand over more, so that the most frequent are seen
                    "shard_size": limit * 10 + 100,
                    "order": [{"_count": "desc"}, {"_key": "asc"}],
                }
            }
            for field in fields
        },
    }


def tally_of(answer: Mapping[str, Any], fields: Sequence[Field]) -> Tally:
    """What the answer to a ``tally_body`` tells."""
    facets = {
        field.name: {
            str(bucket.get("key_as_string", bucket["key"])): bucket["doc_count"]
            for bucket in answer["aggregations"][field.name]["buckets"]
        }
        for field in fields
    }
    return Tally(answer["hits"]["total"]["value"], facets)


class Order:
    """The order of a list: by a field's value if there is one, then by document_id."""

    def __init__(self, field: Field | None, *, is_descending: bool) -> None:
        self._field = field
        self._direction = "desc" if is_descending else "asc"
        self._missing = _missing(field, is_descending=is_descending)

    def body(self, query: dict[str, Any], after: Place | None, limit: int) -> dict[str, Any]:
        """The ``limit`` documents after a place."""
        by_value = {"order": self._direction, "missing": "_last"}
        first = [] if self._field is None else [{filter_field(self._field): by_value}]
        body = {**hits_body(query, limit), "sort": [*first, {DOCUMENT_ID: "asc"}]}
        if after is not None:
            value = self._missing if after.value is None else after.value
            body["search_after"] = [*([value] if first else []), after.document_id]
        return body

    def place(self, hit: Mapping[str, Any]) -> Place:
        """Where a hit stands."""
        *values, document_id = hit["sort"]
        value = values[0] if values and values[0] != self._missing else None
        return Place(value, document_id)


def _missing(field: Field | None, *, is_descending: bool) -> int | str:
    """What OpenSearch sorts a document by that has no value, if those come last; no value can be
    it: whole numbers end at 2^53, and fractions are finite.
    """
    if field is not None and field.type is FieldType.FLOAT:
        return "-Infinity" if is_descending else "Infinity"
    return _SMALLEST if is_descending else _LARGEST
