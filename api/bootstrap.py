"""Builds the house from settings. The only place that names a concrete engine or embedder."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from indexer.followers import Follower
from indexer.generations import Opened, open_lexical, open_vector
from indexer.indexing import Indexer
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import DEFAULT, LEXICAL, VECTOR, configurations, named
from query.legs import LexicalLeg, VectorLeg
from query.pipeline import SearchPipeline
from query.retrieval import LegPools
from rerank.completed_scores import CompletedScoreReranker
from tandem.analysis import ENGLISH
from tandem.catalog.catalog import Catalog
from tandem.catalog.ownership import Ownership
from tandem.catalog.releases import Generation, Release
from tandem.documents import Document
from tandem.embedding.cached_embedder import CachedEmbedder
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import CollectionNotFound, SettingsError
from tandem.fusion import LegFusion
from tandem.protocols import Embedder, LexicalIndex, LexicalStore, VectorIndex, VectorStore
from tandem.schema import Schema
from tandem.settings import EmbeddingSettings, Settings
from tandem.telemetry import logger


def lexical_store(settings: Settings) -> LexicalStore:
    """The lexical engine that the settings name."""
    if settings.engines.lexical == "tantivy:":
        from tandem.engines.tantivy_index import TantivyStore

        return TantivyStore(settings.data_dir / "lexical", ENGLISH)
    raise _unknown_engine("lexical", settings.engines.lexical, "tantivy:")


def vector_store(settings: Settings) -> VectorStore:
    """The vector engine that the settings name."""
    if settings.engines.vector == "qdrant-edge:":
        from tandem.engines.qdrant_edge_index import QdrantEdgeStore

        return QdrantEdgeStore(settings.data_dir / "vector")
    raise _unknown_engine("vector", settings.engines.vector, "qdrant-edge:")


def open_catalog(settings: Settings) -> Catalog:
    """The catalogue that the settings name; its files stand in the data folder by default."""
    folder = settings.data_dir.resolve()
    url = settings.engines.catalog
    if url == "sqlite:":
        url = f"sqlite:///{folder / 'documents.sqlite'}"
    return Catalog(url, f"sqlite:///{folder / 'embeddings.sqlite'}")


def load_embedder(settings: EmbeddingSettings, cache_dir: Path) -> Embedder:
    """The embedding model that the settings name. torch is imported only if they ask for it."""
    if settings.runtime == "torch":
        from tandem.embedding.sentence_transformer_embedder import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(str(settings.path or settings.model))
    from tandem.embedding.loading import load_default_embedder

    return load_default_embedder(
        cache_dir,
        model=settings.model,
        path=settings.path,
        runtime=settings.runtime,
        precision=settings.precision,
        threads=settings.threads,
    )


def _unknown_engine(leg: str, url: str, known: str) -> SettingsError:
    return SettingsError(f"setting 'engines.{leg}': no engine answers to {url!r}, expected {known}")


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
        """From the lexical index of the release; from the log what it does not (yet) hold."""
        found = dict(self.lexical.index.documents(document_ids))
        missing = [document_id for document_id in document_ids if document_id not in found]
        if missing:
            found |= self.catalog.documents.documents(self.name, missing)
        return found

    def warm_up(self) -> None:
        """Begin to load the embedder, so that it is there when the first query comes."""
        if isinstance(self.embedder, LazyEmbedder):
            self.embedder.warm()

    def close(self) -> None:
        """Close both indexes."""
        self._pools.close()
        self.lexical.index.close()
        self.vector.index.close()


@dataclass
class House:
    """The opened house: owns the data folder until ``close``."""

    settings: Settings
    catalog: Catalog
    ownership: Ownership
    embedder_override: Embedder | None = None
    _open: dict[str, OpenCollection] = field(default_factory=dict)

    def collection(self, name: str) -> OpenCollection:
        """The collection, opened once.

        Raises:
            CollectionNotFound: nothing was indexed under that name.
        """
        if name not in self._open:
            live = self.catalog.releases.live(name)
            if live is None:
                raise self._not_found(name, self.catalog.releases.collections())
            self._open[name] = self._open_collection(live)
        return self._open[name]

    def has_collection(self, name: str) -> bool:
        """Whether anything was ever indexed under that name."""
        return self.catalog.releases.live(name) is not None

    def create_collection(self, name: str, schema: Schema) -> OpenCollection:
        """A new collection: its first generation, promoted while still empty."""
        embedder = self.embedder_override or self._load_embedder()
        generation = self.catalog.releases.create_generation(
            name,
            schema,
            analysis=ENGLISH.name,
            embedder=embedder.name,
            dimension=embedder.dimension,
            passage_tokens=min(self.settings.indexing.passage_tokens, embedder.window),
        )
        live = self.catalog.releases.promote(name, generation.number, parent=None)
        self._open[name] = self._open_collection(live, embedder)
        return self._open[name]

    def _open_collection(
        self, release: Release, embedder: Embedder | None = None
    ) -> OpenCollection:
        generation = self.catalog.releases.generation(release.generation)
        if generation.analysis != ENGLISH.name:
            raise SettingsError(
                f"collection {generation.collection!r} was indexed with the text analysis "
                f"{generation.analysis!r}, this version of Tandem has {ENGLISH.name!r}",
                hint="index it again into another data folder",
            )
        if embedder is None:
            embedder = self.embedder_override or LazyEmbedder(
                generation.embedder, generation.dimension, self._load_embedder
            )
        return OpenCollection(
            self.settings,
            self.catalog,
            release,
            generation,
            open_lexical(self.catalog, lexical_store(self.settings), generation),
            open_vector(self.catalog, vector_store(self.settings), generation),
            embedder,
        )

    def _load_embedder(self) -> Embedder:
        started = time.perf_counter()
        embedder = load_embedder(self.settings.embedding, self.settings.cache_dir)
        seconds = time.perf_counter() - started
        logger("api").info("loaded the embedder %s in %.2f s", embedder.name, seconds)
        return embedder

    @staticmethod
    def _not_found(name: str, known: Sequence[str]) -> CollectionNotFound:
        listed = ", ".join(known)
        return CollectionNotFound(
            f"there is no collection {name!r} in this data folder",
            hint=f"known collections: {listed}" if known else "index something: tandem index FILE",
        )

    def close(self) -> None:
        """Close everything and give the data folder back."""
        for collection in self._open.values():
            collection.close()
        self.catalog.close()
        self.ownership.release()

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_house(settings: Settings, purpose: str, *, embedder: Embedder | None = None) -> House:
    """Own the data folder and open the catalogue. ``embedder`` stands in for the settings' one.

    Raises:
        OwnedElsewhere: another process owns the data folder.
    """
    ownership = Ownership(settings.data_dir, purpose)
    try:
        return House(settings, open_catalog(settings), ownership, embedder)
    except BaseException:
        ownership.release()
        raise
