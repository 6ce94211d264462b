"""An embedder that remembers: no text is embedded twice under the same embedder name."""

from collections.abc import Sequence

import numpy as np

from tandem.protocols import Embedder, EmbeddingCache, FloatMatrix


class CachedEmbedder:
    """An ``Embedder`` in front of a cache. Queries are not cached: they rarely come twice."""

    def __init__(self, embedder: Embedder, cache: EmbeddingCache) -> None:
        self._embedder = embedder
        self._cache = cache

    @property
    def name(self) -> str:
        """See ``Embedder``."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """See ``Embedder``."""
        return self._embedder.dimension

    @property
    def window(self) -> int:
        """See ``Embedder``."""
        return self._embedder.window

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """See ``Embedder``."""
        return self._embedder.token_spans(texts)

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        distinct = list(dict.fromkeys(texts))
        known = dict(self._cache.get(self.name, distinct))
        unknown = [text for text in distinct if text not in known]
        if unknown:
            fresh = dict(zip(unknown, self._embedder.embed_documents(unknown), strict=True))
            self._cache.put(self.name, fresh)
            known |= fresh
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([known[text] for text in texts])

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        return self._embedder.embed_queries(texts)
