"""The fields of a collection, declared once. Engines' mappings and filters derive from them.

A field's value is typed here and nowhere else: ``Schema.typed`` turns what was sent into what an
index stores, or names the field and the reason why not.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson

from tandem.documents import AttributeValue, Document
from tandem.errors import FieldError, SchemaError

EXACT_INTEGER = 2**53 - 1
"""Largest integer that a double holds exactly; JSON readers and vector engines use doubles."""

MAXIMUM_KEYWORD_BYTES = 1_024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RESERVED_NAMES = frozenset({"not", "id", "document_id", "title", "body", "text", "updated_at"})
FIELD_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,63}$")

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
    facet: bool = False


TITLE = Field("title", FieldType.TEXT)
BODY = Field("body", FieldType.TEXT)


@dataclass(frozen=True)
class Schema:
    """The fields of one collection. ``open`` schemas (the inferred ones) keep an attribute they do
    not know without indexing it; declared ones refuse it.
    """

    fields: tuple[Field, ...] = (TITLE, BODY)
    open: bool = False

    @classmethod
    def of(cls, fields: Iterable[Field], *, open: bool = False) -> "Schema":  # noqa: A002
        """Check the fields, and add title and body where they are not named.

        Raises:
            SchemaError: a name is reserved, repeated or malformed, or a weight is out of range.

        """
        given = list(fields)
        names = [field.name for field in given]
        for field in given:
            _check_field(field, names.count(field.name))
        missing = [field for field in (TITLE, BODY) if field.name not in names]
        return cls(tuple(missing + given), open)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Field name -> field."""
        return {field.name: field for field in self.fields}

    @cached_property
    def text_fields(self) -> tuple[Field, ...]:
        """The searched fields, in order."""
        return tuple(field for field in self.fields if field.type is FieldType.TEXT)

    @cached_property
    def filterable_fields(self) -> tuple[Field, ...]:
        """The fields that a filter may name, in order."""
        return tuple(field for field in self.fields if field.type is not FieldType.TEXT)

    def near_miss(self, name: str, *, to_filter: bool = False) -> str:
        """A hint naming the closest attribute, or all of them; ``to_filter``: of those that a
        filter may name.
        """
        fields = self.filterable_fields if to_filter else self.fields
        known = [field.name for field in fields if field.name not in (TITLE.name, BODY.name)]
        close = difflib.get_close_matches(name, known, n=1)
        if close:
            return f"did you mean {close[0]!r}?"
        return f"known fields: {', '.join(known) or 'none'}"

    def typed(self, document: Document) -> dict[str, TypedValue]:
        """The document's attributes as an index stores them; absent ones are left out.

        Raises:
            FieldError: a value does not fit its field, or a closed schema does not know the field.

        """
        values: dict[str, TypedValue] = {}
        for name, value in document.attributes.items():
            field = self.by_name.get(name)
            if field is not None:
                values[name] = typed_value(field, value)
            elif not self.open:
                raise FieldError(
                    name, "is not a field of this collection", hint=self.near_miss(name)
                )
        return values

    def encoded(self) -> str:
        """Canonical JSON, for the catalogue."""
        fields = [asdict(field) for field in self.fields]
        return orjson.dumps(
            {"fields": fields, "open": self.open}, option=orjson.OPT_SORT_KEYS
        ).decode()

    @classmethod
    def decoded(cls, encoded: str) -> "Schema":
        """The reverse of ``encoded``."""
        data = orjson.loads(encoded)
        fields = tuple(
            replace(Field(**field), type=FieldType(field["type"])) for field in data["fields"]
        )
        return cls(fields, data["open"])

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with any field."""
        return blake2b(self.encoded().encode(), digest_size=8).hexdigest()


def _check_field(field: Field, times_named: int) -> None:
    if not FIELD_NAME.fullmatch(field.name):
        raise SchemaError(
            f"field {field.name!r}: a name is a letter followed by at most 63 letters, digits or _"
        )
    if times_named > 1:
        raise SchemaError(f"field {field.name!r} is declared {times_named} times")
    is_core = field.name in (TITLE.name, BODY.name)
    if field.name in RESERVED_NAMES and not (is_core and field.type is FieldType.TEXT):
        raise SchemaError(f"field {field.name!r}: the name is reserved")
    if not 0.1 <= field.weight <= 10:
        raise SchemaError(f"field {field.name!r}: weight {field.weight} is not between 0.1 and 10")


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


PROSE_CHARACTERS = 256


def infer_schema(samples: Iterable[Mapping[str, AttributeValue]]) -> Schema:
    """An open schema from attributes as sent; what nobody could filter by is left out.

    Whole numbers and fractions together are ``float``. Text is ``datetime`` where every value is
    one, ``text`` where one is longer than 256 characters, otherwise ``keyword``. Values of
    several kinds leave the field unindexed.
    """
    kinds: dict[str, set[FieldType]] = {}
    for attributes in samples:
        for name, value in attributes.items():
            kinds.setdefault(name, set()).add(_kind(value))
    fields = []
    for name, found in kinds.items():
        kind = _common_kind(found)
        if kind is not None and FIELD_NAME.fullmatch(name) and name not in RESERVED_NAMES:
            fields.append(Field(name, kind, facet=kind is FieldType.KEYWORD))
    return Schema.of(fields, open=True)


def _kind(value: AttributeValue) -> FieldType:
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, int):
        return FieldType.INTEGER
    if isinstance(value, float):
        return FieldType.FLOAT
    if isinstance(value, tuple):
        longest = max((len(item) for item in value), default=0)
        return FieldType.TEXT if longest > PROSE_CHARACTERS else FieldType.KEYWORD
    if len(value) > PROSE_CHARACTERS:
        return FieldType.TEXT
    try:
        parse_datetime("", value)
    except FieldError:
        return FieldType.KEYWORD
    return FieldType.DATETIME


def _common_kind(found: set[FieldType]) -> FieldType | None:
    if len(found) == 1:
        return next(iter(found))
    if found == {FieldType.INTEGER, FieldType.FLOAT}:
        return FieldType.FLOAT
    if FieldType.TEXT in found and found <= {
        FieldType.TEXT,
        FieldType.KEYWORD,
        FieldType.DATETIME,
    }:
        return FieldType.TEXT
    if found == {FieldType.KEYWORD, FieldType.DATETIME}:
        return FieldType.KEYWORD
    return None


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970, the form in which an engine without exact datetimes stores one."""
    return (moment - _EPOCH) // datetime.resolution


def from_microseconds(microseconds: int) -> datetime:
    """The reverse of ``to_microseconds``."""
    return _EPOCH + microseconds * datetime.resolution


def describe(schema: Schema) -> list[dict[str, Any]]:
    """One row a field, for people and ``--json``."""
    return [
        {
            "field": field.name,
            "type": field.type.value,
            "weight": field.weight if field.type is FieldType.TEXT else None,
            "facet": field.facet,
        }
        for field in schema.fields
    ]
