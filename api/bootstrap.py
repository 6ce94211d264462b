"""Builds the house from settings. The only place that names a concrete engine or embedder."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.collection import OpenCollection
from indexer.generations import open_lexical, open_vector
from tandem.analysis import ENGLISH
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import database_url, file_url
from tandem.catalog.ownership import Ownership
from tandem.catalog.releases import Release
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import CollectionNotFound, SettingsError
from tandem.protocols import Embedder, LexicalStore, VectorStore
from tandem.schema import Schema
from tandem.settings import EmbeddingSettings, Settings, masked
from tandem.telemetry import logger

Notify = Callable[[str], None]


def _silent(_text: str) -> None:
    """Tell nobody."""


LEXICAL_ENGINE = "tantivy:"
VECTOR_ENGINE = "qdrant-edge:"
OWN_CATALOGUE = "sqlite:"


def lexical_store(settings: Settings) -> LexicalStore:
    """The lexical engine that the settings name."""
    _expect_engine("lexical", settings.engines.lexical, LEXICAL_ENGINE)
    from tandem.engines.tantivy_index import TantivyStore

    return TantivyStore(settings.data_dir / "lexical", ENGLISH)


def vector_store(settings: Settings) -> VectorStore:
    """The vector engine that the settings name."""
    _expect_engine("vector", settings.engines.vector, VECTOR_ENGINE)
    from tandem.engines.qdrant_edge_index import QdrantEdgeStore

    return QdrantEdgeStore(settings.data_dir / "vector")


def catalogue_file(settings: Settings) -> Path:
    """The catalogue that the settings name; by default it stands in the data folder."""
    if settings.engines.catalog == OWN_CATALOGUE:
        return settings.data_dir.absolute() / "documents.sqlite"
    return Path(str(database_url(settings.engines.catalog).database)).absolute()


def open_catalog(settings: Settings) -> Catalog:
    """The catalogue that the settings name, and the embedding cache in the data folder."""
    embeddings = settings.data_dir.absolute() / "embeddings.sqlite"
    return Catalog(file_url(catalogue_file(settings)), file_url(embeddings))


def check_engines(settings: Settings) -> None:
    """Refuse URLs that no engine answers to, before anything is made or opened.

    Raises:
        SettingsError: it names the setting.
    """
    _expect_engine("lexical", settings.engines.lexical, LEXICAL_ENGINE)
    _expect_engine("vector", settings.engines.vector, VECTOR_ENGINE)
    catalogue_file(settings)


def load_embedder(
    settings: EmbeddingSettings, cache_dir: Path, notify: Notify = _silent
) -> Embedder:
    """The embedding model that the settings name. torch is imported only if they ask for it.

    ``notify`` is told before something slow begins: a download, or building the graph.
    """
    if settings.runtime == "torch" or settings.runtime == "torch-openvino":  # noqa: PLR1714 - types
        from tandem.embedding.sentence_transformer_embedder import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(
            settings.model,
            cache_dir,
            path=settings.path,
            device=settings.device,
            backend="openvino" if settings.runtime == "torch-openvino" else "torch",
        )
    from tandem.embedding.loading import load_default_embedder

    return load_default_embedder(
        cache_dir,
        model=settings.model,
        path=settings.path,
        notify=notify,
        runtime=settings.runtime,
        precision=settings.precision,
        threads=settings.threads,
    )


def _expect_engine(leg: str, url: str, known: str) -> None:
    if url != known:
        raise SettingsError(
            f"setting 'engines.{leg}': no engine answers to {masked(url)!r}, expected {known}",
            hint=f"leave the setting out, or set it to {known}",
        )


@dataclass
class House:
    """The opened house: owns the data folder until ``close``."""

    settings: Settings
    catalog: Catalog
    ownership: Ownership
    embedder_override: Embedder | None = None
    notify: Notify = _silent
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
            passage_tokens=self.settings.indexing.passage_tokens,
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
        embedder = load_embedder(self.settings.embedding, self.settings.cache_dir, self.notify)
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


def open_house(
    settings: Settings,
    purpose: str,
    *,
    embedder: Embedder | None = None,
    notify: Notify = _silent,
    create: bool = True,
) -> House:
    """Own the data folder and open the catalogue.

    ``embedder`` stands in for the settings' one. ``notify`` is told before something slow begins.

    Raises:
        SettingsError: an engine is not known, or the data folder cannot be used.
        CollectionNotFound: there is no data folder, and ``create`` is false.
        OwnedElsewhere: another process owns the data folder.
    """
    check_engines(settings)
    if not create:
        require_data_folder(settings)
    ownership = Ownership(settings.data_dir, purpose)
    try:
        return House(settings, open_catalog(settings), ownership, embedder, notify)
    except BaseException:
        ownership.release()
        raise


def require_data_folder(settings: Settings) -> None:
    """Refuse to look for collections where there never was one; nothing is written.

    Raises:
        CollectionNotFound: the data folder, or the catalogue's file, does not exist.
        SettingsError: nobody may look there.
    """
    folder, file = settings.data_dir, catalogue_file(settings)
    hint = "index something first: tandem index FILE; or name another with --data-dir"
    try:
        if not folder.is_dir():
            raise CollectionNotFound(f"there is no data folder {folder}", hint=hint)
        if not file.is_file():
            raise CollectionNotFound(
                f"nothing was ever indexed into {folder}: there is no catalogue {file}", hint=hint
            )
    except OSError as error:
        raise SettingsError(
            f"the data folder {folder} cannot be read: {error.strerror}",
            hint="allow reading it, or name another with --data-dir",
        ) from None
