"""A collection, opened: its indexes, its followers, its searchers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from indexer.followers import Follower
from indexer.generations import Opened
from indexer.indexing import Indexer
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import DEFAULT, LEXICAL, VECTOR, configurations, named
from query.legs import LexicalLeg, VectorLeg
from query.pipeline import SearchPipeline
from query.retrieval import LegPools
from rerank.completed_scores import CompletedScoreReranker
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation, Release
from tandem.documents import Document
from tandem.embedding.cached_embedder import CachedEmbedder
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import TandemError
from tandem.fusion import LegFusion
from tandem.protocols import Embedder, LexicalIndex, VectorIndex
from tandem.settings import Settings
from tandem.telemetry import logger


@dataclass
class OpenCollection:
    """A collection with both indexes of its live release open."""

    settings: Settings
    catalog: Catalog
    release: Release
    generation: Generation
    lexical: Opened[LexicalIndex]
    vector: Opened[VectorIndex]
    embedder: Embedder

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.generation.collection

    @property
    def rebuilding(self) -> dict[str, str]:
        """The legs that start from zero though they had been built, and why."""
        legs = {LEXICAL: self.lexical.rebuilt, VECTOR: self.vector.rebuilt}
        return {leg: reason for leg, reason in legs.items() if reason is not None}

    @property
    def faults(self) -> dict[str, TandemError]:
        """The legs whose index could not be opened, and why."""
        legs = {LEXICAL: self.lexical.fault, VECTOR: self.vector.fault}
        return {leg: fault for leg, fault in legs.items() if fault is not None}

    @property
    def pending_change(self) -> str | None:
        """What the settings ask for and the live generation was not built with."""
        declared, live = self.settings.declared_schema(), self.generation
        differing = {
            "fields": declared is not None and declared.fingerprint != live.schema.fingerprint,
            "embedding.model": self.settings.embedding.model != live.embedder.partition("@")[0],
            "indexing.passage_tokens": self.settings.indexing.passage_tokens != live.passage_tokens,
        }
        names = [name for name, differs in differing.items() if differs]
        if not names:
            return None
        return (
            f"{', '.join(names)} of the settings differ from the live generation {live.number}, "
            "which stays in use; index into another data folder to apply them"
        )

    @property
    def behind(self) -> int:
        """Changes in the log that the slower index has not applied."""
        applied = min(follower.checkpoint.applied for follower in self.followers)
        return self.catalog.documents.behind(self.name, applied)

    def failure_counts(self) -> dict[str, int]:
        """How many documents each index refused for good."""
        names = {LEXICAL: self.generation.lexical_name, VECTOR: self.generation.vector_name}
        return {leg: self.catalog.checkpoints.failure_count(name) for leg, name in names.items()}

    @cached_property
    def followers(self) -> list[Follower]:
        """One follower an index."""
        cached = CachedEmbedder(self.embedder, self.catalog.embeddings)
        vector = VectorWriter(self.vector.index, cached, self.generation.passage_tokens)
        lexical = LexicalWriter(self.lexical.index)
        log, checkpoints = self.catalog.documents, self.catalog.checkpoints
        return [
            Follower(log, checkpoints, lexical, self.name, self.lexical.checkpoint),
            Follower(log, checkpoints, vector, self.name, self.vector.checkpoint),
        ]

    @property
    def indexer(self) -> Indexer:
        """Indexes sources into this collection."""
        return Indexer(self.catalog.documents, self.name, self.followers)

    @cached_property
    def _pools(self) -> LegPools:
        return LegPools({LEXICAL: None, VECTOR: None})

    def searcher(self, configuration: str = DEFAULT) -> SearchPipeline:
        """The pipeline of a named configuration.

        Raises:
            QueryError: there is no configuration of that name.
        """
        search = self.settings.search
        fusion = {
            LEXICAL: LegFusion(search.lexical.k, search.lexical.weight),
            VECTOR: LegFusion(search.vector.k, search.vector.weight),
        }
        known = configurations(fusion, depth=search.depth, budget_ms=search.budget_ms)
        return SearchPipeline(
            release=self.release.number,
            schema=self.generation.schema,
            configuration=named(known, configuration),
            legs={
                LEXICAL: LexicalLeg(self.lexical.index),
                VECTOR: VectorLeg(self.vector.index, self.embedder),
            },
            pools=self._pools,
            reranker=CompletedScoreReranker(
                {LEXICAL: search.lexical.share, VECTOR: search.vector.share}
            ),
            documents=self._documents,
        )

    def _documents(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """From the lexical index of the release; from the log what it does not hold or give."""
        found: dict[str, Document] = {}
        try:
            found |= self.lexical.index.documents(document_ids)
        except Exception as error:  # a damaged index must not hide what the log still knows
            logger("api").warning("documents come from the log: %s", error)
        missing = [document_id for document_id in document_ids if document_id not in found]
        if missing:
            found |= self.catalog.documents.documents(self.name, missing)
        return found

    def begin_to_load(self) -> None:
        """Load the embedder in the background, while other things are opened."""
        if isinstance(self.embedder, LazyEmbedder):
            self.embedder.begin_to_load()

    def wait_until_loaded(self) -> TandemError | None:
        """Wait for the embedder, so that the first query's deadline does not pay for loading it.

        Without one, searches go on by words alone and say so; the reason is returned.
        """
        if isinstance(self.embedder, LazyEmbedder):
            return self.embedder.wait_until_loaded()
        return None

    def close(self) -> None:
        """Close both indexes."""
        self._pools.close()
        self.lexical.index.close()
        self.vector.index.close()
