"""The vectors of the last queries, for who looks at them once more after the search."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from tandem.protocols import Embedder, FloatMatrix, FloatVector

QUERIES = 256
"""How many are remembered; with 384 numbers each they take 0.4 MB."""


class RememberingEmbedder:
    """An ``Embedder`` that gives what another one gives, and remembers queries. Thread-safe."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._queries: OrderedDict[str, FloatVector] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the embedder behind."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._embedder.dimension

    @property
    def window(self) -> int:
        """How many tokens of a text it reads, special ones not counted."""
        return self._embedder.window

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """Each text's tokens as (start, end) character offsets, uncut."""
        return self._embedder.token_spans(texts)

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """As the embedder behind gives them."""
        return self._embedder.embed_documents(texts)

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
