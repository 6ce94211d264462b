"""A collection on real embedded engines, written into at once, and workers that search it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa

from api.live import LiveSearcher
from api.searching import Searching
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import DEFAULT, SearchConfiguration, configurations, named
from query.frozen import FrozenPages
from query.legs import Legs, LexicalLeg, VectorLeg
from query.parts import Parts
from query.pipeline import SearchPipeline
from query.retrieval import LegPools, search_pools
from query.rules import NO_RULES, Rules
from rerank.completed_scores import CompletedScoreReranker
from tandem.analysis import ENGLISH
from tandem.catalog.frozen_rankings import FrozenRankings
from tandem.documents import Change, Document
from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.engines.tantivy_store import TantivyStore
from tandem.fusion import LegFusion
from tandem.lexical import LexicalIndex
from tandem.protocols import VectorIndex
from tandem.schema import Schema
from tests.fakes import HashEmbedder

PASSAGE_TOKENS = 32
FUSION = {"lexical": LegFusion(), "vector": LegFusion()}
CONFIGURATIONS = configurations(FUSION, depth=100, budget_ms=60_000)

Worker = Mapping[str | None, LiveSearcher]
"""What a process searches with: by configuration; ``None`` is for later pages of any."""


class Indexes:
    """Both indexes of a generation, and the log behind them."""

    is_in_process = True

    def __init__(
        self, number: int, lexical: LexicalIndex, vector: VectorIndex, held: Mapping[str, Document]
    ) -> None:
        self.number = number
        self.lexical = lexical
        self.vector = vector
        self._held = held

    def indexed(self, document_ids: Collection[str], timeout_seconds: float) -> dict[str, Document]:
        """See ``DocumentSource``."""
        return {**self.lexical.documents(document_ids, timeout_seconds=timeout_seconds)}

    def logged(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """See ``DocumentSource``; somebody may write meanwhile."""
        found = {name: self._held.get(name) for name in document_ids}
        return {name: document for name, document in found.items() if document is not None}


class World:
    """tantivy, Qdrant Edge, and a log that holds the newest version of each document. A second
    generation holds nothing: whoever asks it where the first is meant is found out. ``rules`` may
    be exchanged. One thread writes.
    """

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.schema = schema
        self.held: dict[str, Document] = {}
        self.rules: Rules = NO_RULES
        self._sequence = 0
        self._frozen_file = folder / "pages.sqlite"
        self.embedder = HashEmbedder(PASSAGE_TOKENS)
        lexical, vector = TantivyStore(folder / "lexical"), QdrantEdgeStore(folder / "vector")
        self._generations = [
            Indexes(
                number,
                lexical.create(f"l{number}", "1", schema, ENGLISH),
                vector.create(f"v{number}", "2", schema, self.embedder.dimension),
                self.held,
            )
            for number in (1, 2)
        ]
        self._live = first = self._generations[0]
        words = LexicalWriter(first.lexical)
        meaning = VectorWriter(first.vector, self.embedder, PASSAGE_TOKENS)
        self._writers = (words, meaning)

    def write(self, documents: Sequence[Document] = (), deleted: Collection[str] = ()) -> None:
        """Put those into the log and both indexes, and take these out."""
        self.held.update({document.document_id: document for document in documents})
        for document_id in deleted:
            self.held.pop(document_id, None)
        wanted = [(document.document_id, document) for document in documents]
        changes = []
        for document_id, document in (*wanted, *((name, None) for name in deleted)):
            self._sequence += 1
            changes.append(Change(self._sequence, document_id, document))
        words, meaning = self._writers
        if changes:
            words.apply(changes, None)
            words.refresh()
            meaning.apply(changes, meaning.prepare(changes))

    def become(self, documents: Sequence[Document]) -> None:
        """Hold those alone, in the first generation, without rules."""
        self.rules, self._live = NO_RULES, self._generations[0]
        kept = {document.document_id for document in documents}
        self.write(documents, [name for name in self.held if name not in kept])

    def promote(self) -> None:
        """Make the second generation live; the first one is retained and written."""
        self._live = self._generations[1]

    @contextmanager
    def held_open(self, indexes: Indexes) -> Iterator[tuple[Any, Any]]:
        """A generation, as ``Holder`` gives it."""
        yield SimpleNamespace(number=indexes.number), indexes

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """What a process would have: pools and a store of its own."""
        pools = search_pools()
        store = FrozenRankings(sa.URL.create("sqlite", database=str(self._frozen_file)))
        searches = cast("Searching", _Searches(self, pools, store))
        holder = SimpleNamespace(
            held=lambda: self.held_open(self._live),
            held_generation=lambda number: self.held_open(self._generations[number - 1]),
        )
        try:
            yield {name: LiveSearcher(holder, searches, name) for name in (None, *CONFIGURATIONS)}
        finally:
            pools.close()
            store.close()

    def close(self) -> None:
        """Close all indexes."""
        for indexes in self._generations:
            indexes.lexical.close()
            indexes.vector.close()


class _Searches:
    """The part of ``Searching`` that a searcher needs."""

    def __init__(self, world: World, pools: LegPools, store: FrozenRankings) -> None:
        self._world = world
        self._pools = pools
        self._store = store

    def configuration(self, name: str | None = None) -> SearchConfiguration:
        """See ``Searching``."""
        return named(CONFIGURATIONS, DEFAULT if name is None else name)

    def pipeline(
        self, release: Any, opened: Indexes, configuration: SearchConfiguration
    ) -> SearchPipeline:
        """See ``Searching``."""
        world, pools, store = self._world, self._pools, self._store
        frozen = FrozenPages(
            lambda: store, pools, collection="main", generation=opened.number, seconds=900.0
        )
        return SearchPipeline(
            Parts(
                release=release.number,
                schema=world.schema,
                configuration=configuration,
                legs=Legs(
                    LexicalLeg(opened.lexical),
                    VectorLeg(opened.vector, world.embedder, PASSAGE_TOKENS),
                ),
                pools=pools,
                reranker=CompletedScoreReranker({"lexical": 0.4, "vector": 0.6}),
                documents=opened,
                frozen=frozen,
                rules=world.rules,
            )
        )
