"""Tandem's words and filters as OpenSearch's queries: plain dictionaries."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from tandem.engines.neighbours import Pair
from tandem.engines.opensearch_mapping import (
    ALL,
    DOCUMENT_ID,
    SEQUENCE,
    TITLE_BEGINNINGS,
    TITLE_ENTRY,
    TITLE_LINE,
    TITLE_WORDS,
    engine_value,
    filter_field,
    text_field,
)
from tandem.filters import AnyOf, Filter, Range
from tandem.schema import Schema
from tandem.scoring import DEFAULT, FIELDS_SHARE, NEAR_SLOP, TIE_BREAKER, LexicalScoring
from tandem.suggestions import Match, may_be_misspelt

BOUNDS = ("gt", "gte", "lt", "lte")
MOST_CLAUSES = 896
"""How many words times fields a query may score, and pairs: Lucene counts the clauses of a whole
query, allows 1,024, and filters need some.
"""
CLAUSES_OF_A_PAIR = 2
"""One as a phrase and one near each other."""

RUN = re.compile(r"[^\W_]+")


class Text(NamedTuple):
    """A text to be matched, analysed by each field's own analyzer; or, where the words were too
    many, those of them that are scored, analysed already. ``pairs`` are those that count.
    """

    query: str
    is_analysed: bool = False
    pairs: Sequence[Pair] = ()


class Wordings(NamedTuple):
    """Texts to be matched, and words of them that match but are not scored."""

    texts: Sequence[Text] = ()
    others: Sequence[str] = ()


def count_words(text: str) -> int:
    """How many words a text may have: never fewer than an analyzer makes of it."""
    return sum(1 for _ in RUN.finditer(text))


def scored_words(schema: Schema, pairs: int = 0) -> int:
    """How many words a query may score beside so many pairs: each costs a clause in every field,
    and in all of them.
    """
    return (MOST_CLAUSES - CLAUSES_OF_A_PAIR * pairs) // (1 + len(schema.text_fields))


def shares(texts: Iterable[str], most: int) -> dict[str, int]:
    """How many of its words each text may score, ``most`` together: the shortest first, each what
    it needs, but no more than an equal part of what is left.
    """
    given = {}
    waiting = sorted(set(texts), key=lambda text: (count_words(text), text))
    for number, text in enumerate(waiting):
        given[text] = min(count_words(text), most // (len(waiting) - number))
        most -= given[text]
    return given


def any_word(field: str, text: Text, boost: float = 1.0) -> dict[str, Any]:
    """Documents that hold any of the text's scored words in a field, scored by BM25."""
    match: dict[str, Any] = {"query": text.query, "boost": boost}
    if text.is_analysed:
        match["analyzer"] = "whitespace"
    return {"match": {field: match}}


def scored(text: Text, schema: Schema, scoring: LexicalScoring = DEFAULT) -> dict[str, Any]:
    """What a search matches and how it scores, the same shape as in tantivy; see
    ``tandem.scoring``.
    """
    by_field = [
        any_word(text_field(field), text, scoring.weight(field)) for field in schema.text_fields
    ]
    best = {"dis_max": {"queries": by_field, "tie_breaker": TIE_BREAKER, "boost": FIELDS_SHARE}}
    should = [best, *_together(text.pairs, scoring)]
    return {"bool": {"must": [any_word(ALL, text)], "should": should}}


def _together(pairs: Sequence[Pair], scoring: LexicalScoring) -> Iterator[dict[str, Any]]:
    """Documents in which the words of a pair stand as in the text, and those where they are near
    each other.
    """
    for pair in pairs:
        if scoring.phrase:
            yield _phrase(pair.text, scoring.phrase, 0)
        if scoring.proximity:
            yield _phrase(pair.words, scoring.proximity, NEAR_SLOP)


def _phrase(text: str, boost: float, slop: int) -> dict[str, Any]:
    return {"match_phrase": {ALL: {"query": text, "slop": slop, "boost": boost}}}


def best_of(
    wordings: Wordings, schema: Schema, scoring: LexicalScoring = DEFAULT
) -> dict[str, Any]:
    """What holds a word of any wording; a document's score is its best over them."""
    each = [*(scored(text, schema, scoring) for text in wordings.texts), *_unscored(wordings)]
    if len(each) > 1:
        return {"dis_max": {"queries": each, "tie_breaker": 0}}
    return each[0] if each else {"match_none": {}}


def matched(wordings: Wordings) -> list[dict[str, Any]]:
    """The same, one of which must hold; for where nothing is scored."""
    return [*(any_word(ALL, text) for text in wordings.texts), *_unscored(wordings)]


def _unscored(wordings: Wordings) -> list[dict[str, Any]]:
    others = {"terms": {ALL: list(wordings.others)}}
    return [{"constant_score": {"filter": others, "boost": 0}}] if wordings.others else []


def filtered(query: dict[str, Any], clauses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A query under clauses that must hold and add nothing to its score."""
    return {"bool": {"must": [query], "filter": list(clauses)}} if clauses else query


def among(document_ids: Collection[str]) -> dict[str, Any]:
    """The documents of those ids."""
    return {"terms": {DOCUMENT_ID: list(document_ids)}}


def filter_clauses(filters: Sequence[Filter]) -> list[dict[str, Any]]:
    """Each filter as a clause."""
    return [_filter_clause(item) for item in filters]


def _filter_clause(item: Filter) -> dict[str, Any]:
    if isinstance(item, AnyOf):
        return {"terms": {filter_field(item.field): [engine_value(value) for value in item.values]}}
    if isinstance(item, Range):
        return _range_clause(item)
    return {"bool": {"must_not": [{"bool": {"filter": filter_clauses(item.filters)}}]}}


def _range_clause(item: Range) -> dict[str, Any]:
    """Each bound on its own: OpenSearch keeps only the last of ``gt`` and ``gte``."""
    name = filter_field(item.field)
    given = {bound: getattr(item, bound) for bound in BOUNDS}
    clauses = [
        {"range": {name: {bound: engine_value(value)}}}
        for bound, value in given.items()
        if value is not None
    ]
    return {"bool": {"filter": clauses}}


def hits_body(query: dict[str, Any], size: int) -> dict[str, Any]:
    """A search for ids and scores alone."""
    return {
        "query": query,
        "size": size,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": [DOCUMENT_ID],
        "track_total_hits": False,
    }


def sequence_page(first: int, last: int | None, size: int) -> dict[str, Any]:
    """The first page of documents by sequence; ``search_after`` asks for the next."""
    bounds = {"gte": first} if last is None else {"gte": first, "lte": last}
    return {
        **hits_body({"range": {SEQUENCE: bounds}}, size),
        "sort": [{SEQUENCE: "asc"}, {DOCUMENT_ID: "asc"}],
    }


def titles_body(
    asked: Sequence[str], match: Match, filters: Sequence[Filter], most: int
) -> dict[str, Any]:
    """The smallest entries of the titles that match the words, each once, as an aggregation."""
    clauses = [*_title_clauses(asked, match), *filter_clauses(filters)]
    terms = {"field": TITLE_ENTRY, "size": most, "order": {"_key": "asc"}}
    return {
        "query": {"bool": {"filter": clauses}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"titles": {"terms": terms}},
    }


def _title_clauses(asked: Sequence[str], match: Match) -> list[dict[str, Any]]:
    if match is Match.BEGINNING:
        return [{"prefix": {TITLE_LINE: {"value": " ".join(asked)}}}]
    *whole, last = asked
    is_misspelt = match is Match.MISSPELT
    clauses = [_word(TITLE_WORDS, word, is_misspelt) for word in dict.fromkeys(whole)]
    if is_misspelt and may_be_misspelt(last):
        return [*clauses, _word(TITLE_BEGINNINGS, last, is_misspelt)]
    return [*clauses, {"prefix": {TITLE_WORDS: {"value": last}}}]


def _word(field: str, word: str, is_misspelt: bool) -> dict[str, Any]:
    if not (is_misspelt and may_be_misspelt(word)):
        return {"term": {field: word}}
    # rewritten to a constant, or OpenSearch would look up the 50 nearest words alone
    fuzzy = {"value": word, "fuzziness": 1, "transpositions": True, "rewrite": "constant_score"}
    return {"fuzzy": {field: fuzzy}}
