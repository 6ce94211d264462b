"""The legs of a search. A leg is asked a question: first for its best, then for exact scores, in
the end for what the hits of a page show of themselves.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from query.configurations import LEXICAL, VECTOR
from query.questions import Fields, LexicalQuestion, VectorQuestion
from query.similar import SimilarMeaning, SimilarWords, told_text
from query.spelling import CorrectingQuestion
from query.synonyms import Rewrite
from tandem.documents import Document
from tandem.filters import Filter
from tandem.lexical import LexicalIndex, Matching, Place, Tally
from tandem.protocols import Embedder, FloatVector, VectorIndex
from tandem.queries import Sort
from tandem.rankings import Correction, Part, Ranking
from tandem.scoring import DEFAULT, LexicalScoring


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

    @property
    def correction(self) -> Correction | None:
        """What was searched for in place of the text, once it was retrieved."""
        ...

    @property
    def applied(self) -> tuple[str, ...]:
        """The names of the synonyms that take part."""
        ...

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """Where the words stand in given documents; see ``LexicalIndex.highlight``."""
        ...

    def matching(self) -> Matching:
        """The documents that its words match, once they were retrieved."""
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

    def ask_twice(
        self, text: str, rewrite: Rewrite, *, corrects: bool, within: Sequence[Filter] = ()
    ) -> WordQuestion:
        """As ``ask``, with its synonyms, and if it ``corrects`` once more with its typing errors
        corrected where little is found: to words of the documents that ``within`` leaves.
        """
        ...

    def ask_like(self, seed: Document, fields: Sequence[str]) -> WordQuestion:
        """Ask for what has a document's telling words, which are in ``fields``; not for itself."""
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

    def ask_like(self, seed: Document, fields: Sequence[str]) -> MeaningQuestion:
        """Ask for what is near a document, not for itself. What its ``fields`` say is embedded
        where the index does not hold it yet.
        """
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

    def by_leg(self) -> Iterator[tuple[Part, Question]]:
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
    """Words, and how they score."""

    def __init__(self, index: LexicalIndex, scoring: LexicalScoring = DEFAULT) -> None:
        self._index = index
        self._scoring = scoring

    def ask(self, text: str, variants: Sequence[str] = ()) -> LexicalQuestion:
        """See ``WordLeg``."""
        return LexicalQuestion(self._index, text, variants, self._scoring)

    def ask_twice(
        self, text: str, rewrite: Rewrite, *, corrects: bool, within: Sequence[Filter] = ()
    ) -> CorrectingQuestion:
        """See ``WordLeg``."""
        return CorrectingQuestion(
            self._index, text, rewrite, self._scoring, corrects=corrects, within=within
        )

    def ask_like(self, seed: Document, fields: Sequence[str]) -> SimilarWords:
        """See ``WordLeg``."""
        return SimilarWords(self._index, seed, fields, self._scoring)

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


class VectorLeg:
    """Meaning. ``passage_tokens`` is what the index's passages were cut by."""

    def __init__(self, index: VectorIndex, embedder: Embedder, passage_tokens: int) -> None:
        self._index = index
        self._embedder = embedder
        self._passage_tokens = passage_tokens

    def ask(self, text: str) -> VectorQuestion:
        """See ``MeaningLeg``."""
        embedder = self._embedder
        make = partial(_embedded, embedder, text)
        return VectorQuestion(self._index, embedder, make, self._passage_tokens)

    def ask_like(self, seed: Document, fields: Sequence[str]) -> SimilarMeaning:
        """See ``MeaningLeg``."""
        text, size = told_text(seed, fields), self._passage_tokens
        return SimilarMeaning(self._index, self._embedder, seed.document_id, text, size)


def _embedded(embedder: Embedder, text: str) -> FloatVector:
    vector: FloatVector = embedder.embed_queries([text])[0]
    return vector
