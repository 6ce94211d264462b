"""No text is embedded twice: an embedder behind a cache of vectors."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from tandem.embedding.passing_embedder import PassingEmbedder
from tandem.protocols import Embedder, FloatMatrix, FloatVector


class EmbeddingCache(Protocol):
    """Vectors by text and embedder name, so that no text is embedded twice."""

    def get(self, embedder_name: str, texts: Sequence[str]) -> Mapping[str, FloatVector]:
        """The known ones among ``texts``."""
        ...

    def put(self, embedder_name: str, vectors: Mapping[str, FloatVector]) -> None:
        """Keep vectors by text."""
        ...

    def forget(self, embedder_name: str, texts: Sequence[str]) -> None:
        """Keep nothing of ``texts`` any more."""
        ...


class CachedEmbedder(PassingEmbedder):
    """An ``Embedder`` that asks ``cache`` first. Queries are few and new, so they pass by it."""

    def __init__(self, embedder: Embedder, cache: EmbeddingCache) -> None:
        super().__init__(embedder)
        self._cache = cache

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """Float32 (len(texts), dimension); what the cache does not know is embedded and kept."""
        distinct = list(dict.fromkeys(texts))
        known = self._known(distinct)
        unknown = [text for text in distinct if text not in known]
        if unknown:
            fresh = dict(zip(unknown, self._embedder.embed_documents(unknown), strict=True))
            self._cache.put(self.name, fresh)
            known = {**known, **fresh}
        rows = np.empty((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            rows[row] = known[text]
        return rows

    def _known(self, texts: Sequence[str]) -> Mapping[str, FloatVector]:
        """What the cache holds; a vector of another length is damage, and makes room."""
        if not texts:
            return {}
        held = dict(self._cache.get(self.name, texts))
        damaged = [text for text, row in held.items() if row.shape != (self.dimension,)]
        if damaged:
            self._cache.forget(self.name, damaged)
        return {text: row for text, row in held.items() if text not in damaged}


class RenewingEmbedder(CachedEmbedder):
    """Embeds everything anew, in the place of what the cache holds: where a stored vector was found
    to be wrong, the cache may be where it came from.
    """

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """Float32 (len(texts), dimension)."""
        if texts:
            self._cache.forget(self.name, texts)
        return super().embed_documents(texts)
