"""Finding titles to suggest in tantivy: what ``tandem.suggestions`` asks for."""

from collections.abc import Sequence

import tantivy
from tantivy import Occur, Query

from tandem.suggestions import (
    CANDIDATES,
    SEPARATOR,
    Find,
    Match,
    entry,
    line,
    may_be_misspelt,
    title_of,
)

TITLE_WORDS = "title_words"
"""The folded words of a title that may be suggested, one term each."""

TITLE_ENTRY = "title_entry"
"""The title's entry as one term, in a column: entries are found and sorted without a document."""


def declare_suggestions(builder: tantivy.SchemaBuilder) -> None:
    """The fields that suggestions need."""
    builder.add_text_field(TITLE_WORDS, tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field(TITLE_ENTRY, fast=True, tokenizer_name="raw", index_option="basic")


def add_suggestion(prepared: tantivy.Document, title: str) -> None:
    """What a document holds of its title, if it may be suggested."""
    held = entry(title)
    if held is not None:
        prepared.add_text(TITLE_WORDS, line(title))
        prepared.add_text(TITLE_ENTRY, held)


def title_finder(
    searcher: tantivy.Searcher, schema: tantivy.Schema, filters: Sequence[tuple[Occur, Query]]
) -> Find:
    """Titles under the filters, the smallest entries of those that match."""

    def find(asked: Sequence[str], match: Match) -> list[str]:
        query = Query.boolean_query([*_clauses(schema, asked, match), *filters])
        # A terms aggregation and not a search: it gives each title once, however many have it.
        terms = {"field": TITLE_ENTRY, "size": CANDIDATES, "order": {"_key": "asc"}}
        found = searcher.aggregate(query, {"titles": {"terms": terms}})
        return [title_of(bucket["key"]) for bucket in found["titles"]["buckets"]]

    return find


def _clauses(
    schema: tantivy.Schema, asked: Sequence[str], match: Match
) -> list[tuple[Occur, Query]]:
    if match is Match.BEGINNING:
        # Folded words hold letters, digits and marks alone: nothing in them is a pattern.
        pattern = f"[0-9]+{SEPARATOR}{' '.join(asked)}.*"
        return [(Occur.Must, Query.regex_query(schema, TITLE_ENTRY, pattern))]
    edits = 1 if match is Match.MISSPELT else 0
    *whole, last = asked
    return [
        *((Occur.Must, _word(schema, word, edits)) for word in dict.fromkeys(whole)),
        (Occur.Must, _word(schema, last, edits, unfinished=True)),
    ]


def _word(schema: tantivy.Schema, word: str, edits: int, *, unfinished: bool = False) -> Query:
    distance = edits if may_be_misspelt(word) else 0
    if not distance and not unfinished:
        return Query.term_query(schema, TITLE_WORDS, word, "basic")
    return Query.fuzzy_term_query(schema, TITLE_WORDS, word, distance, True, unfinished)
