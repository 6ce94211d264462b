"""A pipeline over a real tantivy index and a plain vector index in memory, with rules."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from query.configurations import configurations
from query.frozen import FrozenPages
from query.legs import Legs, LexicalLeg, VectorLeg
from query.parts import Parts
from query.pipeline import SearchPipeline
from query.retrieval import search_pools
from query.rules import Rules
from query.rules_reading import read_rules
from rerank.completed_scores import CompletedScoreReranker
from tandem.analysis import ENGLISH
from tandem.documents import Document
from tandem.engines.tantivy_store import TantivyStore
from tandem.filters import Filter, matches
from tandem.fusion import LegFusion
from tandem.lexical import LexicalIndex
from tandem.protocols import FloatMatrix, FloatVector, VectorIndex
from tandem.queries import Query
from tandem.rankings import Ranking, SearchResult
from tandem.schema import Schema
from tests.builders import schema_of, upserts
from tests.fakes import HashEmbedder
from tests.frozen_store import MemoryStore

SCHEMA = schema_of(brand="keyword", note="text")


class PlainVectors:
    """The part of a ``VectorIndex`` that searching needs; one passage a document: its body."""

    def __init__(self, documents: Mapping[str, Document], embedder: HashEmbedder) -> None:
        self.documents = documents
        self.rows: dict[str, FloatMatrix] = {
            name: embedder.embed_queries([document.body]) for name, document in documents.items()
        }

    def search(
        self,
        vector: FloatVector,
        *,
        filters: Sequence[Filter] = (),
        limit: int,
        timeout_seconds: float,
    ) -> Ranking:
        """See ``VectorIndex``."""
        left = [name for name in self.rows if matches(self.documents[name], filters)]
        scores = self.score(vector, left, timeout_seconds=timeout_seconds)
        return Ranking.from_scores("vector", scores.items(), limit=limit)

    def score(
        self, vector: FloatVector, document_ids: Collection[str], *, timeout_seconds: float
    ) -> Mapping[str, float]:
        """See ``VectorIndex``."""
        return {
            name: float(np.max(self.rows[name] @ vector))
            for name in document_ids
            if name in self.rows
        }

    def vectors(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """See ``VectorIndex``."""
        return {name: self.rows[name] for name in document_ids if name in self.rows}


class SmallCollection:
    """Documents, both their indexes, and searches over them. ``rules`` may be exchanged."""

    is_in_process = True

    def __init__(
        self, folder: Path, documents: Sequence[Document], schema: Schema = SCHEMA
    ) -> None:
        self.documents = {document.document_id: document for document in documents}
        self.schema = schema
        self.embedder = HashEmbedder()
        self.lexical: LexicalIndex = TantivyStore(folder).create(
            "words", "0123456789abcdef", schema, ENGLISH
        )
        self.lexical.apply(upserts(documents))
        self.lexical.refresh()
        self.vectors = PlainVectors(self.documents, self.embedder)
        self.pools = search_pools(4)
        self.rules = Rules()
        self.corrects = True
        store = MemoryStore()
        self.frozen = FrozenPages(
            lambda: store, self.pools, collection="main", generation=1, seconds=900.0
        )

    def read_rules(self, text: str) -> None:
        """Put rules in force."""
        self.rules = read_rules(text.encode(), "rules.toml")

    def indexed(self, document_ids: Collection[str], seconds: float) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        return self.lexical.documents(document_ids, timeout_seconds=seconds)

    def logged(
        self, document_ids: Collection[str], filters: Sequence[Filter] = ()
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        found = {name: self.documents[name] for name in document_ids if name in self.documents}
        return {name: item for name, item in found.items() if matches(item, filters)}

    def pipeline(self, configuration: str = "hybrid", depth: int = 100) -> SearchPipeline:
        """As bootstrapping would make it."""
        fusion = {"lexical": LegFusion(), "vector": LegFusion()}
        vectors = cast("VectorIndex", self.vectors)
        return SearchPipeline(
            Parts(
                release=1,
                schema=self.schema,
                configuration=configurations(fusion, depth=depth, budget_ms=60_000)[configuration],
                legs=Legs(LexicalLeg(self.lexical), VectorLeg(vectors, self.embedder, 128)),
                pools=self.pools,
                reranker=CompletedScoreReranker({"lexical": 0.4, "vector": 0.6}),
                documents=self,
                frozen=self.frozen,
                rules=self.rules,
                corrects=self.corrects,
            )
        )

    def search(
        self, text: str, configuration: str = "lexical", depth: int = 100, **asked: Any
    ) -> SearchResult:
        """A search; ``asked`` are further fields of the query."""
        return self.pipeline(configuration, depth).search(Query(text, **asked))

    def close(self) -> None:
        """Close the index."""
        self.pools.close()
        self.lexical.close()
