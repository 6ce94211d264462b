"""The rankings that cursors page through, kept until they expire, for any worker to serve from."""

import threading
import zlib
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import count
from typing import NamedTuple

import sqlalchemy as sa

from tandem.catalog.database import reading, writing
from tandem.catalog.moments import moment, now
from tandem.catalog.replaceable import Replaceable
from tandem.catalog.tables import FROZEN, FROZEN_RANKINGS
from tandem.catalog.urls import is_server
from tandem.errors import CatalogError

MAXIMUM_BYTES = 4 * 1024 * 1024
MOST_KEPT = 100_000
"""Beyond as many, those that expire first go: nobody's searching may fill the disk."""

KEPT_PER_STEP = 100
"""After so many were kept, this process forgets some: the one that does so hourly may be away."""

FORGOTTEN_PER_STEP = 500
"""More than come meanwhile from a few processes, and no longer than a search may wait."""

TABLE = FROZEN_RANKINGS.c


class Frozen(NamedTuple):
    """One ranking, of a generation of a collection; ``content`` is what was given to be kept."""

    collection: str
    generation: int
    content: bytes
    expires_at: datetime


class FrozenRankings(Replaceable):
    """Rankings by ids that nobody can guess. Losing them costs people the next page, so they are
    written cheaply, and packed: a quarter of the disk for the same time. Thread-safe.
    """

    def __init__(self, url: sa.URL) -> None:
        super().__init__(
            url, FROZEN, title="store of frozen rankings", durability="OFF", loss="cursors expire"
        )
        # SQLite lets the second writer try again and again, ever more seldom; a lock wakes it
        self._one_by_one: AbstractContextManager[object] = (
            nullcontext() if is_server(url) else threading.Lock()
        )
        self._kept = count(1)

    def keep(
        self, ranking_id: str, collection: str, generation: int, content: bytes, seconds: float
    ) -> None:
        """Keep a ranking of a generation for so many seconds, under an id that is not in use.

        Raises:
            CatalogError: the content has more than ``MAXIMUM_BYTES``, the id is in use, or the
                database failed; nothing is kept.
        """
        if len(content) > MAXIMUM_BYTES:
            raise CatalogError(
                f"a ranking of {len(content):,} bytes cannot be frozen: at most {MAXIMUM_BYTES:,} "
                "are kept",
                hint="lower search.depth",
            )
        row = {
            "ranking_id": ranking_id,
            "collection": collection,
            "generation": generation,
            "content": zlib.compress(content, 1),
            "expires_at": now() + round(seconds * 1_000_000),
        }
        with self._one_by_one:
            self._healed(lambda engine: _insert(engine, row))
        if next(self._kept) % KEPT_PER_STEP == 0:
            self._make_room()

    def find(self, ranking_id: str) -> Frozen | None:
        """A ranking; ``None`` where there is none of that id, or it has expired.

        Raises:
            CatalogError: the database failed.
        """
        return self._healed(lambda engine: _find(engine, ranking_id))

    def generations(self, collection: str) -> set[int]:
        """The generations whose rankings somebody may still page through.

        Raises:
            CatalogError: the database failed.
        """
        return self._healed(lambda engine: _generations(engine, collection))

    def purge(self, limit: int) -> int:
        """Forget at most ``limit`` rankings that have expired, of any collection; how many.

        Raises:
            CatalogError: the database failed.
        """
        with self._one_by_one:
            return self._healed(lambda engine: _purge(engine, limit))

    def count(self) -> int:
        """How many are kept, expired ones that nobody has forgotten yet included."""
        return self._healed(_count)

    def _make_room(self) -> None:
        if self.purge(FORGOTTEN_PER_STEP) < FORGOTTEN_PER_STEP:
            excess = min(self.count() - MOST_KEPT, FORGOTTEN_PER_STEP)
            if excess > 0:
                with self._one_by_one:
                    self._healed(lambda engine: _forget(engine, excess, until=None))


def _insert(engine: sa.Engine, row: dict[str, object]) -> None:
    with writing(engine) as connection:
        connection.execute(FROZEN_RANKINGS.insert(), row)


def _find(engine: sa.Engine, ranking_id: str) -> Frozen | None:
    query = sa.select(TABLE.collection, TABLE.generation, TABLE.content, TABLE.expires_at).where(
        TABLE.ranking_id == ranking_id, TABLE.expires_at > now()
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    try:
        content = zlib.decompress(row.content)
    except zlib.error:  # a power loss may leave anything in the file
        return None
    return Frozen(row.collection, row.generation, content, moment(row.expires_at))


def _generations(engine: sa.Engine, collection: str) -> set[int]:
    query = (
        sa.select(TABLE.generation)
        .distinct()
        .where(TABLE.expires_at > now(), TABLE.collection == collection)
    )
    with reading(engine) as connection:
        return set(connection.execute(query).scalars())


def _purge(engine: sa.Engine, limit: int) -> int:
    moment_now = now()
    first = sa.select(sa.func.min(TABLE.expires_at))
    with reading(engine) as connection:  # mostly there is nothing to forget
        earliest = connection.execute(first).scalar()
    if earliest is None or earliest > moment_now:
        return 0
    return _forget(engine, limit, until=moment_now)


def _forget(engine: sa.Engine, limit: int, *, until: int | None) -> int:
    """The ``limit`` that expire first, those alone that have expired ``until`` then."""
    first = sa.select(TABLE.ranking_id).order_by(TABLE.expires_at).limit(limit)
    if until is not None:
        first = first.where(TABLE.expires_at <= until)
    with writing(engine) as connection:
        gone = FROZEN_RANKINGS.delete().where(TABLE.ranking_id.in_(first))
        return int(connection.execute(gone).rowcount)


def _count(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        query = sa.select(sa.func.count()).select_from(FROZEN_RANKINGS)
        return int(connection.execute(query).scalar_one())
