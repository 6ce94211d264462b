"""The independent baseline by words."""

import math

import pytest

from relevance_eval.baseline import Bm25Baseline
from tandem.documents import Document
from tandem.errors import InputError
from tandem.queries import Query

DOCUMENTS = [
    Document("a", "snow", "white snow on the hill"),
    Document("b", "", "white hill"),
    Document("c", "rain", "rain all day"),
    Document("d", "", ""),
    Document("e", "sun", "a long day of sun"),
]


def test_the_order_is_that_of_okapi_bm25() -> None:
    """Against the formula, written out here; title and body are one text."""
    found = Bm25Baseline(DOCUMENTS, str.split).search(Query("snow white"))
    lengths = [6, 2, 4, 6]
    mean = sum(lengths) / 4

    def share(frequency: int, documents: int, length: int) -> float:
        idf = math.log(4 - documents + 0.5) - math.log(documents + 0.5)
        return idf * frequency * 2.5 / (frequency + 1.5 * (0.25 + 0.75 * length / mean))

    scores = {hit.document_id: hit.score for hit in found.page.hits}
    assert list(scores) == ["a", "b"]
    white = share(1, 2, 6)  # a word in half of the documents counts next to nothing
    assert scores["a"] == pytest.approx(share(2, 1, 6) + white)
    assert found.degraded == ()


def test_documents_without_a_word_of_the_query_are_not_found() -> None:
    """Nor what no document has; the limit holds."""
    baseline = Bm25Baseline(DOCUMENTS, str.split)
    assert baseline.search(Query("fog")).page.hits == ()
    assert baseline.search(Query("")).page.hits == ()
    assert len(baseline.search(Query("day hill rain", limit=2)).page) == 2


def test_without_a_word_there_is_no_baseline() -> None:
    """The error says so, instead of a division by zero."""
    for documents in ([], [Document("a", "", "")]):
        with pytest.raises(InputError, match="no document has a word"):
            Bm25Baseline(documents, str.split)
