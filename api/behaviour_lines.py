"""What a line of a file tells of people: an event or a query as UBI has them, or a plain deed."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.bodies import kind_of
from api.near_miss import near_miss
from api.ubi import BadEvent, content_id, read_event
from tandem.errors import FieldError
from tandem.events import Event, Exposure, Impression
from tandem.fields import from_microseconds, parse_datetime

EPOCH = from_microseconds(0)
LATEST_SECONDS = 1e11
"""Greater numbers are no seconds: the year 5138, and 1973 in milliseconds."""

RATING = "rating"
IMPORTED = "imported"
"""In an impression's ``details``: another engine has shown it, before the release that it has."""

HITS = ("query_response_hit_ids", "query_response_objects_ids", "query_response_object_ids")
"""UBI's documents, its schema and its plugin call them by different names."""

QUERY_NAMES = ("query_id", "user_id", "client_id", "session_id")
QUERY_KEPT = ("application", "query_response_id", "object_id_field", "query_attributes")
QUERY_KNOWN = (*QUERY_NAMES, *QUERY_KEPT, *HITS, "timestamp", "user_query")

NAMES = ("event_id", "document_id", "user_id", "client_id", "session_id", "query_id")
PLAIN_KNOWN = (*NAMES, "timestamp", "action", RATING, "value", "position")


def read_line(data: object, release: int) -> Event | Impression:
    """What an object of JSON tells. An impression is given the ``release``.

    Raises:
        BadEvent: what is wrong, and where.
    """
    if not isinstance(data, dict):
        raise BadEvent(None, f"expected a JSON object, found {kind_of(data)}")
    if "action_name" in data or "event_attributes" in data:
        return read_event(data)
    try:
        return _query(data, release) if "user_query" in data else _deed(data)
    except FieldError as error:
        raise BadEvent(error.field, error.reason, hint=error.hint) from None


def _query(data: Mapping[str, Any], release: int) -> Impression:
    _check_known(data, QUERY_KNOWN)
    names = {name: _name(data, name) for name in QUERY_NAMES}
    if names["query_id"] is None:
        raise BadEvent("query_id", "is missing", hint="a query has a query_id and a timestamp")
    given = [name for name in HITS if data.get(name) is not None]
    hits = data[given[0]] if given else []
    if not isinstance(hits, list) or not all(isinstance(hit, str) for hit in hits):
        raise BadEvent(given[0], "expected an array of document ids, as texts")
    kept = {name: data[name] for name in QUERY_KEPT if data.get(name) not in (None, {})}
    text = data["user_query"]
    if not isinstance(text, str):
        raise BadEvent("user_query", f"expected a text, found {kind_of(text)}")
    return Impression(
        query_id=names["query_id"],
        timestamp=_moment(data),
        release=release,
        query_text=text,
        user_id=names["user_id"],
        client_id=names["client_id"],
        session_id=names["session_id"],
        exposures=tuple(Exposure(hit, place) for place, hit in enumerate(hits, start=1)),
        details={**kept, IMPORTED: True},
    )


def _deed(data: Mapping[str, Any]) -> Event:
    _check_known(data, PLAIN_KNOWN)
    action, value = _done(data)
    names = {name: _name(data, name) for name in NAMES}
    position = _number(data, "position")
    if position is not None and position != position // 1:
        raise BadEvent("position", f"expected a whole number, found {position}")
    return Event(
        event_id=names["event_id"] or content_id(data),
        action=action,
        timestamp=_moment(data),
        document_id=names["document_id"],
        user_id=names["user_id"],
        client_id=names["client_id"],
        session_id=names["session_id"],
        query_id=names["query_id"],
        position=None if position is None else int(position),
        value=value,
    )


def _done(data: Mapping[str, Any]) -> tuple[str, float | None]:
    """The action, and its value."""
    rating, action = _number(data, RATING), data.get("action")
    if rating is not None:
        if action not in (None, RATING) or data.get("value") is not None:
            raise BadEvent(RATING, "stands beside an action or a value, expected one of them")
        return RATING, rating
    if not isinstance(action, str):
        found = "neither" if action is None else kind_of(action)
        raise BadEvent("action", f"expected a rating, or an action as a text, found {found}")
    return action, _number(data, "value")


def _check_known(data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in data:
        if name not in known:
            hint = near_miss(name, known)
            raise BadEvent(name, "is no field of such a line", hint=hint)


def _name(data: Mapping[str, Any], field: str) -> str | None:
    """A name; files often have them as whole numbers."""
    value = data.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or isinstance(value, str):
        return value
    raise BadEvent(field, f"expected a text or a whole number, found {kind_of(value)}")


def _number(data: Mapping[str, Any], field: str) -> float | None:
    value = data.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadEvent(field, f"expected a number, found {kind_of(value)}")
    return float(value)


def _moment(data: Mapping[str, Any]) -> datetime:
    """When it happened: seconds since 1970, or a time as text."""
    value = data.get("timestamp")
    if value is None:
        raise BadEvent("timestamp", "is missing", hint="seconds since 1970, or an RFC 3339 time")
    if isinstance(value, str):
        return parse_datetime("timestamp", value)
    seconds = _number(data, "timestamp") or 0.0
    if not math.isfinite(seconds) or abs(seconds) >= LATEST_SECONDS:
        raise BadEvent(
            "timestamp",
            f"expected seconds since 1970, found {value}",
            hint="divide milliseconds by 1,000",
        )
    try:
        return EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise BadEvent("timestamp", f"expected a time from the year 1 on, found {value}") from None
