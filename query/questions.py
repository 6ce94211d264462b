"""What the engines are asked: a text put to the lexical index, a vector put to the other one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

from tandem.documents import Document
from tandem.filters import Filter
from tandem.lexical import LexicalIndex, Matching
from tandem.passages import PassageSplitter
from tandem.protocols import Embedder, FloatVector, VectorIndex
from tandem.rankings import Correction, Ranking
from tandem.scoring import DEFAULT, LexicalScoring

Fields = Mapping[str, str]
"""``title`` or ``body`` -> HTML."""


class LexicalQuestion:
    """A text for the lexical index, and other wordings of it."""

    correction: Correction | None = None
    applied: tuple[str, ...] = ()

    def __init__(
        self,
        index: LexicalIndex,
        text: str,
        variants: Sequence[str] = (),
        scoring: LexicalScoring = DEFAULT,
    ) -> None:
        self._index = index
        self.text = text
        self._variants = tuple(variants)
        self._scoring = scoring

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        return self._index.search(
            self.text,
            variants=self._variants,
            filters=filters,
            scoring=self._scoring,
            limit=limit,
            timeout_seconds=timeout_seconds,
        )

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._index.score(
            self.text,
            document_ids,
            variants=self._variants,
            scoring=self._scoring,
            timeout_seconds=timeout_seconds,
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


class VectorQuestion:
    """A vector for the vector index, made once, by whoever needs it first."""

    def __init__(
        self,
        index: VectorIndex,
        embedder: Embedder,
        make_vector: Callable[[], FloatVector],
        passage_tokens: int,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._make_vector = make_vector
        self._passage_tokens = passage_tokens

    @cached_property
    def _vector(self) -> FloatVector:
        return self._make_vector()

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        return self._index.search(
            self._vector, filters=filters, limit=limit, timeout_seconds=timeout_seconds
        )

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._index.score(self._vector, document_ids, timeout_seconds=timeout_seconds)

    def passages(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """See ``MeaningQuestion``. None is nearest to a vector without a direction."""
        if not self._vector.any():
            return {}
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
