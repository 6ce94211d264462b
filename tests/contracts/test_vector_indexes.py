"""The embedded vector engine keeps the contract."""

from pathlib import Path

from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.stores import VectorStore
from tests.contracts.vector_index_contract import VectorIndexContract


class TestQdrantEdge(VectorIndexContract):
    """The embedded engine."""

    @classmethod
    def make_store(cls, folder: Path) -> VectorStore:
        """Shards in a folder."""
        return QdrantEdgeStore(folder)
