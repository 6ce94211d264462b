"""Vectors by text, so that a reindex with the same embedder embeds nothing again."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY, writing
from tandem.catalog.tables import EMBEDDINGS
from tandem.protocols import FloatVector


class DatabaseEmbeddingCache:
    """An ``EmbeddingCache`` in a database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def get(self, embedder_name: str, texts: Sequence[str]) -> Mapping[str, FloatVector]:
        """See ``EmbeddingCache``."""
        by_hash = {text_hash(text): text for text in texts}
        hashes = list(by_hash)
        known: dict[str, FloatVector] = {}
        with self._engine.begin() as connection:
            for start in range(0, len(hashes), ROWS_PER_QUERY):
                query = sa.select(EMBEDDINGS.c.text_hash, EMBEDDINGS.c.vector).where(
                    EMBEDDINGS.c.embedder == embedder_name,
                    EMBEDDINGS.c.text_hash.in_(hashes[start : start + ROWS_PER_QUERY]),
                )
                for row in connection.execute(query):
                    vector = np.frombuffer(row.vector, dtype="<f4")
                    known[by_hash[row.text_hash]] = vector.astype(np.float32, copy=False)
        return known

    def put(self, embedder_name: str, vectors: Mapping[str, FloatVector]) -> None:
        """See ``EmbeddingCache``. A text that another process embedded meanwhile is kept as is."""
        unknown = vectors.keys() - self.get(embedder_name, list(vectors)).keys()
        if not unknown:
            return
        rows = [
            {
                "embedder": embedder_name,
                "text_hash": text_hash(text),
                "vector": vectors[text].astype("<f4").tobytes(),
            }
            for text in unknown
        ]
        with writing(self._engine) as connection:
            connection.execute(EMBEDDINGS.insert(), rows)

    def count(self) -> int:
        """How many texts are kept."""
        with self._engine.begin() as connection:
            query = sa.select(sa.func.count()).select_from(EMBEDDINGS)
            return int(connection.execute(query).scalar_one())


def text_hash(text: str) -> bytes:
    """16 bytes; a lone surrogate is hashed as it is."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
