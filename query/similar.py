"""Similar documents: questions made of a document in place of a text.

By words: its most telling ones, searched for like a text. By meaning: the middle of its passages.
The document itself is no answer.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from query.legs import LexicalQuestion
from tandem.documents import Document
from tandem.filters import Filter
from tandem.lexical import LexicalIndex
from tandem.protocols import Embedder, FloatVector, VectorIndex
from tandem.rankings import Ranking
from tandem.schema import Schema

MOST_WORDS = 25
"""The most telling ones; each costs about as much as a word that somebody types."""

LONGEST_TEXT = 4_000
"""Characters of a document that are looked at for them, its body last."""

LEAST_HOLDERS = 2
"""Documents that must hold a word: one that only the document itself holds leads nowhere."""


def told_text(document: Document, schema: Schema) -> str:
    """What a document says of itself: its title, other texts, and the beginning of its body."""
    others = [field.name for field in schema.text_fields if field.name not in ("title", "body")]
    pieces = (document.text(name) for name in ("title", *others, "body"))
    return "\n".join(piece for piece in pieces if piece)[:LONGEST_TEXT]


def telling_text(index: LexicalIndex, text: str, timeout_seconds: float) -> str:
    """The words of a text that tell it best from other documents, the best first: those that are
    frequent in it and rare elsewhere (tf idf).
    """
    known = index.words(text, timeout_seconds=timeout_seconds)
    count = index.count()
    times = Counter(text[word.start : word.end].lower() for word in known)
    holders = {text[word.start : word.end].lower(): word.documents for word in known}
    weights = {
        word: frequency * math.log1p(count / holders[word])
        for word, frequency in times.items()
        if holders[word] >= LEAST_HOLDERS
    }
    best = sorted(weights, key=lambda word: (-weights[word], word))
    return " ".join(best[:MOST_WORDS])


def _without(ranking: Ranking, document_id: str, limit: int) -> Ranking:
    scores = ((name, score) for name, score in ranking.scores().items() if name != document_id)
    return Ranking.from_scores(ranking.name, scores, limit=limit)


class SimilarWords:
    """What has the seed's telling words, for the lexical index."""

    def __init__(self, index: LexicalIndex, seed: Document, schema: Schema) -> None:
        self._index = index
        self._seed = seed
        self._schema = schema
        self._asked: LexicalQuestion | None = None

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        asked = self._question(timeout_seconds)
        found = asked.retrieve(filters, limit + 1, timeout_seconds)
        return _without(found, self._seed.document_id, limit)

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._question(timeout_seconds).score(document_ids, timeout_seconds)

    def _question(self, timeout_seconds: float) -> LexicalQuestion:
        """Made once, by whoever needs it first."""
        if self._asked is None:
            told = told_text(self._seed, self._schema)
            text = telling_text(self._index, told, timeout_seconds)
            self._asked = LexicalQuestion(self._index, text)
        return self._asked


class SimilarMeaning:
    """What is near the middle of the seed's passages, for the vector index."""

    def __init__(self, index: VectorIndex, embedder: Embedder, seed: Document) -> None:
        self._index = index
        self._embedder = embedder
        self._seed = seed

    @cached_property
    def vector(self) -> FloatVector:
        """Of length 1, or of zeros where the seed says nothing. One that is not in the index yet is
        embedded by its beginning.
        """
        held = self._index.vectors([self._seed.document_id])
        passages = held.get(self._seed.document_id)
        if passages is None or not len(passages):
            text = f"{self._seed.title}\n{self._seed.body}"[:LONGEST_TEXT]
            passages = self._embedder.embed_documents([text])
        return middle(passages)

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        found = self._index.search(
            self.vector, filters=filters, limit=limit + 1, timeout_seconds=timeout_seconds
        )
        return _without(found, self._seed.document_id, limit)

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._index.score(self.vector, document_ids, timeout_seconds=timeout_seconds)


def middle(vectors: Iterable[FloatVector]) -> FloatVector:
    """The mean of vectors, of length 1; zeros where they cancel each other out."""
    mean = np.mean(np.asarray(list(vectors), np.float64), axis=0)
    length = float(np.linalg.norm(mean))
    scaled: FloatVector = np.asarray(mean / length if length > 1e-9 else mean * 0.0, np.float32)
    return scaled
