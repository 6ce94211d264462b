"""Similar documents: questions made of a document in place of a text.

By words: its most telling ones, searched for like a text. By meaning: the middle of its passages.
The document itself is no answer.
"""

import math
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import numpy as np

from query.configurations import VECTOR
from query.questions import Fields, LexicalQuestion, VectorQuestion
from tandem.documents import Document
from tandem.filters import Filter
from tandem.lexical import LexicalIndex, Matching
from tandem.protocols import Embedder, FloatMatrix, FloatVector, VectorIndex
from tandem.rankings import Correction, Ranking
from tandem.scoring import DEFAULT, LexicalScoring

MOST_WORDS = 25
"""The most telling ones; each costs about as much as a word that somebody types."""

LONGEST_TEXT = 4_000
"""Characters of a document that are looked at for them, its body last."""

LEAST_HOLDERS = 2
"""Documents that must hold a word: one that only the document itself holds leads nowhere."""


def told_text(document: Document, fields: Sequence[str]) -> str:
    """What a document says of itself in text fields: its title first, its body last."""
    ordered = ("title", *(name for name in fields if name not in ("title", "body")), "body")
    pieces = (document.text(name) for name in ordered)
    return "\n".join(piece for piece in pieces if piece)[:LONGEST_TEXT]


def telling_text(index: LexicalIndex, text: str, timeout_seconds: float) -> str:
    """The words of a text that tell it best from other documents, the best first: those that are
    frequent in it and rare elsewhere (tf idf).
    """
    known = index.words(text, timeout_seconds=timeout_seconds)
    times: Counter[str] = Counter()
    holders: dict[str, int] = {}
    for word in known:
        written = text[word.start : word.end].lower()
        times[written] += 1
        holders[written] = word.documents
    count = max(index.count(), *holders.values(), 1)
    weights = {
        written: frequency * math.log1p(count / holders[written])
        for written, frequency in times.items()
        if holders[written] >= LEAST_HOLDERS
    }
    best = sorted(weights, key=lambda written: (-weights[written], written))
    return " ".join(best[:MOST_WORDS])


def _without(ranking: Ranking, document_id: str, limit: int) -> Ranking:
    scores = ((name, score) for name, score in ranking.scores().items() if name != document_id)
    return Ranking.from_scores(ranking.name, scores, limit=limit)


class SimilarWords:
    """What has a document's telling words, for the lexical index."""

    correction: Correction | None = None
    applied: tuple[str, ...] = ()

    def __init__(
        self,
        index: LexicalIndex,
        seed: Document,
        fields: Sequence[str],
        scoring: LexicalScoring = DEFAULT,
    ) -> None:
        self._index = index
        self._seed = seed
        self._fields = fields
        self._scoring = scoring.without_pairs()  # its words are a list, not a sentence
        self._asked = LexicalQuestion(index, "")

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        until = time.monotonic() + timeout_seconds
        told = told_text(self._seed, self._fields)
        telling = telling_text(self._index, told, timeout_seconds)
        self._asked = LexicalQuestion(self._index, telling, (), self._scoring)
        left = max(0.0, until - time.monotonic())
        found = self._asked.retrieve(filters, limit + 1, left)
        return _without(found, self._seed.document_id, limit)

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._asked.score(document_ids, timeout_seconds)

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """See ``WordQuestion``."""
        return self._asked.highlight(document_ids, timeout_seconds)

    def matching(self) -> Matching:
        """See ``WordQuestion``."""
        text = self._asked.text or None  # a blank one would stand for every document
        return Matching(text, without=(self._seed.document_id,))


class SimilarMeaning(VectorQuestion):
    """What is near the middle of a document's passages, for the vector index."""

    def __init__(
        self,
        index: VectorIndex,
        embedder: Embedder,
        document_id: str,
        text: str,
        passage_tokens: int,
    ) -> None:
        make = partial(_middle_of, index, embedder, document_id, text)
        super().__init__(index, embedder, make, passage_tokens)
        self._document_id = document_id

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``. Nothing is near a document that says nothing."""
        if not self._vector.any():
            return Ranking(VECTOR)
        found = super().retrieve(filters, limit + 1, timeout_seconds)
        return _without(found, self._document_id, limit)


def _middle_of(index: VectorIndex, embedder: Embedder, document_id: str, text: str) -> FloatVector:
    """The middle of a document's passages; of its text's beginning where they are not there yet."""
    passages = index.vectors([document_id]).get(document_id)
    if passages is None or not len(passages):
        passages = embedder.embed_documents([text])
    return middle(passages)


def middle(vectors: FloatMatrix) -> FloatVector:
    """The mean of vectors, of length 1; zeros where they cancel each other out."""
    mean = np.mean(np.asarray(vectors, np.float64), axis=0)
    length = float(np.linalg.norm(mean))
    scaled: FloatVector = np.asarray(mean / length if length > 1e-9 else mean * 0.0, np.float32)
    return scaled
