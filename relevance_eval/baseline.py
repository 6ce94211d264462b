"""BM25 by ``rank-bm25``: an order of words that shares no code with the engines."""

from collections.abc import Callable, Iterable, Sequence

from tandem.documents import Document
from tandem.errors import InputError
from tandem.queries import Query
from tandem.rankings import Ranking, SearchResult

NAME = "bm25"
Words = Callable[[str], Sequence[str]]


class Bm25Baseline:
    """A ``Searcher`` over titles and bodies in memory: Okapi BM25 with k1 = 1.5, b = 0.75.

    Documents that hold none of a query's words are not found. Filters and pages it has not.

    Raises:
        InputError: no document has a word.
    """

    def __init__(self, documents: Iterable[Document], words: Words) -> None:
        from rank_bm25 import BM25Okapi

        self._words = words
        self._ids: list[str] = []
        texts: list[list[str]] = []
        for document in documents:
            found = words(f"{document.title} {document.body}")
            if found:
                self._ids.append(document.document_id)
                texts.append(list(found))
        if not texts:
            raise InputError(
                "no document has a word in its title or body, so there is no baseline by words",
                hint="evaluate without --baseline",
            )
        self._holding: dict[str, list[int]] = {}
        for row, text in enumerate(texts):
            for word in set(text):
                self._holding.setdefault(word, []).append(row)
        self._scorer = BM25Okapi(texts)

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        words = self._words(query.text)
        rows = sorted({row for word in words for row in self._holding.get(word, ())})
        scores = self._scorer.get_batch_scores(words, rows) if rows else []
        found = zip((self._ids[row] for row in rows), scores, strict=True)
        page = Ranking.from_scores(
            NAME, ((name, float(score)) for name, score in found), limit=query.limit
        )
        return SearchResult(query, page, {}, NAME, 0)
