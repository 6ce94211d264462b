"""Who is to be forgotten: noted first, then done in short steps, so that nobody waits for long, and
what a crash leaves half done is done to its end by whoever takes it up.

wanted ── collect ──> all ids are noted ── rewrite ──> done: nothing says any more who it was

It is done at a place in the order of the log. Whoever has read up to there knows nothing any more
of what stood before it, and what was made of that is not put down.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tandem.catalog.database import reading, writing
from tandem.catalog.erasing import (
    KINDS,
    TABLES,
    Changed,
    Seen,
    Sought,
    change,
    named_rows,
    seen_with,
)
from tandem.catalog.event_tables import ERASED_IDS, ERASURES, EVENT_HEAD
from tandem.catalog.moments import moment, now
from tandem.catalog.order import in_order, next_number
from tandem.errors import CatalogError
from tandem.events import check_name
from tandem.fields import to_microseconds

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person to be forgotten, or forgotten: ``done_at`` says which. So many rows of ``events``
    and ``impressions`` were changed, and of ``features`` removed, so far.
    """

    number: int
    collection: str
    asked_at: datetime
    done_at: datetime | None
    events: int
    impressions: int
    features: int


class Erasures:
    """The erasures of all collections, in the event log's database. Thread-safe. Several may work
    at one: it is done once.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def ask(self, collection: str, person: str) -> Erasure:
        """Note that somebody is to be forgotten, by the id that they have as a user or as a client.
        Durable on return; one that is noted and not done is the same.

        Raises:
            FieldError: it is no id.
            CatalogError: the database failed; nothing is noted.
        """
        check_name("user_id", person)
        same = sa.select(ERASURES).where(
            ERASURES.c.collection == collection, ERASURES.c.person == person
        )
        with in_order(self._engine, EVENT_HEAD) as (connection, _):
            if found := connection.execute(same).one_or_none():
                return _erasure(found)
            number = next_number(connection, ERASURES.c.erasure)
            connection.execute(
                ERASURES.insert().values(
                    erasure=number,
                    collection=collection,
                    person=person,
                    secret=secrets.token_bytes(SECRET_BYTES),
                    asked_at=now(),
                    **Changed()._asdict(),
                )
            )
            return _erasure(_found(connection, number))

    def read(self, number: int) -> Erasure:
        """An erasure as it stands now.

        Raises:
            CatalogError: there is none of that number.
        """
        with reading(self._engine) as connection:
            return _erasure(_found(connection, number))

    def of(self, collection: str) -> list[Erasure]:
        """All of them, oldest first."""
        query = sa.select(ERASURES).where(ERASURES.c.collection == collection)
        with reading(self._engine) as connection:
            return [_erasure(row) for row in connection.execute(query.order_by(ERASURES.c.erasure))]

    def last(self) -> int:
        """Where in the order of the log the last one was done, of any collection; 0 for none."""
        with reading(self._engine) as connection:
            return last_erased(connection)

    def collect(self, number: int) -> Iterator[None]:
        """Find the clients and sessions that were seen with the person, in short steps. Nothing is
        changed before they are all noted: afterwards nobody could find them.
        """
        sought = self._sought(number)
        if sought is None or any(sought.seen):
            return
        seen = Seen()
        for found in seen_with(self._engine, sought):
            seen = found or seen
            yield
        rows = [
            {"erasure": number, "kind": kind, "name": name}
            for kind in KINDS
            for name in sorted(getattr(seen, kind))
        ]
        with writing(self._engine) as connection:
            is_first = _is_wanted(connection, number) and not any(_seen(connection, number))
            if rows and is_first:
                connection.execute(ERASED_IDS.insert(), rows)

    def ids(self, number: int) -> frozenset[str]:
        """What says who it is, the person's id and those noted with it; nothing once it is done."""
        sought = self._sought(number)
        return frozenset() if sought is None else frozenset({sought.person}.union(*sought.seen))

    def rewrite(self, number: int) -> Iterator[None]:
        """Change the person's rows, in short steps, and be done."""
        sought = self._sought(number)
        if sought is None:
            return
        after = dict.fromkeys(TABLES, 0)
        for table in TABLES:
            for found in named_rows(self._engine, table, sought):
                if found.sequences and not self._change(sought, table, found.sequences):
                    return  # another one has done it
                after[table] = found.through
                yield
        self._finish(sought, after)

    def purge(self, collection: str, before: datetime) -> int:
        """Forget those that were done before then; how many."""
        gone = ERASURES.delete().where(
            ERASURES.c.collection == collection, ERASURES.c.done_at < to_microseconds(before)
        )
        with writing(self._engine) as connection:
            return int(connection.execute(gone).rowcount)

    def _change(self, sought: Sought, table: sa.Table, sequences: Sequence[int]) -> bool:
        """One step; whether it is not done yet."""
        with writing(self._engine) as connection:
            if not _is_wanted(connection, sought.erasure):
                return False
            changed = change(connection, table, sought, table.c.sequence.in_(sequences))
            _count(connection, sought.erasure, changed)
        return True

    def _finish(self, sought: Sought, after: dict[sa.Table, int]) -> None:
        """What came meanwhile, while nothing else comes; and the place in the log's order."""
        with in_order(self._engine, EVENT_HEAD) as (connection, head):
            if not _is_wanted(connection, sought.erasure):
                return
            for table, sequence in after.items():
                changed = change(connection, table, sought, table.c.sequence > sequence)
                _count(connection, sought.erasure, changed)
            done = {"sequence": head + 1, "done_at": now(), "person": None, "secret": None}
            connection.execute(_one(sought.erasure).values(done))
            connection.execute(ERASED_IDS.delete().where(ERASED_IDS.c.erasure == sought.erasure))
            connection.execute(EVENT_HEAD.update().values(head=head + 1))

    def _sought(self, number: int) -> Sought | None:
        """Whom it is about; ``None`` once it is done."""
        with reading(self._engine) as connection:
            row = _found(connection, number)
            if row.person is None:
                return None
            seen = _seen(connection, number)
        return Sought(number, row.collection, row.person, row.secret, seen)


def last_erased(connection: sa.Connection) -> int:
    """Where in the order of the log somebody was erased last; 0 for never."""
    return int(connection.execute(sa.select(sa.func.max(ERASURES.c.sequence))).scalar() or 0)


def _seen(connection: sa.Connection, number: int) -> Seen:
    query = sa.select(ERASED_IDS.c.kind, ERASED_IDS.c.name).where(ERASED_IDS.c.erasure == number)
    names: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind, name in connection.execute(query):
        names[kind].add(name)
    return Seen(**names)


def _one(number: int) -> sa.Update:
    return ERASURES.update().where(ERASURES.c.erasure == number)


def _is_wanted(connection: sa.Connection, number: int) -> bool:
    """Whether it is not done yet; until the transaction ends nobody else works at it."""
    query = sa.select(ERASURES.c.erasure).where(
        ERASURES.c.erasure == number, ERASURES.c.person.is_not(None)
    )
    return connection.execute(query.with_for_update()).scalar() is not None


def _count(connection: sa.Connection, number: int, changed: Changed) -> None:
    more = {name: ERASURES.c[name] + count for name, count in changed._asdict().items()}
    connection.execute(_one(number).values(more))


def _found(connection: sa.Connection, number: int) -> sa.Row[Any]:
    query = sa.select(ERASURES).where(ERASURES.c.erasure == number)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise CatalogError(f"there is no erasure {number}")
    return row


def _erasure(row: sa.Row[Any]) -> Erasure:
    return Erasure(
        row.erasure,
        row.collection,
        moment(row.asked_at),
        None if row.done_at is None else moment(row.done_at),
        row.events,
        row.impressions,
        row.features,
    )
