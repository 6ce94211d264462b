"""A leg's questions reach its index as they were asked; a text is embedded once."""

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import numpy as np

from query.legs import LexicalLeg, VectorLeg
from tandem.documents import Document
from tandem.filters import AnyOf
from tandem.lexical import LexicalIndex, Matching
from tandem.passages import PassageSplitter
from tandem.protocols import FloatMatrix, VectorIndex
from tandem.rankings import Ranking
from tandem.scoring import LexicalScoring
from tests.builders import schema_of
from tests.fakes import HashEmbedder

FILTERS = (AnyOf(schema_of(genre="keyword").by_name["genre"], ("x",)),)
SCORING = LexicalScoring.of({"title": 2.0}, phrase=0.5)
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
    """The text, its other wordings, filters, scoring, limit and time as given."""
    index = Recorder()
    leg = LexicalLeg(cast("LexicalIndex", index), SCORING)
    question = leg.ask("some words", ["other"])
    assert index.asked == [], "nothing happens before the question is used"
    assert question.retrieve(FILTERS, 7, 0.5) == RANKING
    assert question.score(["a"], 0.25) == {"a": 1.0}
    assert index.asked == [
        (
            "search",
            "some words",
            {
                "variants": ("other",),
                "filters": FILTERS,
                "scoring": SCORING,
                "limit": 7,
                "timeout_seconds": 0.5,
            },
        ),
        (
            "score",
            "some words",
            {
                "document_ids": ["a"],
                "variants": ("other",),
                "scoring": SCORING,
                "timeout_seconds": 0.25,
            },
        ),
    ]
    assert question.matching() == Matching("some words", ("other",))


def test_meaning_reaches_the_vector_index_embedded_once() -> None:
    """Retrieval and completion share one embedding, made only when it is needed."""
    index, embedder = Recorder(), CountingEmbedder()
    question = VectorLeg(cast("VectorIndex", index), embedder, 32).ask("some words")
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
    question = VectorLeg(cast("VectorIndex", index), embedder, 32).ask("some words")
    threads = [threading.Thread(target=question.score, args=(["a"], 1.0)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = index.asked[0][1]
    assert all(np.array_equal(vector, first) for _, vector, _ in index.asked)
    assert len(index.asked) == 4


class Held:
    """A ``VectorIndex`` that holds given vectors."""

    def __init__(self, vectors: Mapping[str, FloatMatrix]) -> None:
        self._vectors = vectors

    def vectors(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """See ``VectorIndex``."""
        return {name: self._vectors[name] for name in document_ids if name in self._vectors}


def test_the_nearest_passage_is_shown() -> None:
    """The piece of the body alone, whichever it is; a title without a body has nothing to show,
    and of a document whose passages are not those of the index nothing is known.
    """
    embedder = HashEmbedder(window=8)
    body = " ".join(f"w{number}" for number in range(20))
    long, short = Document("long", "A title", body), Document("short", "", "few words")
    bare, other = Document("bare", "A title"), Document("other", "", body)
    splitter = PassageSplitter(embedder, 8)
    passages, pieces = splitter.split([long])[0], splitter.pieces([long])[0]
    held = {
        "long": embedder.embed_documents(passages),
        "short": embedder.embed_documents(["few words"]),
        "bare": embedder.embed_documents(["A title"]),
        "other": embedder.embed_documents(["an older body of one passage"]),
    }
    leg = VectorLeg(cast("VectorIndex", Held(held)), embedder, 512)
    assert len(passages) > 2
    for passage, piece in zip(passages, pieces, strict=True):
        shown = leg.ask(passage).passages([long, short, bare, other, Document("unknown")])
        assert shown == {"long": piece, "short": "few words", "bare": ""}
