"""The fields of a collection, declared once. Engines' mappings and filters derive from them.

A field's value is typed here and nowhere else: ``Schema.typed`` turns what was sent into what an
index stores, or names the field and the reason why not.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson

from tandem.documents import AttributeValue, Document
from tandem.errors import FieldError, SchemaError
from tandem.fields import Field, FieldType, TypedValue, parse_datetime, typed_value

RESERVED_NAMES = frozenset({"not", "id", "document_id", "title", "body", "text", "updated_at"})
FIELD_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,63}$")

COUNTABLE = (FieldType.KEYWORD, FieldType.INTEGER, FieldType.BOOLEAN)
"""What facets count. A float or a time has no values that people would choose among."""

SORTABLE = (FieldType.INTEGER, FieldType.FLOAT, FieldType.DATETIME)
"""What a collection may be browsed by: a document has one value of it, or none."""

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

    @cached_property
    def keyword_names(self) -> tuple[str, ...]:
        """The names of the keyword fields, in order."""
        return tuple(field.name for field in self.fields if field.type is FieldType.KEYWORD)

    @cached_property
    def number_names(self) -> tuple[str, ...]:
        """The names of the fields that hold numbers, booleans and times, in order."""
        known = self.keyword_names
        return tuple(field.name for field in self.filterable_fields if field.name not in known)

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
        """16 hex digits that change with any field, and not with their order."""
        sorted_fields = tuple(sorted(self.fields, key=lambda field: field.name))
        return blake2b(
            Schema(sorted_fields, self.open).encoded().encode(), digest_size=8
        ).hexdigest()


def facet_fields(schema: Schema, names: Iterable[str]) -> tuple[Field, ...]:
    """The fields of those names, if all of them can be counted by value.

    Raises:
        FieldError: there is no such field, or it is a text, a float or a datetime.

    """
    return tuple(_field_of(schema, name, COUNTABLE, "facets count", "counted") for name in names)


def sort_field(schema: Schema, name: str) -> Field:
    """The field of that name, if documents can be sorted by it.

    Raises:
        FieldError: there is no such field, or it is a text, a keyword or a boolean.

    """
    return _field_of(schema, name, SORTABLE, "a list is sorted by", "sorted by")


def _field_of(schema: Schema, name: str, types: Sequence[FieldType], what: str, done: str) -> Field:
    fit = [field.name for field in schema.fields if field.type in types]
    hint = f"fields that can be {done}: {', '.join(fit) or 'none'}"
    field = schema.by_name.get(name)
    if field is None:
        raise FieldError(name, "is not a field of this collection", hint=hint)
    if field.type not in types:
        raise FieldError(name, f"is a {field.type} field, {what} {', '.join(types)}", hint=hint)
    return field


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
            fields.append(Field(name, kind))
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


def describe(schema: Schema) -> list[dict[str, Any]]:
    """One row a field, for people and ``--json``."""
    return [
        {
            "field": field.name,
            "type": field.type.value,
            "weight": field.weight if field.type is FieldType.TEXT else None,
        }
        for field in schema.fields
    ]
