"""How many documents hold a word, and which words resemble one, in tantivy."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import tantivy
from tantivy import Occur, Query

from tandem.documents import Document
from tandem.engines.tantivy_mapping import ALL, WORDS, stored_document
from tandem.engines.tantivy_queries import count, required
from tandem.engines.tantivy_tokens import WordReader
from tandem.fields import Field
from tandem.filters import Filter
from tandem.lexical import TextWord
from tandem.spelling import Written, edits, edits_allowed, nearest, written

EXACTLY = 1_000
"""Up to so many documents are counted one by one. Beyond it some may be deleted ones: nobody asks
whether a thousand is right, and counting a frequent word takes milliseconds.
"""

DOCUMENTS_AT_ONCE = 3
"""Of how many documents the words are read before those known are excluded."""

ROUNDS = 12
"""How often that is done: what many documents hold is known before."""


class Vocabulary:
    """The analysed words of the documents that filters leave."""

    def __init__(
        self, searcher: tantivy.Searcher, schema: tantivy.Schema, filters: Sequence[Filter] = ()
    ) -> None:
        self.searcher = searcher
        self._schema = schema
        self._under = [required(schema, item) for item in filters]

    def words(self, reader: WordReader, text: str) -> list[TextWord]:
        """The words of a text, each with the documents that hold it."""
        spans = reader.spans(text)
        counts = {
            word: self.holding(ALL, word) for word in dict.fromkeys(span.word for span in spans)
        }
        return [TextWord(span.start, span.end, counts[span.word]) for span in spans]

    def holding(self, field: str, word: str) -> int:
        """How many documents hold an analysed word."""
        ever = int(self.searcher.doc_freq(field, word))
        if not ever or (ever > EXACTLY and not self._under):
            return ever
        query = Query.term_query(self._schema, field, word, "basic")
        return count(self.searcher, Query.boolean_query([(Occur.Must, query), *self._under]))

    def near(self, word: str, distance: int, without: Iterable[str], most: int) -> list[Document]:
        """Some documents that hold a word within the edits, and none of others."""
        near = Query.fuzzy_term_query(self._schema, WORDS, word, distance)
        clauses = [
            (Occur.MustNot, Query.term_query(self._schema, WORDS, other, "basic"))
            for other in without
        ]
        query = Query.boolean_query([(Occur.Must, near), *self._under, *clauses])
        hits = self.searcher.search(query, limit=most, count=False).hits
        return [stored_document(self.searcher.doc(address)) for _, address in hits]


class SpellingReader:
    """Finds what may be meant by a misspelt word.

    Tantivy tells which documents hold a word within some edits, not which word that is. So a few of
    them are read, and asked for again without the words known by now, until there are no more. What
    is missed by that stands in no document without one of those words. ``plain`` is an analyzer
    that folds words as the index does, and leaves none out.
    """

    def __init__(
        self, held: Vocabulary, fields: Sequence[Field], plain: tantivy.TextAnalyzer
    ) -> None:
        self._held = held
        self._fields = fields
        self._plain = plain

    def resembling(self, word: str, limit: int) -> list[str]:
        """See ``LexicalIndex``."""
        asked, most = self._folded(word.lower()), edits_allowed(word)
        spelt: dict[str, str] = {}
        for distance in range(1, most + 1):
            for _ in range(ROUNDS):
                known = (asked, *spelt)
                documents = self._held.near(asked, distance, known, DOCUMENTS_AT_ONCE)
                read = self._spelt(documents, asked, most)
                if read.keys() <= spelt.keys():
                    break
                spelt = read | spelt
            if sum(edits(word, asked, distance) is not None for word in _proposed(spelt)) >= limit:
                break
        counted = [
            Written(surface, word, self._held.holding(WORDS, word))
            for word, surface in _proposed(spelt).items()
        ]
        return nearest(asked, counted, limit)

    def _spelt(self, documents: Iterable[Document], asked: str, most: int) -> dict[str, str]:
        """Folded word -> as most of the documents write it, of words within the edits."""
        forms: dict[str, Counter[str]] = {}
        for document in documents:
            text = "\n".join(document.text(field.name) for field in self._fields)
            for surface in written(text, shortest=len(asked) - most, longest=len(asked) + most):
                plain = self._folded(surface)
                # a stop word is in the text and not in the index
                if edits(plain, asked, most) and self._held.searcher.doc_freq(WORDS, plain):
                    forms.setdefault(plain, Counter())[surface] += 1
        return {
            word: min(surfaces, key=lambda form: (-surfaces[form], form))
            for word, surfaces in forms.items()
        }

    def _folded(self, word: str) -> str:
        return word if word.isascii() else "".join(self._plain.analyze(word))


def _proposed(spelt: Mapping[str, str]) -> Mapping[str, str]:
    """Words of letters alone: codes and possessives correct nothing."""
    return {word: surface for word, surface in spelt.items() if surface.isalpha()}
