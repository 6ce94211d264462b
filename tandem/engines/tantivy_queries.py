"""Tandem's filters and words as tantivy's queries."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import tantivy
from tantivy import Occur, Query

from tandem.engines.neighbours import Pair
from tandem.engines.tantivy_mapping import ALL, engine_value, filter_field, text_field
from tandem.fields import Field, FieldType
from tandem.filters import AnyOf, Filter, Not, Range
from tandem.scoring import FIELDS_SHARE, NEAR_SLOP, TIE_BREAKER, LexicalScoring

MOST_TIES = 4_096
"""How many hits of equal score at the limit are put in order of id; beyond it luck decides."""


def any_word(schema: tantivy.Schema, field: str, words: Sequence[str]) -> Query:
    """Documents that hold any of the analysed words in a field, scored by BM25."""
    return Query.boolean_query(
        [(Occur.Should, Query.term_query(schema, field, word, "freq")) for word in words]
    )


class Wording(NamedTuple):
    """The analysed words of a text, each once, and those pairs of them that count."""

    words: Sequence[str]
    pairs: Sequence[Pair] = ()


def best_of(
    schema: tantivy.Schema,
    fields: Sequence[Field],
    wordings: Iterable[Wording],
    scoring: LexicalScoring,
) -> Query | None:
    """Documents that hold any word of any wording, a document's score its best over them; ``None``
    if there is no word.
    """
    distinct = dict.fromkeys(item for item in wordings if item.words)
    queries = [scored(schema, fields, wording, scoring) for wording in distinct]
    if len(queries) > 1:
        return Query.disjunction_max_query(queries, 0.0)
    return queries[0] if queries else None


def scored(
    schema: tantivy.Schema, fields: Iterable[Field], wording: Wording, scoring: LexicalScoring
) -> Query:
    """Documents that hold any of the analysed words, scored as ``tandem.scoring`` says."""
    by_field = [
        Query.boost_query(any_word(schema, text_field(field), wording.words), scoring.weight(field))
        for field in fields
    ]
    best_field = Query.disjunction_max_query(by_field, TIE_BREAKER)
    return Query.boolean_query(
        [
            (Occur.Must, any_word(schema, ALL, wording.words)),
            (Occur.Should, Query.boost_query(best_field, FIELDS_SHARE)),
            *((Occur.Should, query) for query in _together(schema, wording.pairs, scoring)),
        ]
    )


def _together(
    schema: tantivy.Schema, pairs: Sequence[Pair], scoring: LexicalScoring
) -> Iterator[Query]:
    """Documents in which the words of a pair stand as in the text, and those where they are near
    each other.
    """
    for first, second, distance, *_ in pairs:
        if scoring.phrase:
            phrase = Query.phrase_query(schema, ALL, [(0, first), (distance, second)])
            yield Query.boost_query(phrase, scoring.phrase)
        if scoring.proximity:
            near = Query.phrase_query(schema, ALL, [first, second], NEAR_SLOP)
            yield Query.boost_query(near, scoring.proximity)


def among(schema: tantivy.Schema, document_ids: Collection[str]) -> Query:
    """The documents of those ids."""
    # For some hundred ids, single terms are looked up faster than one set is built.
    return Query.boolean_query(
        [
            (Occur.Should, Query.term_query(schema, "document_id", document_id, "basic"))
            for document_id in document_ids
        ]
    )


def unscored(query: Query) -> tuple[Occur, Query]:
    """A clause that must match and adds nothing to a score."""
    return Occur.Must, Query.const_score_query(query, 0.0)


def required(schema: tantivy.Schema, item: Filter) -> tuple[Occur, Query]:
    """A filter as a clause that must hold and adds nothing to a score."""
    return unscored(_filter_query(schema, item))


def hits_with_ties(searcher: tantivy.Searcher, query: Query, limit: int) -> list[tuple[Any, Any]]:
    """The best ``limit`` hits, and those whose score equals the last one's."""
    wanted = limit + 1
    while True:
        hits: list[tuple[Any, Any]] = searcher.search(query, limit=wanted, count=False).hits
        if len(hits) <= limit:
            return hits
        last = hits[limit - 1][0]
        if len(hits) < wanted or hits[-1][0] < last or wanted > limit + MOST_TIES:
            return [hit for hit in hits if hit[0] >= last]
        wanted *= 2


def all_hits(searcher: tantivy.Searcher, query: Query, *, expected: int) -> list[tuple[Any, Any]]:
    """Every hit: where damage makes them more than ``expected``, none pushes out another."""
    hits: list[tuple[Any, Any]] = searcher.search(query, limit=expected + 1, count=False).hits
    if len(hits) <= expected:
        return hits
    everything: list[tuple[Any, Any]]
    everything = searcher.search(query, limit=searcher.num_docs, count=False).hits
    return everything


def count(searcher: tantivy.Searcher, query: Query) -> int:
    """How many documents match."""
    found: Any = searcher.search(query, limit=1, count=True)
    return int(found.count)


def sequences(first: int, last: int | None, schema: tantivy.Schema) -> Query:
    """Documents whose sequence is in ``first`` to ``last``, both included."""
    lower = max(first, 0)
    return Query.range_query(schema, "sequence", tantivy.FieldType.Unsigned, lower, last)


def _filter_query(schema: tantivy.Schema, item: Filter) -> Query:
    if isinstance(item, Not):
        excluded = Query.boolean_query([required(schema, part) for part in item.filters])
        return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, excluded)])
    name = filter_field(item.field)
    if isinstance(item, Range):
        return _range_query(schema, name, item)
    if item.field.type is FieldType.KEYWORD:
        return Query.term_set_query(schema, name, list(item.values))
    return Query.boolean_query(
        [(Occur.Should, _equals_query(schema, name, item, value)) for value in item.values]
    )


def _equals_query(schema: tantivy.Schema, name: str, item: AnyOf, value: Any) -> Query:
    if item.field.type is FieldType.BOOLEAN:
        return Query.term_query(schema, name, value)
    return _range_query(schema, name, Range(item.field, gte=value, lte=value))


def _range_query(schema: tantivy.Schema, name: str, item: Range) -> Query:
    kind = (
        tantivy.FieldType.Float if item.field.type is FieldType.FLOAT else tantivy.FieldType.Integer
    )
    parts = []
    for lower, inclusive in ((item.gt, False), (item.gte, True)):
        if lower is not None:
            bound = engine_value(lower)
            parts.append(Query.range_query(schema, name, kind, bound, None, inclusive, True))
    for upper, inclusive in ((item.lt, False), (item.lte, True)):
        if upper is not None:
            bound = engine_value(upper)
            parts.append(Query.range_query(schema, name, kind, None, bound, True, inclusive))
    return Query.boolean_query([(Occur.Must, part) for part in parts])
