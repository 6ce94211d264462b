"""The event log: the authority for behaviour. It is appended to, and purged from its begin; nothing
in it changes but who is erased.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

import sqlalchemy as sa

from tandem.behaviour import BehaviourLog
from tandem.catalog.behaviour_rows import CollectionBehaviour
from tandem.catalog.database import bytes_held, empty_log, parts, reading
from tandem.catalog.erasures import Erasures
from tandem.catalog.event_rows import EVENT, IMPRESSION, Kind, Recorded, Word, fresh_rows
from tandem.catalog.event_tables import EVENT_HEAD, EVENT_LOG, EVENTS, IMPRESSIONS
from tandem.catalog.feature_log import FeatureLog
from tandem.catalog.moments import now
from tandem.catalog.order import in_order
from tandem.catalog.purging import purge
from tandem.errors import FieldError
from tandem.events import ALL_BEFORE, Event, Impression
from tandem.fields import to_microseconds


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one append did: how many it added, and how many were there, or in the batch, before."""

    accepted: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Page(Generic[Word]):
    """Rows in order of sequence. Every row of their kind and collection up to ``through`` is in it,
    or was before it.
    """

    rows: tuple[Recorded[Word], ...]
    through: int


class EventLog:
    """What was shown and what was done then, in the order of receipt. Events and impressions share
    its sequences, from 1: ``as_of`` is one of them, or 0. ``features`` are those that were logged,
    ``erasures`` are of people.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.features = FeatureLog(engine)
        self.erasures = Erasures(engine)
        with reading(engine) as connection:
            self.log_id = str(connection.execute(sa.select(EVENT_HEAD.c.log_id)).scalar_one())

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def head(self) -> int:
        """The last sequence given out; 0 for an empty log."""
        with reading(self.engine) as connection:
            return _head(connection)

    def append(self, collection: str, source: str, words: Sequence[Event | Impression]) -> Accepted:
        """Accept events whose ids the collection's log does not hold, and impressions as
        ``append_impressions``, in their order; durable on return.
        """
        with in_order(self.engine, EVENT_HEAD) as (connection, head):
            fresh = fresh_rows(connection, collection, words)
            _check_read((found.as_of for found in fresh), head)
            shared = {"collection": collection, "source": source, "received_at": now()}
            for table in (EVENTS, IMPRESSIONS):
                rows = [
                    shared | found.row_at(sequence)
                    for sequence, found in enumerate(fresh, start=head + 1)
                    if found.table is table
                ]
                if rows:
                    connection.execute(table.insert(), rows)
            if fresh:
                connection.execute(EVENT_HEAD.update().values(head=head + len(fresh)))
        return Accepted(len(fresh), len(words) - len(fresh))

    def append_impressions(
        self, collection: str, source: str, impressions: Sequence[Impression]
    ) -> Accepted:
        """Accept impressions, of each what no impression of its query holds yet: a page that was
        shown before is a duplicate, of a longer one that begins there the rest is an impression.
        Durable on return.

        Raises:
            FieldError: an ``as_of`` is past the end of the log; none is accepted.
        """
        return self.append(collection, source, impressions)

    def events(self, collection: str, after: int, limit: int) -> Page[Event]:
        """The next at most ``limit`` events whose sequence is above ``after``. None is left where
        ``through`` is ``after``.
        """
        return self._page(EVENT, collection, after, limit)

    def impressions(self, collection: str, after: int, limit: int) -> Page[Impression]:
        """As ``events``, of impressions."""
        return self._page(IMPRESSION, collection, after, limit)

    def events_of(
        self,
        collection: str,
        user_id: str,
        *,
        as_of: int,
        limit: int,
        before: datetime | None = None,
    ) -> list[Recorded[Event]]:
        """The last at most ``limit`` events of a user up to the sequence ``as_of``, in its order;
        only those that happened before ``before``, if it is given (aware).
        """
        query = sa.select(EVENTS).where(
            EVENTS.c.collection == collection,
            EVENTS.c.user_id == user_id,
            EVENTS.c.sequence <= as_of,
        )
        if before is not None:
            query = query.where(EVENTS.c.happened_at < to_microseconds(before))
        query = query.order_by(EVENTS.c.sequence.desc()).limit(limit)
        with reading(self.engine) as connection:
            return [EVENT.recorded(row) for row in connection.execute(query)][::-1]

    def impressions_of(
        self, collection: str, query_ids: Sequence[str]
    ) -> list[Recorded[Impression]]:
        """Every page that was shown of given queries, in order of sequence."""
        found: list[Recorded[Impression]] = []
        with reading(self.engine) as connection:
            for part in parts(query_ids):
                query = sa.select(IMPRESSIONS).where(
                    IMPRESSIONS.c.collection == collection,
                    IMPRESSIONS.c.query_id.in_(part),
                )
                found += map(IMPRESSION.recorded, connection.execute(query))
        return sorted(found, key=lambda row: row.sequence)

    def known_queries(self, collection: str, query_ids: Collection[str]) -> set[str]:
        """Those of the queries of which a page was shown."""
        with reading(self.engine) as connection:
            found = IMPRESSION.known(connection, collection, query_ids)
        return {name for name, _ in found}

    def behaviour(self, collection: str) -> BehaviourLog:
        """What was done and shown in a collection, as learning reads it."""
        return CollectionBehaviour(self.engine, collection)

    def event_count(self, collection: str) -> int:
        """How many events are kept."""
        return self._count(EVENTS, collection)

    def impression_count(self, collection: str) -> int:
        """How many impressions are kept."""
        return self._count(IMPRESSIONS, collection)

    def bytes_held(self) -> int:
        """How much room the log takes on the disk."""
        with reading(self.engine) as connection:
            return bytes_held(connection, EVENT_LOG)

    def empty_write_ahead(self) -> bool:
        """Have nothing left of rows as they were before they changed: see ``sqlite.empty_log``."""
        return empty_log(self.engine)

    def purge_events(self, collection: str, before: datetime) -> int:
        """Forget the oldest events, at most ``purging.ROWS_PER_STEP``, that were received before
        then; how many. What comes after a younger one goes with it. No sequence is given again.
        """
        return purge(self.engine, EVENTS, collection, before)

    def purge_impressions(self, collection: str, before: datetime) -> int:
        """As ``purge_events``, of impressions."""
        return purge(self.engine, IMPRESSIONS, collection, before)

    def _page(self, kind: Kind[Word], collection: str, after: int, limit: int) -> Page[Word]:
        sequence = kind.table.c.sequence
        query = (
            sa.select(kind.table)
            .where(kind.table.c.collection == collection, sequence > after)
            .order_by(sequence)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            head = _head(connection)
            if head <= after:  # asked again and again while nothing happens
                return Page((), after)
            rows = tuple(kind.recorded(row) for row in connection.execute(query))
        return Page(rows, rows[-1].sequence if len(rows) == limit else head)

    def _count(self, table: sa.Table, collection: str) -> int:
        query = sa.select(sa.func.count()).where(table.c.collection == collection)
        with reading(self.engine) as connection:
            return int(connection.execute(query).scalar_one())


def _check_read(positions: Iterable[int], head: int) -> None:
    """Nobody has read what is not there: it is another log's position, or none."""
    as_of = max((position for position in positions if position != ALL_BEFORE), default=0)
    if as_of > head:
        raise FieldError("as_of", f"expected at most {head}, where the log ends, found {as_of}")


def _head(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(EVENT_HEAD.c.head)).scalar_one())
