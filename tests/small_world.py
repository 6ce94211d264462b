"""A collection on real embedded engines, written into at once, and workers that search it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import configurations
from query.frozen import FrozenPages
from query.legs import Legs, LexicalLeg, VectorLeg
from query.parts import Parts
from query.pipeline import SearchPipeline
from query.retrieval import search_pools
from rerank.completed_scores import CompletedScoreReranker
from tandem.analysis import ENGLISH
from tandem.catalog.frozen_rankings import FrozenRankings
from tandem.documents import Change, Document
from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.engines.tantivy_store import TantivyStore
from tandem.fusion import LegFusion
from tandem.schema import Schema
from tests.fakes import HashEmbedder

PASSAGE_TOKENS = 32
FUSION = {"lexical": LegFusion(), "vector": LegFusion()}


class World:
    """tantivy, Qdrant Edge, and a log that holds the newest version of each document."""

    is_in_process = True

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.schema = schema
        self.held: dict[str, Document] = {}
        self._sequence = 0
        self._frozen_file = folder / "pages.sqlite"
        self._embedder = HashEmbedder(PASSAGE_TOKENS)
        self._lexical = TantivyStore(folder / "lexical").create("l", "1", schema, ENGLISH)
        self._vector = QdrantEdgeStore(folder / "vector").create(
            "v", "2", schema, self._embedder.dimension
        )
        words = LexicalWriter(self._lexical)
        meaning = VectorWriter(self._vector, self._embedder, PASSAGE_TOKENS)
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
        """Hold those alone."""
        kept = {document.document_id for document in documents}
        self.write(documents, [name for name in self.held if name not in kept])

    def indexed(self, document_ids: Collection[str], timeout_seconds: float) -> dict[str, Document]:
        """See ``DocumentSource``."""
        return {**self._lexical.documents(document_ids, timeout_seconds=timeout_seconds)}

    def logged(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        return {name: self.held[name] for name in document_ids if name in self.held}

    @contextmanager
    def worker(self) -> Iterator[dict[str, SearchPipeline]]:
        """What a process would have: pools and a store of its own, a pipeline a configuration."""
        pools = search_pools()
        store = FrozenRankings(sa.URL.create("sqlite", database=str(self._frozen_file)))
        parts = {
            name: Parts(
                release=1,
                schema=self.schema,
                configuration=configuration,
                legs=Legs(
                    LexicalLeg(self._lexical),
                    VectorLeg(self._vector, self._embedder, PASSAGE_TOKENS),
                ),
                pools=pools,
                reranker=CompletedScoreReranker({"lexical": 0.4, "vector": 0.6}),
                documents=self,
                frozen=FrozenPages(
                    lambda: store, pools, collection="main", generation=1, seconds=900.0
                ),
            )
            for name, configuration in configurations(FUSION, depth=100, budget_ms=60_000).items()
        }
        try:
            yield {name: SearchPipeline(made) for name, made in parts.items()}
        finally:
            pools.close()
            store.close()

    def close(self) -> None:
        """Close both indexes."""
        self._lexical.close()
        self._vector.close()
