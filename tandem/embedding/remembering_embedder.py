"""The vectors of the last queries, for who looks at them once more after the search."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from tandem.embedding.passing_embedder import PassingEmbedder
from tandem.protocols import Embedder, FloatMatrix, FloatVector

QUERIES = 256
"""How many are remembered; with 384 numbers each they take 0.4 MB."""


class RememberingEmbedder(PassingEmbedder):
    """An ``Embedder`` that gives what another one gives, and remembers queries. Thread-safe."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
        self._lock = threading.Lock()
        self._queries: OrderedDict[str, FloatVector] = OrderedDict()

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """As the embedder behind gives them, each time."""
        rows = self._embedder.embed_queries(texts)
        with self._lock:
            for text, row in zip(texts, rows, strict=True):
                self._queries.pop(text, None)
                self._queries[text] = row
            while len(self._queries) > QUERIES:
                self._queries.popitem(last=False)
        return rows

    def remembered(self, text: str) -> FloatVector | None:
        """The vector of a query that was embedded lately; nothing is embedded for it."""
        with self._lock:
            return self._queries.get(text)
