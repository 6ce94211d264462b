"""Events and impressions as rows of the event log, and back."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY
from tandem.catalog.moments import moment
from tandem.catalog.tables import EVENTS, IMPRESSIONS
from tandem.events import Event, Exposure, Impression
from tandem.fields import to_microseconds

Word = TypeVar("Word", Event, Impression)
AnyRow = sa.Row[*tuple[Any, ...]]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Recorded(Generic[Word]):
    """A row of the event log: the event or impression ``what``, its ``sequence``, who wrote it, and
    when it was received, by the clock of whoever received it.
    """

    sequence: int
    source: str
    received_at: datetime
    what: Word


@dataclass(frozen=True, slots=True)
class Kind(Generic[Word]):
    """Where one kind of word is kept, and how. Two with one ``key`` are the same; ``as_of`` is how
    far the log had been read for one, at most.
    """

    table: sa.Table
    key_columns: tuple[sa.ColumnElement[Any], ...]
    key: Callable[[Word], Key]
    row: Callable[[Word], dict[str, Any]]
    word: Callable[[AnyRow], Word]
    as_of: Callable[[Word], int]

    def recorded(self, row: AnyRow) -> Recorded[Word]:
        """A whole row."""
        return Recorded(row.sequence, row.source, moment(row.received_at), self.word(row))

    def known(self, connection: sa.Connection, collection: str, keys: Collection[Key]) -> set[Key]:
        """Those of the keys that the log holds already, and others of the same first part."""
        first = list(dict.fromkeys(key[0] for key in keys))
        found: set[Key] = set()
        for start in range(0, len(first), ROWS_PER_QUERY):
            query = sa.select(*self.key_columns).where(
                self.table.c.collection == collection,
                self.key_columns[0].in_(first[start : start + ROWS_PER_QUERY]),
            )
            found.update(tuple(row) for row in connection.execute(query))
        return found


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "action": event.action,
        "happened_at": to_microseconds(event.timestamp),
        "document_id": event.document_id,
        "user_id": event.user_id,
        "client_id": event.client_id,
        "session_id": event.session_id,
        "query_id": event.query_id,
        "position": event.position,
        "value": event.value,
        "details": _encoded(event.details),
    }


def _event(row: AnyRow) -> Event:
    return Event(
        row.event_id,
        row.action,
        moment(row.happened_at),
        row.document_id,
        row.user_id,
        row.client_id,
        row.session_id,
        row.query_id,
        row.position,
        row.value,
        _decoded(row.details),
    )


def _impression_row(impression: Impression) -> dict[str, Any]:
    exposures = [
        (exposure.document_id, exposure.position, exposure.propensity, exposure.team)
        for exposure in impression.exposures
    ]
    return {
        "query_id": impression.query_id,
        "first_position": impression.first_position,
        "happened_at": to_microseconds(impression.timestamp),
        "release": impression.release,
        "surface": impression.surface,
        "query_text": impression.query_text,
        "user_id": impression.user_id,
        "client_id": impression.client_id,
        "session_id": impression.session_id,
        "as_of": impression.as_of,
        "exposures": orjson.dumps(exposures).decode(),
        "details": _encoded(impression.details),
    }


def _impression(row: AnyRow) -> Impression:
    return Impression(
        row.query_id,
        moment(row.happened_at),
        row.release,
        row.query_text,
        row.surface,
        row.user_id,
        row.client_id,
        row.session_id,
        row.as_of,
        tuple(Exposure(*exposure) for exposure in orjson.loads(row.exposures)),
        _decoded(row.details),
    )


def _encoded(details: Mapping[str, Any]) -> str | None:
    return orjson.dumps(details, option=orjson.OPT_SORT_KEYS).decode() if details else None


def _decoded(details: str | None) -> dict[str, Any]:
    return {} if details is None else dict(orjson.loads(details))


EVENT: Kind[Event] = Kind(
    EVENTS,
    (EVENTS.c.event_id,),
    lambda event: (event.event_id,),
    _event_row,
    _event,
    lambda _: 0,
)
IMPRESSION: Kind[Impression] = Kind(
    IMPRESSIONS,
    (IMPRESSIONS.c.query_id, IMPRESSIONS.c.first_position),
    lambda impression: (impression.query_id, impression.first_position),
    _impression_row,
    _impression,
    lambda impression: impression.as_of,
)
