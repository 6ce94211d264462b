"""The seams. An engine, an embedder or a reranker is whatever fulfils one of these.

Synchronous on purpose: the embedded engines are, and offering both colours would double everything.
``tests/contracts`` holds one test class a Protocol; a new engine inherits it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tandem.documents import Change, Document
from tandem.features import FeatureMatrix
from tandem.filters import Filter
from tandem.queries import Query
from tandem.rankings import Contribution, Ranking, Reranked, SearchResult

FloatVector = npt.NDArray[np.float32]
"""Shape (dimension,)."""

FloatMatrix = npt.NDArray[np.float32]
"""Shape (rows, dimension)."""


class Refusal(NamedTuple):
    """One document that an engine will never take, and why."""

    document_id: str
    reason: str


class VectorVersion(NamedTuple):
    """What a vector index holds of one document; fewer passages than expected is damage."""

    document_id: str
    sequence: int
    passages_held: int
    passages_expected: int


class VectorIndex(Protocol):
    """One generation of one vector space. Scores are cosines, -1 to 1."""

    def search(
        self,
        vector: FloatVector,
        *,
        filters: Sequence[Filter] = (),
        limit: int,
        timeout_seconds: float,
    ) -> Ranking:
        """The ``limit`` nearest documents, each once, by its best passage; named ``vector``.

        Raises:
            EngineUnavailable: no answer within ``timeout_seconds``.
        """
        ...

    def score(
        self, vector: FloatVector, document_ids: Collection[str], *, timeout_seconds: float
    ) -> Mapping[str, float]:
        """Each document's best passage, computed in the engine; unknown ids are left out."""
        ...

    def apply(
        self, changes: Sequence[Change], passages: Mapping[str, FloatMatrix]
    ) -> Sequence[Refusal]:
        """As ``LexicalIndex.apply``, and searchable on return; ``passages`` holds an upserted
        document's vectors by id.

        A document without a passage is refused: nothing could ever find it.
        """
        ...

    def forget(self, document_ids: Collection[str]) -> None:
        """As ``LexicalIndex.forget``."""
        ...

    def vectors(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """The passages' vectors, shape (passages, dimension), in order of the passages."""
        ...

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[VectorVersion]:
        """What is held of every document whose sequence is in ``first`` to ``last``, both included,
        in no order; ``None`` has no end. Passages of two versions are two rows. Reads in pages.
        """
        ...

    def versions_of(self, document_ids: Collection[str]) -> Sequence[VectorVersion]:
        """The same of given documents; unknown ids are left out."""
        ...

    def count(self) -> int:
        """How many passages are held."""
        ...

    def close(self) -> None:
        """Release files and locks."""
        ...


class Embedder(Protocol):
    """Texts to vectors. Thread-safe."""

    @property
    def name(self) -> str:
        """Model and revision; vectors under different names are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    @property
    def window(self) -> int:
        """How many tokens of a text it reads, special ones not counted."""
        ...

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """Each text's tokens as (start, end) character offsets, uncut."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """Float32 (len(texts), dimension), rows of length 1; a blank text gives zeros."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """As ``embed_documents``, for models that tell queries from documents."""
        ...


class Reranker(Protocol):
    """The last word on the order of the candidates."""

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """The same candidates in a new order, within that time; ``documents`` is read only where it
        is needed, and keeps to the same time. Where the query wants features or an explanation, the
        candidates' features come with it, if there are any.
        """
        ...


class Explainer(Protocol):
    """Says what a model saw in its features."""

    def explain(self, features: FeatureMatrix) -> Mapping[str, tuple[Contribution, ...]]:
        """document_id -> what each feature did to its score; nothing where these are not the
        features of the model that orders.
        """
        ...


class Searcher(Protocol):
    """Answers queries: the pipeline, a client of a server, or a run read from a file."""

    def search(self, query: Query) -> SearchResult:
        """The answer.

        Raises:
            QueryError: the query is not acceptable.
            SearchUnavailable: no leg could answer.
        """
        ...


class Verdict(NamedTuple):
    """What a gate says of a new generation; ``detail`` holds the figures, in a line."""

    gate: str
    is_passed: bool
    detail: str


class Gate(Protocol):
    """Must be passed before a generation goes live. It may be overridden by its name."""

    @property
    def name(self) -> str:
        """One word, for people to override it by."""
        ...

    def examine(self) -> Verdict:
        """Look at the generation, which has caught up with the log."""
        ...
