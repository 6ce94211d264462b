"""Events on their way into the log: read one by one, the good ones kept, the others named."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from api.bodies import BadBody, read_json
from api.turns import Turns
from api.ubi import PATHS, BadEvent, read_event
from tandem.catalog.event_log import EventLog
from tandem.errors import CatalogError, FieldError, TandemError
from tandem.events import UNKNOWN_QUERY, Event, Impression
from tandem.telemetry import logger

MAXIMUM_EVENTS = 1_000
"""How many events one call may bring."""

SOURCE = "http"
AT_ONCE = 16
"""How many calls may wait for the event log: where it hangs, searches need the other threads."""

FLUSH_SECONDS = 2.0
"""How long events wait for the impressions that were shown before them."""


class EventLogUnavailable(TandemError):
    """The event log did not take the events; none was kept."""

    code = "event_log_unavailable"


class Reject(NamedTuple):
    """One event that was not taken. ``line`` counts from 1; ``field`` is a dotted path."""

    line: int
    field: str | None
    message: str
    hint: str | None


class Batch(NamedTuple):
    """What one call brings: the events that are some, by their lines, and the others.
    ``is_single``: it is one event, and no list with one in it.
    """

    events: dict[int, Event]
    rejected: list[Reject]
    is_single: bool = False

    def without(self, unseen: Collection[str]) -> "Batch":
        """The same, where those documents are not there for who tells it.

        Raises:
            BadEvent: the single one is about one of them.
        """
        kept, rejected = dict(self.events), [*self.rejected]
        for line, event in self.events.items():
            if event.document_id in unseen:
                refused = _no_such_document(event.document_id)
                if self.is_single:
                    raise refused
                rejected.append(_reject(line, refused))
                del kept[line]
        return Batch(kept, sorted(rejected))


class Taken(NamedTuple):
    """What became of events: how many are new, how many were known, and the ids of queries of
    which no page was shown.
    """

    accepted: int
    duplicates: int
    unknown_query_ids: list[str]


def read_array(items: Sequence[Any]) -> Batch:
    """The events of an array; a line is a place in it.

    Raises:
        BadBody: there are too many.
    """
    _check_count(len(items))
    return _batch((line, partial(read_event, item)) for line, item in enumerate(items, 1))


def read_lines(content: bytes) -> Batch:
    """The events of a body with one a line; blank lines are none.

    Raises:
        BadBody: there are too many.
    """
    lines = [(line, text) for line, text in enumerate(content.split(b"\n"), 1) if text.strip()]
    _check_count(len(lines))
    return _batch((line, partial(_event_of, text)) for line, text in lines)


def _event_of(text: bytes) -> Event:
    return read_event(read_json(text))


def _check_count(count: int) -> None:
    if count > MAXIMUM_EVENTS:
        raise BadBody(
            f"the body has {count:,} events, at most {MAXIMUM_EVENTS:,} are allowed",
            hint="send them in several calls",
        )


def _batch(items: Iterable[tuple[int, Callable[[], Event]]]) -> Batch:
    batch = Batch({}, [])
    for line, read in items:
        try:
            batch.events[line] = read()
        except (BadEvent, BadBody) as error:
            batch.rejected.append(_reject(line, error))
    return batch


def _reject(line: int, error: BadEvent | BadBody) -> Reject:
    return Reject(line, error.field, str(error), error.hint or None)


def _no_such_document(document_id: str | None) -> BadEvent:
    return BadEvent(PATHS["document_id"], f"there is no document {document_id!r}")


def keep(log: EventLog, collection: str, source: str, words: Sequence[Event | Impression]) -> Taken:
    """Append events and impressions; events of queries that nobody knows are marked. Durable on
    return.

    Raises:
        CatalogError: the log did not take them: none is kept.
    """
    shown = {word.query_id for word in words if isinstance(word, Impression)}
    events = (word for word in words if isinstance(word, Event))
    asked = list(dict.fromkeys(event.query_id for event in events if event.query_id))
    known = log.known_queries(collection, asked) | shown
    marked = [_marked(word, known) if isinstance(word, Event) else word for word in words]
    done = log.append(collection, source, marked)
    unknown = [query_id for query_id in asked if query_id not in known]
    return Taken(done.accepted, done.duplicates, unknown)


def _marked(event: Event, known: Collection[str]) -> Event:
    """The event, with a mark where nothing is known to have been shown under its query."""
    if event.query_id is None or event.query_id in known:
        return event
    with suppress(FieldError):  # its details are full: the impressions tell it, too
        return replace(event, details={**event.details, UNKNOWN_QUERY: True})
    return event


class EventIntake:
    """Takes a collection's events. ``flush`` waits, for at most that many seconds, until what was
    shown before is in the log, and says whether it is; ``accepted`` is told when some are in the
    log. Thread-safe.

    What another server has shown may reach the log a moment later: its query is unknown till then.
    """

    def __init__(
        self,
        log: Callable[[], EventLog],
        collection: str,
        flush: Callable[[float], bool],
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        self._log = log
        self._collection = collection
        self._flush = flush
        self._accepted = accepted
        self._turns = Turns(
            AT_ONCE, "too many calls wait for the event log", "send the events again later"
        )

    def take(self, events: Sequence[Event]) -> Taken:
        """Keep the events; durable on return.

        Raises:
            EventLogUnavailable: the log did not take them: none is kept, they may be sent again.
            Busy: too many calls wait for it already.
        """
        if not events:
            return Taken(0, 0, [])
        with self._turns.one():
            try:
                return self._kept(events)
            except CatalogError as error:
                logger("api").warning("the event log took no events: %s", error)
                raise EventLogUnavailable(
                    "the event log did not take the events", hint="none was kept: send them again"
                ) from error

    def _kept(self, events: Sequence[Event]) -> Taken:
        """The append comes last: where anything fails before it, none was kept."""
        if not self._flush(FLUSH_SECONDS):
            raise CatalogError("what was shown before is not in the event log yet")
        taken = keep(self._log(), self._collection, SOURCE, events)
        self._accepted()
        return taken
