"""The legs of a search. A leg is asked a question: first for its best, then for exact scores, in
the end for what the hits of a page show of themselves.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from query.configurations import LEXICAL, VECTOR
from tandem.documents import Document
from tandem.filters import Filter
from tandem.lexical import LexicalIndex, Matching, Place, Tally
from tandem.passages import PassageSplitter
from tandem.protocols import Embedder, FloatVector, VectorIndex
from tandem.queries import Sort
from tandem.rankings import Ranking

Fields = Mapping[str, str]
"""``title`` or ``body`` -> HTML."""


class Question(Protocol):
    """One text, put to one leg."""

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """The leg's best ``limit`` documents under the filters."""
        ...

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """The leg's exact scores of given documents; what it cannot match is left out."""
        ...


class WordQuestion(Question, Protocol):
    """A question for the lexical leg."""

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """Where the words stand in given documents; see ``LexicalIndex.highlight``."""
        ...

    def matching(self) -> Matching:
        """The documents that its words match."""
        ...


class MeaningQuestion(Question, Protocol):
    """A question for the vector leg."""

    def passages(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """The text of each document's passage that is nearest in meaning, without its title; a
        document that the index does not hold is left out.
        """
        ...


class WordLeg(Protocol):
    """Words, as the pipeline sees them."""

    def ask(self, text: str, variants: Sequence[str] = ()) -> WordQuestion:
        """Put a text to it; nothing happens before the question is used."""
        ...

    def tally(
        self,
        matching: Matching,
        filters: Sequence[Filter],
        fields: Sequence[str],
        timeout_seconds: float,
    ) -> Tally:
        """See ``LexicalIndex``."""
        ...

    def browse(
        self,
        sort: Sort,
        filters: Sequence[Filter],
        after: Place | None,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[Place]:
        """See ``LexicalIndex``."""
        ...


class MeaningLeg(Protocol):
    """Meaning, as the pipeline sees it."""

    def ask(self, text: str) -> MeaningQuestion:
        """Put a text to it; nothing happens before the question is used."""
        ...


@dataclass(frozen=True, slots=True)
class Legs:
    """Both engines of a generation."""

    lexical: WordLeg
    vector: MeaningLeg


@dataclass(frozen=True, slots=True)
class Questions:
    """One query, put to the legs of its configuration; ``None`` where one is not asked."""

    lexical: WordQuestion | None = None
    vector: MeaningQuestion | None = None

    def by_leg(self) -> Iterator[tuple[str, Question]]:
        """(leg, question) of those that are asked."""
        if self.lexical is not None:
            yield LEXICAL, self.lexical
        if self.vector is not None:
            yield VECTOR, self.vector

    def of(self, legs: Collection[str]) -> "Questions":
        """Those of some legs alone."""
        return Questions(
            self.lexical if LEXICAL in legs else None, self.vector if VECTOR in legs else None
        )


class LexicalLeg:
    """Words."""

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index

    def ask(self, text: str, variants: Sequence[str] = ()) -> "LexicalQuestion":
        """See ``WordLeg``."""
        return LexicalQuestion(self._index, text, variants)

    def tally(
        self,
        matching: Matching,
        filters: Sequence[Filter],
        fields: Sequence[str],
        timeout_seconds: float,
    ) -> Tally:
        """See ``WordLeg``."""
        return self._index.tally(
            matching, filters=filters, fields=fields, timeout_seconds=timeout_seconds
        )

    def browse(
        self,
        sort: Sort,
        filters: Sequence[Filter],
        after: Place | None,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[Place]:
        """See ``WordLeg``."""
        return self._index.browse(
            sort, filters=filters, after=after, limit=limit, timeout_seconds=timeout_seconds
        )


class LexicalQuestion:
    """A text for the lexical index, and other wordings of it."""

    def __init__(self, index: LexicalIndex, text: str, variants: Sequence[str] = ()) -> None:
        self._index = index
        self.text = text
        self._variants = tuple(variants)

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        return self._index.search(
            self.text,
            variants=self._variants,
            filters=filters,
            limit=limit,
            timeout_seconds=timeout_seconds,
        )

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._index.score(
            self.text, document_ids, variants=self._variants, timeout_seconds=timeout_seconds
        )

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """See ``WordQuestion``."""
        return self._index.highlight(
            self.text, document_ids, variants=self._variants, timeout_seconds=timeout_seconds
        )

    def matching(self) -> Matching:
        """See ``WordQuestion``."""
        return Matching(self.text, self._variants)


class VectorLeg:
    """Meaning. ``passage_tokens`` is what the index's passages were cut by."""

    def __init__(self, index: VectorIndex, embedder: Embedder, passage_tokens: int) -> None:
        self._index = index
        self._embedder = embedder
        self._passage_tokens = passage_tokens

    def ask(self, text: str) -> "VectorQuestion":
        """See ``MeaningLeg``."""
        return VectorQuestion(self._index, self._embedder, text, self._passage_tokens)


class VectorQuestion:
    """A text for the vector index, embedded once, by whoever needs it first."""

    def __init__(
        self, index: VectorIndex, embedder: Embedder, text: str, passage_tokens: int
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._text = text
        self._passage_tokens = passage_tokens

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

    def passages(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """See ``MeaningQuestion``."""
        held = self._index.vectors([document.document_id for document in documents])
        size = min(self._passage_tokens, self._embedder.window)
        cut = PassageSplitter(self._embedder, size).pieces(documents)
        nearest = {}
        for document, pieces in zip(documents, cut, strict=True):
            vectors = held.get(document.document_id)
            if vectors is None or len(vectors) != len(pieces):
                continue  # the index holds another version of it: its passages are not these
            nearest[document.document_id] = pieces[int((vectors @ self._vector).argmax())]
        return nearest
