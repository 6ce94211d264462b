"""Where raters sit: the pools of a collection, each a folder with its pool and what was said of it.

FOLDER/NAME/pool.jsonl      what is to be judged
FOLDER/NAME/ratings.jsonl   what raters said
"""

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from relevance_eval.judging.pool import Pool, joined, shuffled
from relevance_eval.judging.pool_file import read_pool, write_pool
from relevance_eval.judging.ratings import Place, Rating, RatingsLog
from tandem.errors import InputError, SourceError, TandemError

POOL, RATINGS = "pool.jsonl", "ratings.jsonl"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NAMED = "1 to 63 lower-case letters, digits, - or _, beginning with a letter or digit"


class PoolNotFound(InputError):
    """There is no pool of that name."""

    code = "pool_not_found"


class PoolUnreadable(TandemError):
    """A pool, or what was said of it, is broken; the message names the line."""

    code = "pool_unreadable"


class NotPooled(InputError):
    """A query or a document that is not in the pool."""

    code = "not_pooled"


class PoolEntry(NamedTuple):
    """A pool in a list. ``fault`` says why it cannot be judged, if so; it then has no counts."""

    name: str
    queries: int
    documents: int
    fault: str | None


class QueryEntry(NamedTuple):
    """A query, and how many of its documents a rater has rated."""

    query_id: str
    text: str
    intent: str
    documents: int
    rated: int


class DocumentEntry(NamedTuple):
    """A document of a query: ``grade`` is ``None`` where it is not rated, or left unjudged."""

    document_id: str
    is_rated: bool
    grade: int | None


class Desk:
    """The pools of a folder. Thread-safe; other processes may add pools and ratings beside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pools: dict[str, tuple[tuple[int, int], Pool]] = {}
        self._logs: dict[str, RatingsLog] = {}

    def pools(self) -> list[PoolEntry]:
        """All there are, by name."""
        try:
            names = sorted(path.parent.name for path in self._folder.glob(f"*/{POOL}"))
        except OSError as error:
            raise PoolUnreadable(f"{self._folder} cannot be read: {error.strerror}") from None
        return [self._entry(name) for name in names if NAME.fullmatch(name)]

    def pool(self, name: str) -> Pool:
        """The pool of that name, read again where it has changed.

        Raises:
            PoolNotFound: there is none.
            PoolUnreadable: it is broken.
        """
        path = self._folder / name / POOL
        try:
            if NAME.fullmatch(name) is None:
                raise FileNotFoundError
            told = path.stat()
        except FileNotFoundError:
            raise self._not_found(name) from None
        except OSError as error:
            raise PoolUnreadable(f"{path} cannot be read: {error.strerror}") from None
        stamp = (told.st_mtime_ns, told.st_ino)
        with self._lock:
            known = self._pools.get(name)
            if known is None or known[0] != stamp:
                with _told():
                    known = (stamp, read_pool(path))
                self._pools[name] = known
            return known[1]

    def keep(self, name: str, pool: Pool, *, adds: bool = False) -> Pool:
        """Put a new pool there, or with ``adds`` add to the one that is there; what is there then.

        Raises:
            InputError: no pool may have that name, or one has it already.
            PoolUnreadable: the one that is there is broken.
            SourceError: it cannot be written.
        """
        if self.check_new(name, adds=adds):
            pool = joined(self.pool(name), pool)
        write_pool(pool, self._folder / name / POOL)
        return pool

    def check_new(self, name: str, *, adds: bool = False) -> bool:
        """Refuse what ``keep`` would, before any work is done for it; whether there is such a pool.

        Raises:
            InputError: no pool may have that name, or one has it already.
        """
        if NAME.fullmatch(name) is None:
            raise InputError(f"{name!r} is no name of a pool, expected {NAMED}")
        path = self._folder / name / POOL
        is_there = path.exists()
        if is_there and not adds:
            raise InputError(
                f"there is a pool {name!r} already: {path}",
                hint="add to it with --add, or choose another name with --name",
            )
        return is_there

    def queries(self, name: str, rater: str) -> list[QueryEntry]:
        """The queries in the order of the pool, and how far the rater is.

        Raises:
            PoolNotFound: there is no such pool.
            PoolUnreadable: it is broken.
        """
        pool, said = self.pool(name), self._of(name, rater)
        rated = Counter(place.query_id for place in said if _is_pooled(pool, place))
        return [
            QueryEntry(
                query.query_id,
                query.text,
                query.intent,
                len(query.document_ids),
                rated[query.query_id],
            )
            for query in pool.queries.values()
        ]

    def documents(self, name: str, rater: str, query_id: str) -> list[DocumentEntry]:
        """The documents of a query, in the rater's own order.

        Raises:
            PoolNotFound: there is no such pool.
            PoolUnreadable: it is broken.
            NotPooled: it has no such query.
        """
        pool, said = self.pool(name), self._of(name, rater)
        check_pooled(pool, query_id)
        return [
            DocumentEntry(
                document_id, (place := Place(query_id, document_id)) in said, said.get(place)
            )
            for document_id in shuffled(pool, query_id, rater)
        ]

    def rate(self, name: str, rater: str, place: Place, grade: int | None) -> None:
        """Keep a rating; durable on return.

        Raises:
            PoolNotFound: there is no such pool.
            PoolUnreadable: it is broken.
            NotPooled: the place is not in it.
            RatingsUnavailable: it could not be written.
        """
        check_pooled(self.pool(name), *place)
        with _told():
            self._log(name).add(rater, place, grade)

    def undo(self, name: str, rater: str) -> Rating | None:
        """Take back the rater's last rating; ``None`` where there is none.

        Raises:
            PoolNotFound: there is no such pool.
            PoolUnreadable: what was said is broken.
            RatingsUnavailable: it could not be written.
        """
        self.pool(name)
        with _told():
            return self._log(name).undo(rater)

    def ratings(self, name: str) -> Mapping[str, Mapping[Place, int | None]]:
        """What counts of everybody, by name.

        Raises:
            PoolNotFound: there is no such pool.
            PoolUnreadable: it is broken.
        """
        self.pool(name)
        with _told():
            return self._log(name).all()

    def _of(self, name: str, rater: str) -> Mapping[Place, int | None]:
        with _told():
            return self._log(name).of(rater)

    def _log(self, name: str) -> RatingsLog:
        with self._lock:
            if name not in self._logs:
                self._logs[name] = RatingsLog(self._folder / name / RATINGS)
            return self._logs[name]

    def _entry(self, name: str) -> PoolEntry:
        try:
            pool = self.pool(name)
        except TandemError as error:
            return PoolEntry(name, 0, 0, str(error))
        return PoolEntry(name, len(pool.queries), pool.document_count, None)

    def _not_found(self, name: str) -> PoolNotFound:
        known = ", ".join(entry.name for entry in self.pools())
        return PoolNotFound(
            f"there is no pool {name!r}",
            hint=f"there are: {known}" if known else "make one: tandem eval pool",
        )


def within(
    pool: Pool, said: Mapping[str, Mapping[Place, int | None]]
) -> dict[str, dict[Place, int | None]]:
    """What is said of places of the pool: one that was made anew may have lost some."""
    return {
        rater: kept
        for rater, grades in said.items()
        if (kept := {place: grade for place, grade in grades.items() if _is_pooled(pool, place)})
    }


def _is_pooled(pool: Pool, place: Place) -> bool:
    query = pool.queries.get(place.query_id)
    return query is not None and place.document_id in query.documents


@contextmanager
def _told() -> Iterator[None]:
    """Tell of a broken file as what it is to whoever judges: no input of theirs."""
    try:
        yield
    except SourceError as error:
        raise PoolUnreadable(str(error), hint=error.hint) from None


def check_pooled(pool: Pool, query_id: str, document_id: str | None = None) -> None:
    """Refuse a query, or a document for it, that is not in the pool.

    Raises:
        NotPooled: it is not.
    """
    query = pool.queries.get(query_id)
    if query is None:
        raise NotPooled(f"the pool has no query {query_id!r}")
    if document_id is not None and document_id not in query.documents:
        raise NotPooled(f"the pool has no document {document_id!r} for the query {query_id!r}")
