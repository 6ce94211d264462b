"""Events and impressions as rows of the event log, and back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
import sqlalchemy as sa

from tandem.catalog.database import parts
from tandem.catalog.event_tables import EVENTS, IMPRESSIONS
from tandem.catalog.moments import moment
from tandem.events import ALL_BEFORE, Event, Exposure, Impression
from tandem.fields import to_microseconds

Word = TypeVar("Word", Event, Impression)
AnyRow = sa.Row[*tuple[Any, ...]]
Part = tuple[Any, ...]


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
    """Where one kind of word is kept, and how. A word has ``parts``, none of which is kept twice:
    each begins with the id by which its rows are found. ``columns`` are those that tell the parts
    of a row, that id first. ``fresh`` is what is left of a word without given parts, and of those
    ``None`` for nothing; ``as_of`` is how far the log had been read for one, at most.
    """

    table: sa.Table
    columns: tuple[sa.ColumnElement[Any], ...]
    parts_of_row: Callable[[AnyRow], Iterable[Part]]
    parts: Callable[[Word], Iterable[Part]]
    fresh: Callable[[Word, AbstractSet[Part]], Word | None]
    row: Callable[[Word], dict[str, Any]]
    word: Callable[[AnyRow], Word]
    as_of: Callable[[Word], int]

    def recorded(self, row: AnyRow) -> Recorded[Word]:
        """A whole row."""
        return Recorded(row.sequence, row.source, moment(row.received_at), self.word(row))

    def known(self, connection: sa.Connection, collection: str, ids: Iterable[str]) -> set[Part]:
        """The parts with these ids that the log holds already."""
        found: set[Part] = set()
        for part in parts(list(dict.fromkeys(ids))):
            query = sa.select(*self.columns).where(
                self.table.c.collection == collection,
                self.columns[0].in_(part),
            )
            for row in connection.execute(query):
                found.update(self.parts_of_row(row))
        return found

    def known_of(
        self, connection: sa.Connection, collection: str, words: Iterable[Word]
    ) -> set[Part]:
        """Of what the words tell, what the log holds already."""
        return self.known(
            connection, collection, (part[0] for one in words for part in self.parts(one))
        )

    def fresh_row(self, word: Word, known: set[Part]) -> "Fresh | None":
        """What is left of the word without what is known; that is known then."""
        left = self.fresh(word, known)
        if left is None:
            return None
        known.update(self.parts(left))
        return Fresh(self.table, self.as_of(left), self.row(left))


class Fresh(NamedTuple):
    """A new row of a table; ``as_of`` is how far the log had been read for it."""

    table: sa.Table
    as_of: int
    row: dict[str, Any]

    def row_at(self, sequence: int) -> dict[str, Any]:
        """The row, as it stands in the log."""
        row = self.row | {"sequence": sequence}
        return row | {"as_of": sequence - 1} if self.as_of == ALL_BEFORE else row


def fresh_rows(
    connection: sa.Connection, collection: str, words: Sequence[Event | Impression]
) -> list[Fresh]:
    """What the log does not hold of the words, and none before them told, in their order."""
    events = (word for word in words if isinstance(word, Event))
    pages = (word for word in words if isinstance(word, Impression))
    done = EVENT.known_of(connection, collection, events)
    shown = IMPRESSION.known_of(connection, collection, pages)
    found = (
        EVENT.fresh_row(word, done)
        if isinstance(word, Event)
        else IMPRESSION.fresh_row(word, shown)
        for word in words
    )
    return [row for row in found if row is not None]


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


def _parts_of(query_id: str, positions: Iterable[int]) -> list[Part]:
    """A page's positions; a page without answers has the one before the first."""
    return [(query_id, position) for position in positions] or [(query_id, 0)]


def _parts_of_row(row: AnyRow) -> list[Part]:
    return _parts_of(row.query_id, (exposure[1] for exposure in orjson.loads(row.exposures)))


def _parts(impression: Impression) -> list[Part]:
    positions = (exposure.position for exposure in impression.exposures)
    return _parts_of(impression.query_id, positions)


def _fresh_event(event: Event, known: AbstractSet[Part]) -> Event | None:
    return None if (event.event_id,) in known else event


def _fresh_impression(impression: Impression, known: AbstractSet[Part]) -> Impression | None:
    """With the exposures alone that no page before it has shown."""
    left = {part[1] for part in _parts(impression) if part not in known}
    if not left:
        return None
    shown = tuple(exposure for exposure in impression.exposures if exposure.position in left)
    return replace(impression, exposures=shown)


EVENT: Kind[Event] = Kind(
    EVENTS,
    (EVENTS.c.event_id,),
    lambda row: [(row.event_id,)],
    lambda event: [(event.event_id,)],
    _fresh_event,
    _event_row,
    _event,
    lambda _: 0,
)
IMPRESSION: Kind[Impression] = Kind(
    IMPRESSIONS,
    (IMPRESSIONS.c.query_id, IMPRESSIONS.c.exposures),
    _parts_of_row,
    _parts,
    _fresh_impression,
    _impression_row,
    _impression,
    lambda impression: impression.as_of,
)
