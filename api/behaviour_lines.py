"""What a line of a file tells of people: an event or a query as UBI has them, or a plain deed."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from api.bodies import kind_of
from api.near_miss import near_miss
from api.ubi import BadEvent, largest, named, read_event
from tandem.errors import FieldError
from tandem.events import ALL_BEFORE, IMPORTED, Event, Exposure, Impression
from tandem.fields import datetime_text, from_microseconds, parse_datetime

EPOCH = from_microseconds(0)
LATEST_SECONDS = 1e11
"""Greater numbers are no seconds: the year 5138, and 1973 in milliseconds."""

RATING = "rating"
HITS = ("query_response_hit_ids", "query_response_objects_ids", "query_response_object_ids")
"""UBI's documents, its schema and its plugin call them by different names."""

QUERY_NAMES = ("query_id", "user_id", "client_id", "session_id")
UBI_NAMES = (*QUERY_NAMES, "event_id")
QUERY_KEPT = ("application", "query_response_id", "object_id_field", "query_attributes")
QUERY_PASSED = ("query", "indexes")
"""What OpenSearch's plugin writes of the search behind a query: nobody will read it."""

QUERY_KNOWN = (*QUERY_NAMES, *QUERY_KEPT, *HITS, "timestamp", "user_query", *QUERY_PASSED)

NAMES = ("event_id", "document_id", "user_id", "client_id", "session_id", "query_id")
PLAIN_KNOWN = (*NAMES, "timestamp", "action", RATING, "value", "position")


def read_line(data: object, release: int) -> Event | Impression:
    """What an object of JSON tells. An impression is given the ``release``.

    Raises:
        BadEvent: what is wrong, and where.
    """
    if not isinstance(data, dict):
        raise BadEvent(None, f"expected a JSON object, found {kind_of(data)}")
    try:
        if "action_name" in data or "event_attributes" in data:
            return read_event(_as_ubi_has_it(data))
        if any(name in data for name in ("user_query", *HITS)):
            return _query(_as_ubi_has_it(data), release)
        return _deed(data)
    except FieldError as error:
        raise BadEvent(error.field, error.reason, hint=error.hint) from None


def _as_ubi_has_it(data: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenSearch's plugin keeps: its names are blank where there are none, and its moments may
    be numbers.
    """
    names = {name: _name(data, name) or None for name in UBI_NAMES if name in data}
    moment = data.get("timestamp")
    if _is_number(moment):
        seconds = moment / 1_000 if abs(moment) >= LATEST_SECONDS else moment
        moment = datetime_text(_moment({"timestamp": seconds}))
    return {**data, **names, "timestamp": moment}


def _query(data: Mapping[str, Any], release: int) -> Impression:
    _check_known(data, QUERY_KNOWN)
    names = {name: _name(data, name) for name in QUERY_NAMES}
    if names["query_id"] is None:
        raise BadEvent("query_id", "is missing", hint="a query has a query_id and a timestamp")
    text = data.get("user_query") or ""
    if not isinstance(text, str):
        raise BadEvent("user_query", f"expected a text, found {kind_of(text)}")
    kept = {name: data[name] for name in QUERY_KEPT if data.get(name) not in (None, {})}
    hits = enumerate(_hits(data), start=1)
    try:
        return Impression(
            query_id=names["query_id"],
            timestamp=_moment(data),
            release=release,
            query_text=text,
            user_id=names["user_id"],
            client_id=names["client_id"],
            session_id=names["session_id"],
            as_of=ALL_BEFORE,
            exposures=tuple(Exposure(hit, place) for place, hit in hits),
            details={**kept, IMPORTED: True},
        )
    except FieldError as error:
        field = largest(kept) if error.field == "details" else error.field
        raise BadEvent(field, error.reason, hint=error.hint) from None


def _hits(data: Mapping[str, Any]) -> list[str]:
    """The documents that were shown, in their order."""
    given = [name for name in HITS if data.get(name) is not None]
    for name in given:
        found = data[name]
        if not isinstance(found, list) or not all(map(_is_id, found)):
            raise BadEvent(name, "expected an array of document ids")
        if found != data[given[0]]:
            raise BadEvent(name, f"has other documents than {given[0]}, expected one of them")
    return [str(hit) for hit in data[given[0]]] if given else []


def _deed(data: Mapping[str, Any]) -> Event:
    _check_known(data, PLAIN_KNOWN)
    action, value = _done(data)
    names = {name: _name(data, name) for name in NAMES}
    position = _number(data, "position")
    if position is not None and position != position // 1:
        raise BadEvent("position", f"expected a whole number, found {position}")
    return named(
        names["event_id"],
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
    value = data.get(field)
    if value is None or _is_id(value):
        return None if value is None else str(value)
    raise BadEvent(field, f"expected a text or a whole number, found {kind_of(value)}")


def _number(data: Mapping[str, Any], field: str) -> float | None:
    value = data.get(field)
    if value is None:
        return None
    if not _is_number(value):
        raise BadEvent(field, f"expected a number, found {kind_of(value)}")
    return float(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_id(value: object) -> bool:
    """Files often have them as whole numbers."""
    return isinstance(value, str | int) and not isinstance(value, bool)


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
