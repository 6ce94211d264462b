"""One declared field, and its values: what was sent, typed as an index stores it."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from tandem.errors import FieldError

EXACT_INTEGER = 2**53 - 1
"""Largest integer that a double holds exactly; JSON readers and vector engines use doubles."""

MAXIMUM_KEYWORD_BYTES = 1_024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TypedValue = tuple[str, ...] | int | float | bool | datetime | str


class FieldType(StrEnum):
    """What a field holds; all but ``text`` can be filtered."""

    TEXT = "text"
    KEYWORD = "keyword"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field. ``weight`` (0.1 to 10) counts for text fields: how much a match in it
    is worth beside a match in the body.
    """

    name: str
    type: FieldType
    weight: float = 1.0


def typed_value(field: Field, value: object) -> TypedValue:
    """One value as its field's type.

    Keywords come back as a tuple, datetimes aware in UTC, numbers finite.

    Raises:
        FieldError: the value does not fit.

    """
    match field.type:
        case FieldType.TEXT:
            return _text(field.name, value)
        case FieldType.KEYWORD:
            return _keywords(field.name, value)
        case FieldType.INTEGER:
            return _integer(field.name, value)
        case FieldType.FLOAT:
            return _float(field.name, value)
        case FieldType.BOOLEAN:
            if not isinstance(value, bool):
                raise FieldError(field.name, f"expected true or false, found {_shown(value)}")
            return value
        case FieldType.DATETIME:
            return parse_datetime(field.name, value)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a whole number of thousands of digits"
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    raise FieldError(name, f"expected text, found {_shown(value)}")


def _keywords(name: str, value: object) -> tuple[str, ...]:
    items = tuple(value) if isinstance(value, tuple | list) else (value,)
    for item in items:
        if not isinstance(item, str):
            raise FieldError(name, f"expected text or a list of texts, found {_shown(value)}")
        if len(item.encode("utf-8", "replace")) > MAXIMUM_KEYWORD_BYTES:
            raise FieldError(
                name,
                f"a keyword may have {MAXIMUM_KEYWORD_BYTES} bytes, this one has more",
                hint="declare the field as text if it is prose",
            )
    return items


def _integer(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise FieldError(name, f"expected a whole number, found {_shown(value)}")
    if abs(value) > EXACT_INTEGER:
        raise FieldError(
            name,
            f"{_shown(value)} is beyond ±(2^53 - 1), where numbers stop being exact",
            hint="declare the field as keyword if it is an identifier",
        )
    return int(value)


def _float(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError(name, f"expected a number, found {_shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FieldError(name, f"expected a finite number, found {_shown(value)}")
    return number + 0.0  # -0.0 becomes 0.0: engines that compare bits would tell them apart


def parse_datetime(name: str, value: object) -> datetime:
    """An aware UTC datetime from RFC 3339 text, a date, or a datetime.

    Raises:
        FieldError: it is neither, or names no time zone.

    """
    expected = "expected a date or an RFC 3339 time such as 2026-11-21T09:30:00Z"
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise FieldError(name, f"{expected}, found {_shown(value)}") from None
        if moment.tzinfo is None and len(value) == len("2026-11-21"):
            moment = moment.replace(tzinfo=UTC)
    elif isinstance(value, date) and not isinstance(value, datetime):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(moment, datetime):
        raise FieldError(name, f"{expected}, found {_shown(value)}")
    if moment.tzinfo is None:
        raise FieldError(
            name, f"{_shown(value)} has no time zone", hint="append Z, or an offset such as +02:00"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise FieldError(name, f"{_shown(value)} is outside the years 1 to 9999") from None


def datetime_text(moment: datetime) -> str:
    """RFC 3339 in UTC, microseconds kept: the form in which attributes hold a time."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970, the form in which an engine without exact datetimes stores one."""
    return (moment - _EPOCH) // datetime.resolution


def from_microseconds(microseconds: int) -> datetime:
    """The reverse of ``to_microseconds``."""
    return _EPOCH + microseconds * datetime.resolution
