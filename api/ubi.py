"""Events as UBI 1.3 tells them, read from JSON. Strict at the top, where a misspelt name would be
lost; what else ``event_attributes`` holds is kept as it is, as are x and y, which some senders put
directly under ``position``.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, TypeVar

import orjson

from api.bodies import kind_of
from api.near_miss import near_miss
from tandem.errors import FieldError, TandemError
from tandem.events import Event
from tandem.fields import parse_datetime
from tandem.queries import MAXIMUM_TEXT_CHARACTERS

ATTRIBUTES, OBJECT, POSITION = "event_attributes", "object", "position"
NAMES = ("action_name", "timestamp", "event_id", "user_id", "client_id", "session_id", "query_id")
TEXTS: Mapping[str, int] = {
    "application": 1_024,
    "message_type": 1_024,
    "message": 1_024,
    "user_query": MAXIMUM_TEXT_CHARACTERS,
}
"""What the log keeps beside the event, and how many characters of it: nothing is computed from it.
"""

KNOWN = (*NAMES, *TEXTS, ATTRIBUTES)

PATHS: Mapping[str, str] = {
    "action": "action_name",
    "document_id": "event_attributes.object.object_id",
    "position": "event_attributes.position.ordinal",
    "value": "event_attributes.value",
}
"""Where UBI has what an ``Event`` calls otherwise."""

Value = TypeVar("Value")


class BadEvent(TandemError):
    """An event lacks something, or holds what none may; ``field`` is a dotted path, ``reason`` what
    is wrong there.
    """

    code = "bad_event"

    def __init__(self, field: str | None, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason, hint=hint)
        self.field = field
        self.reason = reason


def read_event(data: object) -> Event:
    """The event that an object of JSON tells. Without an ``event_id`` its content stands for one,
    so that what is sent again counts once.

    Raises:
        BadEvent: what is wrong, and where.
    """
    if not isinstance(data, dict):
        raise BadEvent(None, f"expected a JSON object, found {kind_of(data)}")
    for name in data:
        if name not in KNOWN:
            hint = near_miss(name, KNOWN)
            raise BadEvent(name, "UBI has no such field at the top of an event", hint=hint)
    texts = {name: _text(name, data.get(name)) for name in (*NAMES, *TEXTS)}
    for name in ("action_name", "timestamp"):
        if texts[name] is None:
            raise BadEvent(name, "is missing", hint="an event has an action_name and a timestamp")
    for name, most in TEXTS.items():
        length = len(texts[name] or "")
        if length > most:
            raise BadEvent(name, f"{length:,} characters, at most {most:,} are allowed")
    attributes = _object(ATTRIBUTES, data.get(ATTRIBUTES))
    of = _object(f"{ATTRIBUTES}.{OBJECT}", attributes.get(OBJECT))
    at = _object(f"{ATTRIBUTES}.{POSITION}", attributes.get(POSITION))
    details = _details(data, attributes, of, at)
    try:
        return Event(
            event_id=content_id(data) if texts["event_id"] is None else texts["event_id"],
            action=str(texts["action_name"]),
            timestamp=parse_datetime("timestamp", texts["timestamp"]),
            document_id=_text(PATHS["document_id"], of.get("object_id")),
            user_id=texts["user_id"],
            client_id=texts["client_id"],
            session_id=texts["session_id"],
            query_id=texts["query_id"],
            position=_ordinal(at.get("ordinal")),
            value=_number(attributes.get("value")),
            details=details,
        )
    except FieldError as error:
        field = PATHS.get(error.field, error.field)
        if field == "details":  # too much together: the part that has most of it
            field = max(details, key=lambda name: len(orjson.dumps(details[name])))
        raise BadEvent(field, error.reason, hint=error.hint) from None


def _details(
    data: Mapping[str, Any],
    attributes: Mapping[str, Any],
    of: Mapping[str, Any],
    at: Mapping[str, Any],
) -> dict[str, Any]:
    """What the event tells besides, under UBI's names."""
    parts = {OBJECT: _without(of, "object_id"), POSITION: _without(at, "ordinal")}
    more = {**_without(attributes, OBJECT, POSITION, "value"), **_filled(parts)}
    return _filled({**{name: data.get(name) for name in TEXTS}, ATTRIBUTES: more})


def _without(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def _filled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in (None, {})}


def _text(field: str, value: object) -> str | None:
    text: str | None = _of_kind(field, value, lambda item: isinstance(item, str), "a text")
    return text


def _object(field: str, value: object) -> dict[str, Any]:
    found: Any = _of_kind(field, value, lambda item: isinstance(item, dict), "an object")
    return found or {}


def _ordinal(value: object) -> int | None:
    number: Any = _of_kind(PATHS["position"], value, _is_whole, "a whole number")
    return None if number is None else int(number)


def _number(value: object) -> float | None:
    number: Any = _of_kind(PATHS["value"], value, _is_number, "a number")
    return None if number is None else float(number)


def _of_kind(field: str, value: Any, fits: Callable[[Any], bool], expected: str) -> Any:
    """The value; ``None`` where there is none.

    Raises:
        BadEvent: it is of another kind.
    """
    if value is None or fits(value):
        return value
    raise BadEvent(field, f"expected {expected}, found {kind_of(value)}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value == value // 1


def content_id(data: Mapping[str, Any]) -> str:
    """The id of an event that was given none: of the same content the same."""
    content = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    return "content:" + blake2b(content, digest_size=16).hexdigest()
