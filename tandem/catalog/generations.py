"""Generations: what a lexical and a vector index were built with, together."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from tandem.catalog.database import reading
from tandem.catalog.moments import EPOCH, moment, now
from tandem.catalog.order import in_order, next_number
from tandem.catalog.tables import GENERATIONS
from tandem.errors import CatalogError
from tandem.schema import Schema

State = Literal["building", "ready", "leaving", "dropped"]


@dataclass(frozen=True, slots=True)
class Generation:
    """What a lexical and a vector index were built with, together.

    ``building`` until it is complete or live, then ``ready``; ``leaving`` when it is to be dropped
    and somebody still pages through it; ``dropped`` when its indexes are gone.
    """

    number: int
    collection: str
    schema: Schema
    analysis: str
    embedder: str
    dimension: int
    passage_tokens: int
    state: State = "building"
    created_at: datetime = field(default=EPOCH, compare=False)

    @property
    def lexical_name(self) -> str:
        """The lexical index's name, unique in a catalogue."""
        return lexical_name(self.collection, self.number)

    @property
    def vector_name(self) -> str:
        """The vector index's name, unique in a catalogue."""
        return vector_name(self.collection, self.number)


def lexical_name(collection: str, number: int) -> str:
    """What the lexical index of that generation is called."""
    return f"{collection}-lexical-{number}"


def vector_name(collection: str, number: int) -> str:
    """As ``lexical_name``, of the vector index."""
    return f"{collection}-vector-{number}"


class Generations:
    """The generations of all collections."""

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
        created_at = now()
        with in_order(self._engine) as (connection, _):
            made = Generation(
                next_number(connection, GENERATIONS.c.generation),
                collection,
                schema,
                analysis,
                embedder,
                dimension,
                passage_tokens,
                created_at=moment(created_at),
            )
            connection.execute(
                GENERATIONS.insert().values(
                    generation=made.number,
                    collection=collection,
                    schema=schema.encoded(),
                    analysis=analysis,
                    embedder=embedder,
                    dimension=dimension,
                    passage_tokens=passage_tokens,
                    state=made.state,
                    created_at=created_at,
                )
            )
        return made

    def generation(self, number: int) -> Generation:
        """A generation by its number, dropped ones included.

        Raises:
            CatalogError: there is none.
        """
        with reading(self._engine) as connection:
            return found_generation(connection, number)

    def generations(self, collection: str) -> list[Generation]:
        """The collection's generations that are not dropped, oldest first."""
        query = (
            sa.select(GENERATIONS)
            .where(GENERATIONS.c.collection == collection, GENERATIONS.c.state != "dropped")
            .order_by(GENERATIONS.c.generation)
        )
        with reading(self._engine) as connection:
            return [_generation(row) for row in connection.execute(query)]


def found_generation(connection: sa.Connection, number: int) -> Generation:
    """A generation by its number.

    Raises:
        CatalogError: there is none.
    """
    query = sa.select(GENERATIONS).where(GENERATIONS.c.generation == number)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise _missing(number)
    return _generation(row)


def set_state(
    connection: sa.Connection, number: int, state: State, collection: str | None = None
) -> None:
    """Change the state of a generation, of that collection if one is named.

    Raises:
        CatalogError: there is none, or it was dropped.
    """
    same = GENERATIONS.c.generation == number
    if collection is not None:
        same &= GENERATIONS.c.collection == collection
    changed = connection.execute(
        GENERATIONS.update().where(same, GENERATIONS.c.state != "dropped").values(state=state)
    ).rowcount
    if changed != 1:
        if connection.execute(sa.select(GENERATIONS.c.state).where(same)).scalar() == "dropped":
            raise CatalogError(
                f"generation {number} was dropped, its indexes are gone",
                hint="build a new one: tandem reindex",
            )
        raise _missing(number, collection)


def _missing(number: int, collection: str | None = None) -> CatalogError:
    of_collection = "" if collection is None else f" of {collection}"
    return CatalogError(
        f"there is no generation {number}{of_collection}",
        hint="see which there are: tandem releases",
    )


def _generation(row: sa.Row[*tuple[Any, ...]]) -> Generation:
    return Generation(
        row.generation,
        row.collection,
        Schema.decoded(row.schema),
        row.analysis,
        row.embedder,
        row.dimension,
        row.passage_tokens,
        row.state,
        moment(row.created_at),
    )
