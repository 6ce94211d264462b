"""The rankings that cursors page through, kept until they expire, for any worker to serve from."""

import logging
import threading
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import sqlalchemy as sa

from tandem.catalog.database import empty_log, reading, writing
from tandem.catalog.moments import now
from tandem.catalog.replaceable import Replaceable
from tandem.catalog.tables import FROZEN, FROZEN_RANKINGS
from tandem.catalog.urls import is_server
from tandem.errors import CatalogError

MAXIMUM_BYTES = 4 * 1024 * 1024
MOST_KEPT = 100_000
MOST_BYTES = 256 * 1024 * 1024
"""Beyond as many, or as much, those that expire first go: nobody's searching may fill the disk."""

KEPT_PER_STEP = 100
BYTES_PER_STEP = 16 * 1024 * 1024
"""After so many, or so much, was kept, this process forgets some: the one that does so hourly may
be away.
"""

FORGOTTEN_PER_STEP = 500
"""More than come meanwhile from a few processes, and no longer than a search may wait."""

TABLE = FROZEN_RANKINGS.c


class Frozen(NamedTuple):
    """One ranking, of a generation of a collection; ``content`` is what was given to be kept."""

    collection: str
    generation: int
    content: bytes


class _Held(NamedTuple):
    """So many rankings, of so many bytes."""

    rows: int
    size: int

    @property
    def is_too_much(self) -> bool:
        """Whether some of them have to go."""
        return self.rows > MOST_KEPT or self.size > MOST_BYTES


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
        self._counting = threading.Lock()
        self._since = _Held(0, 0)

    def keep(
        self, ranking_id: str, collection: str, generation: int, content: bytes, seconds: float
    ) -> None:
        """Keep a ranking of a generation for so many seconds, under an id that is not in use. Now
        and then others are forgotten for it; where that fails, it is kept all the same.

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
        packed = zlib.compress(content, 1)
        row = {
            "ranking_id": ranking_id,
            "collection": collection,
            "generation": generation,
            "content": packed,
            "size": len(packed),
            "expires_at": now() + round(seconds * 1_000_000),
        }
        with self._one_by_one:
            self._healed(lambda engine: _insert(engine, row))
        if self._is_time_for_room(len(packed)):
            try:
                self._make_room()
            except CatalogError as error:  # whoever keeps the next ones does it
                logging.getLogger("tandem.catalog").warning(
                    "no room is made in the %s: %s", self._title, error
                )

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

    def forget(
        self, collection: str, is_theirs: Callable[[bytes], bool], after: str = ""
    ) -> str | None:
        """Forget those of a collection whose content is somebody's: of the next few by id. After
        which id to go on; ``None`` at the end, where nothing is left of them in the database.

        Raises:
            CatalogError: the database failed.
        """
        with self._one_by_one:
            return self._healed(lambda engine: _forget_theirs(engine, collection, is_theirs, after))

    def count(self) -> int:
        """How many are kept, expired ones that nobody has forgotten yet included."""
        return self._healed(_held).rows

    def _is_time_for_room(self, size: int) -> bool:
        """Whether enough has come since this process last forgot some."""
        with self._counting:
            since = _Held(self._since.rows + 1, self._since.size + size)
            is_time = since.rows >= KEPT_PER_STEP or since.size >= BYTES_PER_STEP
            self._since = _Held(0, 0) if is_time else since
        return is_time

    def _make_room(self) -> None:
        self.purge(FORGOTTEN_PER_STEP)
        # many small ones may have to go for a large one: one step may not do
        while self._healed(_held).is_too_much:
            with self._one_by_one:
                if not self._healed(_forget_excess):
                    return  # others are at it


def _insert(engine: sa.Engine, row: dict[str, object]) -> None:
    with writing(engine) as connection:
        connection.execute(FROZEN_RANKINGS.insert(), row)


def _find(engine: sa.Engine, ranking_id: str) -> Frozen | None:
    query = sa.select(TABLE.collection, TABLE.generation, TABLE.content).where(
        TABLE.ranking_id == ranking_id, TABLE.expires_at > now()
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    content = _unpacked(row.content)
    return None if content is None else Frozen(row.collection, row.generation, content)


def _unpacked(content: bytes) -> bytes | None:
    try:
        return zlib.decompress(content)
    except zlib.error:  # a power loss may leave anything in the file
        return None


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
    with writing(engine) as connection:
        expired = _first(limit).where(TABLE.expires_at <= moment_now)
        return _forget(connection, [row.ranking_id for row in connection.execute(expired)])


def _forget_excess(engine: sa.Engine) -> int:
    """Those that expire first, until the rest is not too much, but no more than a step; how many
    that were.
    """
    with writing(engine) as connection:
        left, gone = _count(connection), []
        for row in connection.execute(_first(FORGOTTEN_PER_STEP)).all():
            if not left.is_too_much:
                break
            left = _Held(left.rows - 1, left.size - row.size)
            gone.append(row.ranking_id)
        return _forget(connection, gone)


def _forget_theirs(
    engine: sa.Engine, collection: str, is_theirs: Callable[[bytes], bool], after: str
) -> str | None:
    some = (
        sa.select(TABLE.ranking_id, TABLE.content)
        .where(TABLE.collection == collection, TABLE.ranking_id > after)
        .order_by(TABLE.ranking_id)
        .limit(FORGOTTEN_PER_STEP)
    )
    with reading(engine) as connection:
        rows = connection.execute(some).all()
    theirs = [row.ranking_id for row in rows if is_theirs(_unpacked(row.content) or b"")]
    if theirs:
        with writing(engine) as connection:
            _forget(connection, theirs)
    if len(rows) == FORGOTTEN_PER_STEP:
        return str(rows[-1].ranking_id)
    empty_log(engine)
    return None


def _first(limit: int) -> sa.Select[tuple[str, int]]:
    """The ids and sizes of those that expire first. Rows that another process is just forgetting
    are passed over: each would wait for the other.
    """
    query = sa.select(TABLE.ranking_id, TABLE.size).order_by(TABLE.expires_at).limit(limit)
    return query.with_for_update(skip_locked=True)


def _forget(connection: sa.Connection, ranking_ids: Sequence[str]) -> int:
    if ranking_ids:
        connection.execute(FROZEN_RANKINGS.delete().where(TABLE.ranking_id.in_(ranking_ids)))
    return len(ranking_ids)


def _held(engine: sa.Engine) -> _Held:
    with reading(engine) as connection:
        return _count(connection)


def _count(connection: sa.Connection) -> _Held:
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(TABLE.size), 0))
    rows, size = connection.execute(query.select_from(FROZEN_RANKINGS)).one()
    return _Held(int(rows), int(size))
