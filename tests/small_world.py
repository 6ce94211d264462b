"""A collection on real embedded engines, in two generations that are both written into at once, and
workers that search it as two processes would.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from api.collection import OpenCollection
from api.generation import OpenGeneration
from indexer.seats import Seat
from indexer.writers import LexicalWriter, VectorWriter
from tandem.analysis import ENGLISH
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.releases import Generation
from tandem.documents import Document
from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.engines.tantivy_index import TantivyIndex
from tandem.engines.tantivy_store import TantivyStore
from tandem.protocols import FloatMatrix, VectorIndex
from tandem.queries import Query
from tandem.rankings import SearchResult
from tandem.schema import Schema
from tandem.settings import Settings
from tests.fakes import HashEmbedder
from tests.paging_oracle import DEPTH
from tests.versions_seen import Versions

NAME = "main"
PASSAGE_TOKENS = 32


class OtherEmbedder(HashEmbedder):
    """Finds other texts near."""

    name = "hash@2"

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        return super().embed_queries([text.strip() and f"other {text}" for text in texts])


@dataclass
class Opened:
    """In the place of a ``Seat``: an index that somebody else writes and closes."""

    name: str
    index: Any
    applied: Callable[[], int]
    is_whole = True

    def look_again(self) -> None:
        """It is there."""

    def close(self) -> None:
        """It is shared."""


class Built(NamedTuple):
    """A generation, and what writes it; ``readers`` are its lexical index, opened by others."""

    generation: Generation
    embedder: HashEmbedder
    lexical: TantivyIndex
    vector: VectorIndex
    readers: list[TantivyIndex]

    def take_up(self, changes: Sequence[Any]) -> None:
        """Write those, searchable at once for everybody."""
        words, meaning = LexicalWriter(self.lexical), self._meaning()
        words.apply(changes, None)
        for reader in self.readers:
            reader._index.reload()
            reader.searcher = reader._index.searcher()
        meaning.apply(changes, meaning.prepare(changes))

    def _meaning(self) -> VectorWriter:
        return VectorWriter(self.vector, self.embedder, PASSAGE_TOKENS)


class Watched(OpenGeneration):
    """Notes from which generations documents were read."""

    read: set[int]

    def indexed(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        self.read.add(self.generation.number)
        return super().indexed(document_ids, timeout_seconds)


@dataclass
class Worker:
    """What a process would have: a catalogue, pools, rules and lexical readers of its own. ``read``
    are the generations that documents were read from.
    """

    catalog: Catalog
    collection: OpenCollection
    read: set[int]

    def search(self, query: Query, configuration: str | None = None) -> SearchResult:
        """Over whatever is live, but for a later page."""
        return self.collection.searcher(configuration).search(query)


class World:
    """tantivy, Qdrant Edge, and a catalogue; ``held`` is the newest version of each document."""

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.schema = schema
        self.held: dict[str, Document] = {}
        self.versions = Versions()
        self.rules = folder / "rules.toml"
        self.rules.touch()
        self._writing = threading.Lock()
        self._applied = 0
        self._folder = folder
        self.catalog = self._catalog()
        self.built = [self._build(embedder) for embedder in (HashEmbedder, OtherEmbedder)]
        self.promote()

    def _catalog(self) -> Catalog:
        files = ("catalogue.sqlite", "embeddings.sqlite")
        return Catalog(*(file_url(self._folder / name) for name in files))

    def _build(self, kind: type[HashEmbedder]) -> Built:
        embedder = kind(PASSAGE_TOKENS)
        generation = self.catalog.releases.create_generation(
            NAME,
            self.schema,
            analysis=ENGLISH.name,
            embedder=embedder.name,
            dimension=embedder.dimension,
            passage_tokens=PASSAGE_TOKENS,
        )
        lexical = TantivyStore(self._folder).create(
            generation.lexical_name, "1", self.schema, ENGLISH
        )
        vector = QdrantEdgeStore(self._folder).create(
            generation.vector_name, "2", self.schema, embedder.dimension
        )
        return Built(generation, embedder, lexical, vector, [])

    def write(self, documents: Sequence[Document] = (), deleted: Collection[str] = ()) -> None:
        """Put those into the log and both generations, and take these out."""
        wanted = {item.document_id: item for item in documents if item.document_id not in deleted}
        with self._writing, self.versions.becoming({**wanted, **dict.fromkeys(deleted)}):
            self.held |= wanted
            self.catalog.documents.append(NAME, "test", [*wanted.values()])
            self.catalog.documents.delete(NAME, [*deleted])
            for document_id in deleted:
                self.held.pop(document_id, None)
            batch = self.catalog.documents.changes(NAME, self._applied, 1_000)
            self._applied = batch.through
            if batch.changes:
                for built in self.built:
                    built.take_up(batch.changes)

    def become(self, documents: Sequence[Document]) -> None:
        """Hold those alone."""
        kept = {document.document_id for document in documents}
        self.write(documents, [name for name in self.held if name not in kept])

    def promote(self) -> None:
        """Make the other generation live."""
        live = self.catalog.releases.live(NAME)
        numbers = [built.generation.number for built in self.built]
        other = numbers[live is not None and live.generation == numbers[0]]
        self.catalog.releases.promote(NAME, other, parent=None if live is None else live.number)

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """One that has both generations open."""
        catalog, read = self._catalog(), set[int]()
        live = catalog.releases.live(NAME)
        assert live is not None

        def open_(generation: Generation) -> OpenGeneration:
            built = next(item for item in self.built if item.generation.number == generation.number)
            store = TantivyStore(self._folder)
            lexical = store.open(generation.lexical_name, self.schema, ENGLISH)
            built.readers.append(lexical)
            seats = (
                cast("Seat[Any]", Opened(generation.lexical_name, lexical, lambda: self._applied)),
                cast(
                    "Seat[Any]", Opened(generation.vector_name, built.vector, lambda: self._applied)
                ),
            )
            opened = Watched(catalog, generation, *seats, built.embedder)
            opened.read = read
            return opened

        settings = Settings(
            data_dir=self._folder, search={"rules": self.rules, "budget_ms": 60_000, "depth": DEPTH}
        )
        collection = OpenCollection(settings, catalog, live, open_)
        with ExitStack() as stack:
            stack.callback(catalog.close)
            stack.callback(collection.close)
            for built in self.built:
                collection.open_generation(built.generation)
            yield Worker(catalog, collection, read)

    def close(self) -> None:
        """Close the indexes and the catalogue."""
        for built in self.built:
            built.lexical.close()
            built.vector.close()
        self.catalog.close()
