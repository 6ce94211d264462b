"""Vectors by text, so that a reindex with the same embedder embeds nothing again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import sqlalchemy as sa

from tandem.catalog.database import parts, reading, writing
from tandem.catalog.replaceable import Replaceable
from tandem.catalog.sqlite import bytes_used
from tandem.catalog.tables import CACHE, EMBEDDINGS
from tandem.protocols import FloatVector

ROW: sa.ColumnElement[int] = sa.literal_column("rowid", sa.Integer)
FLOAT_BYTES = 4
ROWS_PER_STEP = 1_000
"""What one step forgets: whoever embeds meanwhile waits for no longer than that takes."""


class DatabaseEmbeddingCache(Replaceable):
    """An ``EmbeddingCache`` in a database. A damaged file is moved aside and begun anew: all of it
    can be computed again.
    """

    def __init__(self, url: sa.URL | str) -> None:
        super().__init__(
            sa.make_url(url),
            CACHE,
            title="embedding cache",
            durability="NORMAL",
            loss="texts are embedded again when they are indexed again",
        )

    def get(self, embedder_name: str, texts: Sequence[str]) -> Mapping[str, FloatVector]:
        """See ``EmbeddingCache``."""
        return self._healed(lambda engine: _get(engine, embedder_name, texts))

    def put(self, embedder_name: str, vectors: Mapping[str, FloatVector]) -> None:
        """See ``EmbeddingCache``. A text that another process embedded meanwhile is kept as is."""
        self._healed(lambda engine: _put(engine, embedder_name, vectors))

    def forget(self, embedder_name: str, texts: Sequence[str]) -> None:
        """See ``EmbeddingCache``."""
        self._healed(lambda engine: _forget_texts(engine, embedder_name, texts))

    def count(self) -> int:
        """How many texts are kept."""
        return self._healed(_count)

    def forget_others(self, embedders: Collection[str]) -> int:
        """Forget at most ``ROWS_PER_STEP`` vectors of embedders that are not named; how many."""
        return self._healed(lambda engine: _forget_others(engine, embedders))

    def shrink(self, maximum_bytes: int) -> int:
        """Forget the vectors that were put first, at most ``ROWS_PER_STEP``, if all take more room
        than that; how many. The file keeps its size, and new ones take the room.
        """
        return self._healed(lambda engine: _shrink(engine, maximum_bytes))


def _get(engine: sa.Engine, embedder_name: str, texts: Sequence[str]) -> Mapping[str, FloatVector]:
    by_hash = {text_hash(text): text for text in texts}
    with reading(engine) as connection:
        rows = _rows(connection, embedder_name, list(by_hash), EMBEDDINGS.c.vector)
        return {by_hash[row.text_hash]: _vector(row.vector) for row in rows}


def _vector(held: bytes) -> FloatVector:
    """The vector as it was put; an empty one where what is held is none, for its length to tell."""
    if len(held) % FLOAT_BYTES:
        return np.empty(0, np.float32)
    return np.frombuffer(held, dtype="<f4").astype(np.float32, copy=False)


def _put(engine: sa.Engine, embedder_name: str, vectors: Mapping[str, FloatVector]) -> None:
    by_hash = {text_hash(text): vector for text, vector in vectors.items()}
    with writing(engine) as connection:
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


def _forget_others(engine: sa.Engine, embedders: Collection[str]) -> int:
    with reading(engine) as connection:  # mostly there are none
        other = next((name for name in _embedders(connection) if name not in embedders), None)
    if other is None:
        return 0
    return _forget_step(engine, sa.select(ROW).where(EMBEDDINGS.c.embedder == other))


def _embedders(connection: sa.Connection) -> Iterator[str]:
    """Each once, in order. From one name to the next: each has as many rows as there are texts."""
    name: str | None = ""
    least = sa.select(sa.func.min(EMBEDDINGS.c.embedder))
    while name is not None:
        name = connection.execute(least.where(EMBEDDINGS.c.embedder > name)).scalar()
        if name is not None:
            yield name


def _shrink(engine: sa.Engine, maximum_bytes: int) -> int:
    with reading(engine) as connection:
        is_small = bytes_used(connection) <= maximum_bytes
    # a row's number in SQLite grows with each that is put
    first = sa.select(ROW).select_from(EMBEDDINGS).order_by(ROW)
    return 0 if is_small else _forget_step(engine, first)


def _forget_step(engine: sa.Engine, rows: sa.Select[int]) -> int:
    """One step: the first of the rows, which are given by their numbers."""
    with writing(engine) as connection:
        gone = EMBEDDINGS.delete().where(ROW.in_(rows.limit(ROWS_PER_STEP)))
        return int(connection.execute(gone).rowcount)


def _forget_texts(engine: sa.Engine, embedder_name: str, texts: Sequence[str]) -> None:
    hashes = [text_hash(text) for text in texts]
    with writing(engine) as connection:
        for part in parts(hashes):
            connection.execute(
                EMBEDDINGS.delete().where(
                    EMBEDDINGS.c.embedder == embedder_name,
                    EMBEDDINGS.c.text_hash.in_(part),
                )
            )


def _count(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        query = sa.select(sa.func.count()).select_from(EMBEDDINGS)
        return int(connection.execute(query).scalar_one())


def _rows(
    connection: sa.Connection, embedder_name: str, hashes: Sequence[bytes], *columns: Any
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """The rows of those hashes that are known: ``text_hash`` and ``columns``."""
    for part in parts(hashes):
        query = sa.select(EMBEDDINGS.c.text_hash, *columns).where(
            EMBEDDINGS.c.embedder == embedder_name,
            EMBEDDINGS.c.text_hash.in_(part),
        )
        yield from connection.execute(query).all()


def text_hash(text: str) -> bytes:
    """16 bytes; a lone surrogate is hashed as it is."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
