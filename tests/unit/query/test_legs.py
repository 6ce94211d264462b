"""A leg's questions reach its index as they were asked; a text is embedded once."""

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import numpy as np

from query.legs import LexicalLeg, VectorLeg
from tandem.filters import AnyOf
from tandem.lexical import LexicalIndex
from tandem.protocols import FloatMatrix, VectorIndex
from tandem.rankings import Ranking
from tests.builders import schema_of
from tests.fakes import HashEmbedder

FILTERS = (AnyOf(schema_of(genre="keyword").by_name["genre"], ("x",)),)
RANKING = Ranking.from_scores("any", [("a", 1.0)])


class Recorder:
    """An index that notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, dict[str, Any]]] = []

    def search(self, what: Any, **keywords: Any) -> Ranking:
        """Noted."""
        self.asked.append(("search", what, keywords))
        return RANKING

    def score(
        self, what: Any, document_ids: Collection[str], **keywords: Any
    ) -> Mapping[str, float]:
        """Noted."""
        self.asked.append(("score", what, {"document_ids": document_ids, **keywords}))
        return {"a": 1.0}


class CountingEmbedder(HashEmbedder):
    """Counts the queries that it embeds."""

    queries = 0

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """Counted."""
        self.queries += len(texts)
        return super().embed_queries(texts)


def test_words_reach_the_lexical_index() -> None:
    """The text, filters, limit and time as given."""
    index = Recorder()
    leg = LexicalLeg(cast("LexicalIndex", index))
    question = leg.ask("some words")
    assert index.asked == [], "nothing happens before the question is used"
    assert question.retrieve(FILTERS, 7, 0.5) == RANKING
    assert question.score(["a"], 0.25) == {"a": 1.0}
    assert leg.name == "lexical"
    assert index.asked == [
        ("search", "some words", {"filters": FILTERS, "limit": 7, "timeout_seconds": 0.5}),
        ("score", "some words", {"document_ids": ["a"], "timeout_seconds": 0.25}),
    ]


def test_meaning_reaches_the_vector_index_embedded_once() -> None:
    """Retrieval and completion share one embedding, made only when it is needed."""
    index, embedder = Recorder(), CountingEmbedder()
    question = VectorLeg(cast("VectorIndex", index), embedder).ask("some words")
    assert embedder.queries == 0
    question.retrieve(FILTERS, 7, 0.5)
    question.score(["a"], 0.25)
    assert embedder.queries == 1
    expected = HashEmbedder().embed_queries(["some words"])[0]
    assert [call for call, _, _ in index.asked] == ["search", "score"]
    for _, vector, _ in index.asked:
        np.testing.assert_array_equal(vector, expected)


def test_two_threads_may_use_one_question() -> None:
    """Whoever comes first embeds; both get the same vector."""
    index, embedder = Recorder(), CountingEmbedder()
    question = VectorLeg(cast("VectorIndex", index), embedder).ask("some words")
    threads = [threading.Thread(target=question.score, args=(["a"], 1.0)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = index.asked[0][1]
    assert all(np.array_equal(vector, first) for _, vector, _ in index.asked)
    assert len(index.asked) == 4
