"""What a server is asked, as bodies and parameters. Whatever cannot be one of these is refused
before anything is sent.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import orjson

from tandem.client.errors import Refused
from tandem.events import Event
from tandem.fields import datetime_text
from tandem.queries import Query

EVENTS_PER_CALL = 1_000
BYTES_PER_CALL = 1_000_000
"""Both as a server takes them; its own limit of bytes is 1 MiB."""

DOTS = {".": "%2E", "..": "%2E%2E"}
"""Ids that would be taken for steps of a path if they stood there as they are."""


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
def query_words(query: Query, more: Mapping[str, Any]) -> dict[str, Any]:
    """A query under the names of the wire, and ``more`` beside it; what is ``None`` is left out.

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
    return _given({**told, **{name: getattr(query, name) for name in names}, **more})


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
def similar_path(document_id: str) -> str:
    """Where there is what resembles a document.

    Raises:
        Refused: the id is no text.
    """
    return f"/v1/documents/{DOTS.get(document_id) or quote(document_id, safe='')}/similar"


def calls(events: Sequence[Event]) -> list[tuple[int, bytes]]:
    """As many bodies as it takes, each with the place of its first event.

    Raises:
        Refused: an event cannot be sent; its place is named.
    """
    found: list[tuple[int, bytes]] = []
    held: list[bytes] = []
    size = 0
    for place, event in enumerate(events):
        with sendable(f"the event at place {place}"):
            told = orjson.dumps(_event_words(event))
        if len(held) == EVENTS_PER_CALL or (held and size + len(told) >= BYTES_PER_CALL):
            found.append((place - len(held), _array(held)))
            held, size = [], 0
        held.append(told)
        size += len(told) + 1
    if held:
        found.append((len(events) - len(held), _array(held)))
    return found


def _array(items: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


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
