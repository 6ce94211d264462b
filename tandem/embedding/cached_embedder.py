"""No text is embedded twice: an embedder behind a cache of vectors."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

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


class CachedEmbedder:
    """An ``Embedder`` that asks ``cache`` first. Queries are few and new, so they pass by it."""

    def __init__(self, embedder: Embedder, cache: EmbeddingCache) -> None:
        self._embedder = embedder
        self._cache = cache

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

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """As the embedder behind gives them."""
        return self._embedder.embed_queries(texts)

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
