"""Finding titles to suggest in tantivy: what ``tandem.suggestions`` asks for."""

from collections.abc import Sequence

import tantivy
from tantivy import Occur, Query

from tandem.suggestions import (
    Find,
    Match,
    entry,
    line,
    may_be_misspelt,
    title_of,
)

TITLE_WORDS = "title_words"
"""The folded words of a title that may be suggested, and the first one once more, marked."""

TITLE_ENTRY = "title_entry"
"""The title's entry in a column: the smallest are found without reading a document."""

FIRST = "^"
"""Marks the first word. What is one edit from a marked word is one edit from the word, too."""

NOTHING = "nothing"
"""The analyzer of what is held in a column alone: the inverted index would double its size."""


def declare_suggestions(builder: tantivy.SchemaBuilder) -> None:
    """The fields that suggestions need."""
    builder.add_text_field(TITLE_WORDS, tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field(TITLE_ENTRY, fast=True, tokenizer_name=NOTHING, index_option="basic")


def register_suggestions(index: tantivy.Index) -> None:
    """The analyzers of those fields, needed after every opening."""
    nothing = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(r"[^\s\S]")).build()
    index.register_tokenizer(NOTHING, nothing)
    whole = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).build()
    index.register_fast_field_tokenizer(NOTHING, whole)


def add_suggestion(prepared: tantivy.Document, title: str) -> None:
    """What a document holds of its title, if it may be suggested."""
    held = entry(title)
    if held is not None:
        words_of_it = line(title)
        first, _, _ = words_of_it.partition(" ")
        prepared.add_text(TITLE_WORDS, f"{FIRST}{first} {words_of_it}")
        prepared.add_text(TITLE_ENTRY, held)


def title_finder(
    searcher: tantivy.Searcher, schema: tantivy.Schema, filters: Sequence[tuple[Occur, Query]]
) -> Find:
    """Titles under the filters, the smallest entries of those that match."""

    def find(asked: Sequence[str], match: Match, count: int) -> list[str]:
        query = Query.boolean_query([*_clauses(schema, asked, match), *filters])
        # A terms aggregation and not a search: it gives each title once, however many have it.
        # In order of the key, the first of every segment are enough to know the first of all.
        order = {"_key": "asc"}
        terms = {"field": TITLE_ENTRY, "size": count, "segment_size": count, "order": order}
        found = searcher.aggregate(query, {"titles": {"terms": terms}})
        return [title_of(bucket["key"]) for bucket in found["titles"]["buckets"]]

    return find


def _clauses(
    schema: tantivy.Schema, asked: Sequence[str], match: Match
) -> list[tuple[Occur, Query]]:
    edits = 1 if match is Match.MISSPELT else 0
    *whole, last = asked
    required = [_word(schema, word, edits) for word in dict.fromkeys(whole)]
    required.append(_word(schema, last, edits, unfinished=True))
    if match is Match.BEGINNING:
        required.append(_word(schema, FIRST + asked[0], 0, unfinished=not whole))
    return [(Occur.Must, query) for query in required]


def _word(schema: tantivy.Schema, word: str, edits: int, *, unfinished: bool = False) -> Query:
    distance = edits if may_be_misspelt(word) else 0
    if not distance and not unfinished:
        return Query.term_query(schema, TITLE_WORDS, word, "basic")
    return Query.fuzzy_term_query(schema, TITLE_WORDS, word, distance, True, unfinished)
