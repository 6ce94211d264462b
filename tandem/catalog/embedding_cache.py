"""Vectors by text, so that a reindex with the same embedder embeds nothing again."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

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
        with self._engine.begin() as connection:
            rows = _rows(connection, embedder_name, list(by_hash), EMBEDDINGS.c.vector)
            return {
                by_hash[row.text_hash]: np.frombuffer(row.vector, dtype="<f4").astype(
                    np.float32, copy=False
                )
                for row in rows
            }

    def put(self, embedder_name: str, vectors: Mapping[str, FloatVector]) -> None:
        """See ``EmbeddingCache``. A text that another process embedded meanwhile is kept as is."""
        by_hash = {text_hash(text): vector for text, vector in vectors.items()}
        with writing(self._engine) as connection:
            for row in _rows(connection, embedder_name, list(by_hash)):
                del by_hash[row.text_hash]
            rows = [
                {
                    "embedder": embedder_name,
                    "text_hash": key,
                    "vector": vector.astype("<f4").tobytes(),
                }
                for key, vector in by_hash.items()
            ]
            if rows:
                connection.execute(EMBEDDINGS.insert(), rows)

    def count(self) -> int:
        """How many texts are kept."""
        with self._engine.begin() as connection:
            query = sa.select(sa.func.count()).select_from(EMBEDDINGS)
            return int(connection.execute(query).scalar_one())


def _rows(
    connection: sa.Connection, embedder_name: str, hashes: Sequence[bytes], *columns: Any
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """The rows of those hashes that are known: ``text_hash`` and ``columns``."""
    for start in range(0, len(hashes), ROWS_PER_QUERY):
        query = sa.select(EMBEDDINGS.c.text_hash, *columns).where(
            EMBEDDINGS.c.embedder == embedder_name,
            EMBEDDINGS.c.text_hash.in_(hashes[start : start + ROWS_PER_QUERY]),
        )
        yield from connection.execute(query).all()


def text_hash(text: str) -> bytes:
    """16 bytes; a lone surrogate is hashed as it is."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
