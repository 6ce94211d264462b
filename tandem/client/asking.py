"""What a server is asked, as bodies and parameters. Whatever cannot be one of these is refused
before anything is sent.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote

import orjson

from tandem.client.errors import Refused
from tandem.events import Event
from tandem.fields import datetime_text
from tandem.queries import Query

Item = TypeVar("Item")

ITEMS_PER_CALL = 1_000
BYTES_PER_CALL = 1_000_000
"""How much one call sends. A server takes as many events, and a body of 1 MiB."""

DOTS = {".": "%2E", "..": "%2E%2E"}
"""Ids that would be taken for steps of a path if they stood there as they are."""


class Wanted(TypedDict, total=False):
    """What else a search may be told. ``fields`` chooses what is told of documents, ``explain``
    asks for evidence and contributions; with ``record=False`` it is no impression.
    ``min_sequence``: with every write up to that one, or ``degraded`` names the leg that is behind.
    """

    configuration: str | None
    fields: Sequence[str] | None
    explain: bool
    record: bool
    min_sequence: int | None


@contextmanager
def sendable(what: str = "what is asked") -> Iterator[None]:
    """Refuse what has no place in JSON or UTF-8.

    Raises:
        Refused: it has none.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        raise Refused(f"{what} cannot be sent: {error}") from None


@sendable()
def query_words(query: Query, wanted: Wanted) -> dict[str, Any]:
    """A query under the names of the wire, and what else is wanted; what is ``None`` is left out.

    Raises:
        Refused: it cannot be sent.
    """
    if query.budget_ms is not None and not math.isfinite(query.budget_ms):
        raise ValueError(f"budget_ms is {query.budget_ms}, expected a finite number")
    sort = query.sort
    told = {
        "q": query.text or None,
        "filter": dict(query.filters) or None,
        "facets": list(query.facets) or None,
        "sort": None if sort is None else f"{'-' if sort.is_descending else ''}{sort.field}",
    }
    names = ("limit", "cursor", "budget_ms", "user_id", "client_id", "session_id")
    flags = {
        "explain": wanted.get("explain") or None,
        "record": None if wanted.get("record", True) else False,
    }
    return _given({**told, **{name: getattr(query, name) for name in names}, **wanted, **flags})


@sendable()
def prefix_words(prefix: str, limit: int, filters: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is asked of suggestions; see ``query_words``."""
    return _given({"q": prefix, "limit": limit, "filter": dict(filters or {}) or None})


@sendable()
def body(words: Mapping[str, Any]) -> bytes:
    """The words as JSON.

    Raises:
        Refused: they are none.
    """
    return orjson.dumps(words)


@sendable()
def parameters(words: Mapping[str, Any]) -> dict[str, str]:
    """The words as parameters of an address.

    Raises:
        Refused: they are none.
    """
    return {name: _parameter(value) for name, value in words.items()}


def _parameter(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ",".join(value)
    return value.encode().decode() if isinstance(value, str) else orjson.dumps(value).decode()


@sendable()
def document_path(document_id: str) -> str:
    """Where a document is.

    Raises:
        Refused: the id is no text.
    """
    return f"/v1/documents/{_step(document_id)}"


@sendable()
def user_path(user_id: str) -> str:
    """Where there is what is known of a person; see ``document_path``."""
    return f"/v1/users/{_step(user_id)}"


def _step(identifier: str) -> str:
    return DOTS.get(identifier) or quote(identifier, safe="")


def event_calls(events: Sequence[Event]) -> list[tuple[int, bytes]]:
    """As many bodies as it takes, each with the place of its first event.

    Raises:
        Refused: an event cannot be sent; its place is named.
    """
    encoded = []
    for place, event in enumerate(events):
        with sendable(f"the event at place {place}"):
            encoded.append(orjson.dumps(_event_words(event)))
    return [(place, b"[" + b",".join(held) + b"]") for place, held in calls(encoded, len)]


def calls(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[tuple[int, list[Item]]]:
    """The items in as few calls as may be, each with the place of its first one; ``size`` is how
    many bytes one takes.
    """
    held: list[Item] = []
    begun = total = 0
    for place, item in enumerate(items):
        if len(held) == ITEMS_PER_CALL or (held and total + size(item) >= BYTES_PER_CALL):
            yield begun, held
            held, begun, total = [], place, 0
        held.append(item)
        total += size(item) + 1
    if held:
        yield begun, held


def _event_words(event: Event) -> dict[str, Any]:
    """An event as UBI tells it."""
    more = dict(event.details or {})
    attributes = more.pop("event_attributes", None)
    names = ("event_id", "user_id", "client_id", "session_id", "query_id")
    return {
        **more,
        **_given({name: getattr(event, name) for name in names}),
        "action_name": event.action,
        "timestamp": datetime_text(event.timestamp),
        "event_attributes": _attributes(event, {} if attributes is None else attributes),
    }


def _attributes(event: Event, told: Any) -> Any:
    if not isinstance(told, Mapping):
        return told  # the server names what is wrong with it
    parts = {
        "object": _joined(told.get("object"), {"object_id": event.document_id}),
        "position": _joined(told.get("position"), {"ordinal": event.position}),
    }
    filled = {name: part for name, part in parts.items() if part != {}}
    return {**told, **filled, **_given({"value": event.value})}


def _joined(told: Any, own: Mapping[str, Any]) -> Any:
    """What was told besides, with the event's own; as ``_attributes``."""
    if told is not None and not isinstance(told, Mapping):
        return told
    return {**(told or {}), **_given(own)}


def _given(words: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in words.items() if value is not None}
