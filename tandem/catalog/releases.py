"""Releases: the only switch. Each names a generation and a model; one of them is live."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY, reading, writing
from tandem.catalog.generations import (
    Generation,
    Generations,
    State,
    found_generation,
    set_state,
)
from tandem.catalog.models import check_model
from tandem.catalog.moments import EPOCH, moment, now
from tandem.catalog.order import in_order, next_number
from tandem.catalog.tables import CHECKPOINTS, FAILURES, GENERATIONS, LIVE, RELEASES, VERIFICATIONS
from tandem.errors import CatalogError, ReleaseConflict
from tandem.fields import to_microseconds

__all__ = ["NO_SEARCH", "Generation", "Release", "Releases", "State"]

NO_SEARCH: Final = "{}"
"""A search with no settings of its own: that of the settings."""


@dataclass(frozen=True, slots=True)
class Release:
    """One state of the search box. ``parent`` is the release it was made from. Without a ``model``
    the order is an untrained one. ``search`` is canonical JSON: the settings of ``[search]`` that
    it has of its own, ``None`` if none.
    """

    number: int
    collection: str
    generation: int
    parent: int | None
    created_at: datetime = field(default=EPOCH, compare=False)
    model: int | None = None
    search: str | None = None


class Releases(Generations):
    """Generations, releases and the pointer to the live one."""

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

    def release(self, number: int) -> Release:
        """A release by its number.

        Raises:
            CatalogError: there is none.
        """
        with reading(self._engine) as connection:
            return _found(connection, number)

    def history(self, collection: str, limit: int = 100) -> list[Release]:
        """The last releases that were made, newest first."""
        query = (
            sa.select(RELEASES)
            .where(RELEASES.c.collection == collection)
            .order_by(RELEASES.c.release.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [_release(row) for row in connection.execute(query)]

    def collections(self) -> list[str]:
        """The collections that have a live release, by name."""
        with reading(self._engine) as connection:
            # databases order text by rules of their own
            return sorted(connection.execute(sa.select(LIVE.c.collection)).scalars())

    def promote(
        self,
        collection: str,
        generation: int,
        *,
        parent: int | None,
        model: int | None = None,
        search: str | None = None,
    ) -> Release:
        """Make a release of a generation, which is ``ready`` then, and a model, and point to it, if
        ``parent`` is still the live one. Without a ``search`` of its own it has its parent's;
        ``{}`` ends that.

        Raises:
            ReleaseConflict: something else was promoted meanwhile; nothing changed.
            CatalogError: there is no such generation of the collection, or it was dropped.
            InputError: there is no such model of the collection, or it was removed.
        """
        with in_order(self._engine) as (connection, _):
            live = _live(connection, collection)
            if live != parent:
                raise ReleaseConflict(
                    f"{collection}: release {live} is live, the new one was made from {parent}",
                    hint="look at what was promoted meanwhile, then promote again",
                )
            set_state(connection, generation, "ready", collection)
            if model is not None:
                check_model(connection, model, collection)
            if search is None and parent is not None:
                search = _found(connection, parent).search
            search = None if search == NO_SEARCH else search
            number, created_at = next_number(connection, RELEASES.c.release), now()
            connection.execute(
                RELEASES.insert().values(
                    release=number,
                    collection=collection,
                    generation=generation,
                    parent=parent,
                    created_at=created_at,
                    model=model,
                    search=search,
                )
            )
            _point(connection, collection, number, is_first=live is None)
        made_at = moment(created_at)
        return Release(number, collection, generation, parent, made_at, model, search)

    def point(self, collection: str, to: int, *, expected: int | None) -> Release:
        """Make an earlier release the live one again, if ``expected`` still is.

        Raises:
            ReleaseConflict: another release is live; nothing changed.
            CatalogError: there is no such release of the collection, or its generation was dropped.
            InputError: its model is not kept any more.
        """
        with in_order(self._engine) as (connection, _):
            live = _live(connection, collection)
            if live != expected:
                raise ReleaseConflict(
                    f"{collection}: release {live} is live, expected {expected}",
                    hint="look at what was promoted meanwhile, then choose again",
                )
            release = _found(connection, to)
            if release.collection != collection:
                raise CatalogError(
                    f"release {to} is one of {release.collection}, expected one of {collection}",
                    hint="see the collection's own: tandem releases",
                )
            set_state(connection, release.generation, "ready", collection)
            if release.model is not None:
                check_model(connection, release.model, collection)
            _point(connection, collection, to, is_first=live is None)
        return release

    def drop(self, generation: int) -> None:
        """Mark a generation as dropped and forget its indexes' checkpoints, failures and
        verifications. Dropping it twice is nothing.

        Raises:
            CatalogError: there is no such generation, or its release is live.
        """
        with in_order(self._engine) as (connection, _):
            live = (
                sa.select(LIVE.c.release)
                .join(RELEASES, RELEASES.c.release == LIVE.c.release)
                .where(RELEASES.c.generation == generation)
            )
            release = connection.execute(live).scalar()
            if release is not None:
                raise CatalogError(
                    f"generation {generation} is live, by release {release}",
                    hint="promote another generation first",
                )
            dropped = found_generation(connection, generation)
            names = (dropped.lexical_name, dropped.vector_name)
            for table in (CHECKPOINTS, FAILURES, VERIFICATIONS):
                connection.execute(table.delete().where(table.c.index_name.in_(names)))
            connection.execute(
                GENERATIONS.update()
                .where(GENERATIONS.c.generation == generation)
                .values(state="dropped")
            )

    def purge(self, collection: str, before: datetime) -> int:
        """Forget the dropped generations that were made before then, with their releases, to which
        nobody can go back; how many. A release that was made from one of those is made from none.
        What has the last number of its kind stays, since the next one follows from it.
        """
        with in_order(self._engine) as (connection, _):
            last = sa.select(sa.func.max(GENERATIONS.c.generation)).scalar_subquery()
            query = sa.select(GENERATIONS.c.generation).where(
                GENERATIONS.c.collection == collection,
                GENERATIONS.c.state == "dropped",
                GENERATIONS.c.created_at < to_microseconds(before),
                GENERATIONS.c.generation < last,
                GENERATIONS.c.generation.not_in(_of_recent_releases(before)),
            )
            old = list(connection.execute(query.limit(ROWS_PER_QUERY)).scalars())
            gone = sa.select(RELEASES.c.release).where(RELEASES.c.generation.in_(old))
            connection.execute(
                RELEASES.update().where(RELEASES.c.parent.in_(gone)).values(parent=None)
            )
            connection.execute(RELEASES.delete().where(RELEASES.c.generation.in_(old)))
            connection.execute(GENERATIONS.delete().where(GENERATIONS.c.generation.in_(old)))
        return len(old)

    def set_state(self, generation: int, state: State) -> None:
        """Say that a generation is ``building``, ``ready`` or ``leaving``; ``drop`` says the last.

        Raises:
            CatalogError: there is no such generation, or it was dropped.
        """
        if state == "dropped":
            self.drop(generation)
            return
        with writing(self._engine) as connection:
            set_state(connection, generation, state)


def _of_recent_releases(before: datetime) -> sa.Select[tuple[int]]:
    """The generations that have to stay for their releases."""
    last = sa.select(sa.func.max(RELEASES.c.release)).scalar_subquery()
    return sa.select(RELEASES.c.generation).where(
        (RELEASES.c.created_at >= to_microseconds(before)) | (RELEASES.c.release == last)
    )


def _live(connection: sa.Connection, collection: str) -> int | None:
    query = sa.select(LIVE.c.release).where(LIVE.c.collection == collection)
    live: int | None = connection.execute(query).scalar()
    return live


def _point(connection: sa.Connection, collection: str, release: int, *, is_first: bool) -> None:
    if is_first:
        connection.execute(LIVE.insert().values(collection=collection, release=release))
    else:
        connection.execute(
            LIVE.update().where(LIVE.c.collection == collection).values(release=release)
        )


def _found(connection: sa.Connection, number: int) -> Release:
    row = connection.execute(sa.select(RELEASES).where(RELEASES.c.release == number)).one_or_none()
    if row is None:
        raise CatalogError(
            f"there is no release {number}", hint="see which there are: tandem releases"
        )
    return _release(row)


def _release(row: sa.Row[*tuple[Any, ...]]) -> Release:
    return Release(
        row.release,
        row.collection,
        row.generation,
        row.parent,
        moment(row.created_at),
        row.model,
        row.search,
    )
