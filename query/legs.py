"""The legs of a search. A leg is asked a question: first for its best, then for exact scores."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from tandem.filters import Filter
from tandem.lexical import LexicalIndex
from tandem.protocols import Embedder, FloatVector, VectorIndex
from tandem.rankings import Ranking


class Question(Protocol):
    """One text, put to one leg."""

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """The leg's best ``limit`` documents under the filters."""
        ...

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """The leg's exact scores of given documents; what it cannot match is left out."""
        ...


class Leg(Protocol):
    """One engine, as the pipeline sees it."""

    @property
    def name(self) -> str:
        """``lexical`` or ``vector``."""
        ...

    def ask(self, text: str) -> Question:
        """Put a text to it; nothing happens before the question is used."""
        ...


class LexicalLeg:
    """Words."""

    name = "lexical"

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index

    def ask(self, text: str) -> "LexicalQuestion":
        """See ``Leg``."""
        return LexicalQuestion(self._index, text)


class LexicalQuestion:
    """A text for the lexical index."""

    def __init__(self, index: LexicalIndex, text: str) -> None:
        self._index = index
        self._text = text

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        return self._index.search(
            self._text, filters=filters, limit=limit, timeout_seconds=timeout_seconds
        )

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._index.score(self._text, document_ids, timeout_seconds=timeout_seconds)


class VectorLeg:
    """Meaning."""

    name = "vector"

    def __init__(self, index: VectorIndex, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder

    def ask(self, text: str) -> "VectorQuestion":
        """See ``Leg``."""
        return VectorQuestion(self._index, self._embedder, text)


class VectorQuestion:
    """A text for the vector index, embedded once, by whoever needs it first."""

    def __init__(self, index: VectorIndex, embedder: Embedder, text: str) -> None:
        self._index = index
        self._embedder = embedder
        self._text = text

    @cached_property
    def _vector(self) -> FloatVector:
        vector: FloatVector = self._embedder.embed_queries([self._text])[0]
        return vector

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        return self._index.search(
            self._vector, filters=filters, limit=limit, timeout_seconds=timeout_seconds
        )

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._index.score(self._vector, document_ids, timeout_seconds=timeout_seconds)
