"""Generations, and the releases that name them. A release is the only switch."""

import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tandem.catalog.database import reading, writing
from tandem.catalog.tables import GENERATIONS, LIVE, RELEASES
from tandem.errors import ReleaseConflict
from tandem.schema import Schema


@dataclass(frozen=True, slots=True)
class Generation:
    """What a lexical and a vector index were built with, together."""

    number: int
    collection: str
    schema: Schema
    analysis: str
    embedder: str
    dimension: int
    passage_tokens: int

    @property
    def lexical_name(self) -> str:
        """The lexical index's name, unique in a catalogue."""
        return f"{self.collection}-lexical-{self.number}"

    @property
    def vector_name(self) -> str:
        """The vector index's name, unique in a catalogue."""
        return f"{self.collection}-vector-{self.number}"


@dataclass(frozen=True, slots=True)
class Release:
    """One state of the search box. ``parent`` is the release it was made from."""

    number: int
    collection: str
    generation: int
    parent: int | None


class Releases:
    """Generations, releases and the pointer to the live one."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def create_generation(
        self,
        collection: str,
        schema: Schema,
        *,
        analysis: str,
        embedder: str,
        dimension: int,
        passage_tokens: int,
    ) -> Generation:
        """Record what a new generation is built with; its indexes are empty."""
        values = {
            "analysis": analysis,
            "embedder": embedder,
            "dimension": dimension,
            "passage_tokens": passage_tokens,
        }
        with writing(self._engine) as connection:
            number = _next(connection, GENERATIONS.c.generation)
            connection.execute(
                GENERATIONS.insert().values(
                    generation=number,
                    collection=collection,
                    schema=schema.encoded(),
                    created_at=time.time_ns() // 1_000,
                    **values,
                )
            )
        return Generation(number, collection, schema, analysis, embedder, dimension, passage_tokens)

    def generation(self, number: int) -> Generation:
        """A generation that exists."""
        query = sa.select(GENERATIONS).where(GENERATIONS.c.generation == number)
        with reading(self._engine) as connection:
            row = connection.execute(query).one()
        return Generation(
            row.generation,
            row.collection,
            Schema.decoded(row.schema),
            row.analysis,
            row.embedder,
            row.dimension,
            row.passage_tokens,
        )

    def live(self, collection: str) -> Release | None:
        """The live release, if the collection ever had one."""
        query = (
            sa.select(RELEASES)
            .join(LIVE, LIVE.c.release == RELEASES.c.release)
            .where(LIVE.c.collection == collection)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _release(row)

    def collections(self) -> list[str]:
        """The collections that have a live release, by name."""
        query = sa.select(LIVE.c.collection).order_by(LIVE.c.collection)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def promote(self, collection: str, generation: int, *, parent: int | None) -> Release:
        """Make a release of a generation and point to it, if ``parent`` is still the live one.

        Raises:
            ReleaseConflict: something else was promoted meanwhile; nothing changed.
        """
        with writing(self._engine) as connection:
            live = connection.execute(
                sa.select(LIVE.c.release).where(LIVE.c.collection == collection)
            ).scalar()
            if live != parent:
                raise ReleaseConflict(
                    f"{collection}: release {live} is live, the new one was made from {parent}",
                    hint="look at what was promoted meanwhile, then promote again",
                )
            number = _next(connection, RELEASES.c.release)
            connection.execute(
                RELEASES.insert().values(
                    release=number,
                    collection=collection,
                    generation=generation,
                    parent=parent,
                    created_at=time.time_ns() // 1_000,
                )
            )
            if parent is None:
                connection.execute(LIVE.insert().values(collection=collection, release=number))
            else:
                connection.execute(
                    LIVE.update().where(LIVE.c.collection == collection).values(release=number)
                )
        return Release(number, collection, generation, parent)


def _next(connection: sa.Connection, column: sa.Column[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.max(column))).scalar() or 0) + 1


def _release(row: sa.Row[*tuple[Any, ...]]) -> Release:
    return Release(row.release, row.collection, row.generation, row.parent)
