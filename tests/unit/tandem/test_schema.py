"""Fields: declared, inferred, typed; every refusal names the field and the reason."""

import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.documents import AttributeValue
from tandem.errors import FieldError, SchemaError
from tandem.fields import (
    EXACT_INTEGER,
    Field,
    FieldType,
    datetime_text,
    from_microseconds,
    parse_datetime,
    to_microseconds,
    typed_value,
)
from tandem.schema import (
    BODY,
    RESERVED_NAMES,
    TITLE,
    Schema,
    describe,
    facet_fields,
    infer_schema,
    sort_field,
)
from tests.builders import document, schema_of

MORNING = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
EAST = timezone(timedelta(hours=2))


def typed(kind: str, value: object) -> Any:
    """The value as a field of that type."""
    return typed_value(Field("f", FieldType(kind)), value)


# --- typing ---


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "prose", "prose"),
        ("text", ("two", "parts"), "two parts"),
        ("text", [], ""),
        ("keyword", "one", ("one",)),
        ("keyword", ["a", "b"], ("a", "b")),
        ("keyword", (), ()),
        ("keyword", "x" * 1_024, ("x" * 1_024,)),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("integer", -0.0, 0),
        ("integer", EXACT_INTEGER, 2**53 - 1),
        ("integer", -EXACT_INTEGER, 1 - 2**53),
        ("float", 1, 1.0),
        ("float", 0.1, 0.1),
        ("float", 1e308, 1e308),
        ("float", 5e-324, 5e-324),
        ("boolean", True, True),
        ("boolean", False, False),
        ("datetime", "2026-11-21T09:30:00Z", MORNING),
        ("datetime", "2026-11-21T11:30:00+02:00", MORNING),
        ("datetime", "2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("datetime", "1969-12-31T23:59:59.999999Z", from_microseconds(-1)),
        ("datetime", datetime(2026, 11, 21, 11, 30, tzinfo=EAST), MORNING),
    ],
)
def test_values_of_each_type(kind: str, value: object, expected: object) -> None:
    """What fits comes back as the type says, exactly."""
    result = typed(kind, value)
    assert result == expected
    assert type(result) is type(expected)


def test_negative_zero_is_zero() -> None:
    """The sign of zero goes: an engine that compares bits would tell the zeros apart."""
    assert math.copysign(1, typed("float", -0.0)) == 1


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("text", 3, "expected text, found int 3"),
        ("text", ["a", 3], "expected text"),
        ("keyword", 3, "expected text or a list of texts, found int 3"),
        ("keyword", ["a", None], "expected text or a list of texts"),
        ("keyword", "x" * 1_025, "may have 1024 bytes"),
        ("keyword", "é" * 513, "may have 1024 bytes"),
        ("integer", True, "expected a whole number, found bool True"),
        ("integer", 1.5, "expected a whole number, found float 1.5"),
        ("integer", math.nan, "expected a whole number"),
        ("integer", math.inf, "expected a whole number"),
        ("integer", "7", "expected a whole number, found str '7'"),
        ("integer", 2**53, "beyond"),
        ("integer", -(2**53), "beyond"),
        pytest.param("integer", 10**5_000, "beyond", id="integer-huge"),
        ("float", False, "expected a number, found bool False"),
        ("float", "0.5", "expected a number"),
        ("float", None, "expected a number, found NoneType None"),
        ("float", math.nan, "expected a finite number, found float nan"),
        ("float", -math.inf, "expected a finite number"),
        ("float", 10**400, "expected a finite number"),
        pytest.param("float", 10**5_000, "expected a finite number", id="float-huge"),
        ("boolean", 1, "expected true or false, found int 1"),
        ("boolean", "true", "expected true or false, found str 'true'"),
        ("datetime", "yesterday", "expected a date or an RFC 3339 time"),
        ("datetime", "", "expected a date"),
        ("datetime", 1_700_000_000, "expected a date"),
        ("datetime", "2026-11-21T09:30:00", "has no time zone"),
        ("datetime", datetime(2026, 11, 21), "has no time zone"),
        ("datetime", "2026-02-30", "expected a date"),
        ("datetime", "0001-01-01T00:00:00+14:00", "outside the years 1 to 9999"),
        ("datetime", "9999-12-31T23:59:59-01:00", "outside the years 1 to 9999"),
    ],
)
def test_refusals_name_field_and_reason(kind: str, value: object, reason: str) -> None:
    """What does not fit is refused with the field, the reason, and what was found."""
    with pytest.raises(FieldError) as raised:
        typed(kind, value)
    assert raised.value.field == "f"
    assert reason in raised.value.reason
    assert str(raised.value) == f"f: {raised.value.reason}"
    assert len(str(raised.value)) < 250


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary(),
                 st.lists(st.one_of(st.text(), st.integers()), max_size=3), st.datetimes(),
                 st.dates()))  # fmt: skip
def test_typing_never_fails_otherwise(value: object) -> None:
    """Any value of any kind is typed or refused; no other error comes out."""
    for kind in FieldType:
        with suppress(FieldError):
            typed_value(Field("f", kind), value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_their_forms(moment: datetime) -> None:
    """Microseconds since 1970 and RFC 3339 text both keep the exact moment."""
    assert from_microseconds(to_microseconds(moment)) == moment
    assert parse_datetime("f", datetime_text(moment)) == moment
    assert parse_datetime("f", moment.date()) == parse_datetime("f", moment.date().isoformat())
    assert datetime_text(moment).endswith("Z")


# --- a document ---


def test_a_document_is_typed_field_by_field() -> None:
    """Known attributes are typed, absent ones left out."""
    schema = schema_of(genre="keyword", year="integer", price="float")
    assert schema.typed(document("a", genre="x", year=3.0)) == {"genre": ("x",), "year": 3}


def test_a_closed_schema_refuses_unknown_fields() -> None:
    """The refusal names the unknown field and hints at the nearest one."""
    schema = schema_of(genre="keyword", year="integer")
    with pytest.raises(FieldError, match="genres: is not a field") as raised:
        schema.typed(document("a", genres="x"))
    assert raised.value.hint == "did you mean 'genre'?"


def test_an_open_schema_leaves_unknown_fields_alone() -> None:
    """An unknown attribute is not indexed, and not refused; a known one is still checked."""
    schema = schema_of(is_open=True, year="integer")
    assert schema.typed(document("a", other="x", year=1)) == {"year": 1}
    with pytest.raises(FieldError, match="year"):
        schema.typed(document("a", year="x"))


# --- declaring ---


def test_title_and_body_are_always_there() -> None:
    """They are added where they are not named, and may be named to weigh them."""
    assert Schema.of([]).fields == (TITLE, BODY)
    heavy = Field("title", FieldType.TEXT, 2.0)
    assert Schema.of([heavy]).fields == (BODY, heavy)
    assert Schema.of([heavy]).by_name["title"].weight == 2.0


def test_fields_are_sorted_by_use() -> None:
    """Text fields are searched, all others filtered."""
    schema = schema_of(abstract="text", genre="keyword", seen="boolean")
    assert [field.name for field in schema.text_fields] == ["title", "body", "abstract"]
    assert [field.name for field in schema.filterable_fields] == ["genre", "seen"]


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_reserved_names(name: str) -> None:
    """A reserved name is refused by name; title and body may be text."""
    with pytest.raises(SchemaError, match=f"field '{name}': the name is reserved"):
        Schema.of([Field(name, FieldType.KEYWORD)])


@pytest.mark.parametrize(
    "name", ["", "1st", "_x", "a-b", "a.b", "a b", "ä", "x" * 65, "year\n", "a\0"]
)
def test_malformed_names(name: str) -> None:
    """A name is a letter followed by at most 63 letters, digits or underscores."""
    with pytest.raises(SchemaError, match="a name is a letter"):
        Schema.of([Field(name, FieldType.KEYWORD)])
    assert infer_schema([{name: "x"}]).filterable_fields == ()


def test_repeated_names_and_weights() -> None:
    """A name twice, and a weight outside 0.1 to 10, are refused."""
    with pytest.raises(SchemaError, match="field 'a' is declared 2 times"):
        Schema.of([Field("a", FieldType.TEXT), Field("a", FieldType.KEYWORD)])
    for weight in (0.0, 0.09, 10.1, -1.0, math.nan, math.inf):
        with pytest.raises(SchemaError, match="field 'a': weight"):
            Schema.of([Field("a", FieldType.TEXT, weight)])
    assert Schema.of([Field("a", FieldType.TEXT, 0.1), Field("b", FieldType.TEXT, 10)])


@pytest.mark.parametrize(
    ("asked", "to_filter", "hint"),
    [
        ("genres", False, "did you mean 'genre'?"),
        ("yaer", True, "did you mean 'year'?"),
        ("abstrct", False, "did you mean 'abstract'?"),
        ("abstrct", True, "known fields: genre, year"),
        ("zzz", False, "known fields: genre, year, abstract"),
        ("zzz", True, "known fields: genre, year"),
    ],
)
def test_near_misses(asked: str, to_filter: bool, hint: str) -> None:
    """The hint is the closest field, or all of them; text is no field to filter by."""
    schema = Schema.of([*schema_of(genre="keyword", year="integer", abstract="text").fields[2:],
                        Field("title", FieldType.TEXT, 2.0)])  # fmt: skip
    assert schema.near_miss(asked, to_filter=to_filter) == hint


def test_near_miss_without_fields() -> None:
    """Where nothing can be filtered the hint says so."""
    assert schema_of().near_miss("x") == "known fields: none"


# --- inferring ---


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "b"], "keyword"),
        ([("a", "b")], "keyword"),
        ([()], "keyword"),
        (["a", ("b", "c")], "keyword"),
        (["x" * 256], "keyword"),
        (["x" * 257], "text"),
        (["a", "x" * 257], "text"),
        ([("a", "x" * 257)], "text"),
        ([1, 2], "integer"),
        ([1, 2.5], "float"),
        ([2.0], "float"),
        ([True, False], "boolean"),
        (["2026-11-21"], "datetime"),
        (["2026-11-21T09:30:00Z", "2026-11-22"], "datetime"),
        (["2026-11-21", "soon"], "keyword"),
        (["2026-11-21", "x" * 257], "text"),
        (["2026-11-21T09:30:00"], "keyword"),
        (["2026"], "keyword"),
        ([1, "1"], None),
        ([True, 1], None),
        ([1, "2026-11-21"], None),
        ([1, "x" * 257], None),
    ],
)
def test_inferred_types(values: list[AttributeValue], expected: str | None) -> None:
    """The type that every value seen allows; none where they are of several kinds."""
    schema = infer_schema([{"f": value} for value in values])
    assert schema.open
    field = schema.by_name.get("f")
    assert (field and field.type.value) == expected
    if field is not None:
        for value in values:
            typed_value(field, value)


def test_inference_skips_reserved_names() -> None:
    """Reserved and malformed names stay out of the schema."""
    schema = infer_schema([dict.fromkeys(RESERVED_NAMES, "x") | {"a-b": 1, "kind": "x", "n": 1}])
    assert [field.name for field in schema.filterable_fields] == ["kind", "n"]
    assert infer_schema([]).fields == (TITLE, BODY)


# --- keeping ---


def test_encoding_survives() -> None:
    """A schema read from the catalogue equals the one written."""
    schema = Schema.of([Field("a", FieldType.TEXT, 2.5), Field("b", FieldType.KEYWORD)], open=True)
    again = Schema.decoded(schema.encoded())
    assert again == schema
    assert again.by_name["a"].type is FieldType.TEXT
    assert again.fingerprint == schema.fingerprint


def test_any_difference_changes_the_fingerprint() -> None:
    """16 hex digits that differ with name, type, weight and openness, and not with the order."""
    schemas = [
        schema_of(),
        schema_of(is_open=True),
        schema_of(a="text"),
        schema_of(b="text"),
        schema_of(a="keyword"),
        schema_of(a="text", b="text"),
        Schema.of([Field("a", FieldType.TEXT, 2.0)]),
    ]
    fingerprints = {schema.fingerprint for schema in schemas}
    assert len(fingerprints) == len(schemas)
    assert all(len(fingerprint) == 16 for fingerprint in fingerprints)
    assert schema_of(b="text", a="text").fingerprint == schema_of(a="text", b="text").fingerprint


def test_description() -> None:
    """One row a field; a weight only where it counts."""
    assert describe(schema_of(year="integer"))[1:] == [
        {"field": "body", "type": "text", "weight": 1.0},
        {"field": "year", "type": "integer", "weight": None},
    ]


# --- facets ---


def test_fields_that_facets_count() -> None:
    """Keyword, integer and boolean fields, in the order asked for."""
    schema = schema_of(tag="keyword", note="text", year="integer", price="float", new="boolean")
    assert [field.name for field in facet_fields(schema, ["new", "tag", "year"])] == [
        "new",
        "tag",
        "year",
    ]
    assert facet_fields(schema, []) == ()
    for name, reason in {
        "nope": "not a field",
        "note": "text field",
        "price": "float field",
    }.items():
        with pytest.raises(FieldError, match=f"{name}: .*{reason}") as raised:
            facet_fields(schema, ["tag", name])
        assert raised.value.hint.endswith("tag, year, new")
    with pytest.raises(FieldError) as raised:
        facet_fields(schema_of(), ["title"])
    assert raised.value.hint.endswith("none")


# --- sorts ---


def test_fields_that_a_list_is_sorted_by() -> None:
    """Integer, float and datetime fields; another one is named with what can be."""
    schema = schema_of(
        tag="keyword", note="text", year="integer", price="float", new="boolean", at="datetime"
    )
    for name in ("year", "price", "at"):
        assert sort_field(schema, name).name == name
    for name, reason in {"nope": "not a field", "note": "text field", "title": "text field",
                         "tag": "keyword field", "new": "boolean field"}.items():  # fmt: skip
        with pytest.raises(FieldError, match=f"{name}: .*{reason}") as raised:
            sort_field(schema, name)
        assert raised.value.hint == "fields that can be sorted by: year, price, at"
