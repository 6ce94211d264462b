"""Records against a schema: what is refused first, then what becomes of the rest."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from indexer.sources.records import WHOLE_RECORD, Broken, Place, Record
from indexer.validation import (
    MAXIMUM_ATTRIBUTES,
    MAXIMUM_BODY_CHARACTERS,
    MAXIMUM_TITLE_CHARACTERS,
    DuplicateGuard,
    Rejection,
    Validator,
    sample_attributes,
    validated,
)
from tandem.documents import Document, content_hash, decode_attributes, encode_attributes
from tandem.fields import Field, FieldType
from tandem.schema import Schema, infer_schema

PLACE = Place("movies.jsonl", 17)
SCHEMA = Schema.of(
    [
        Field("year", FieldType.INTEGER),
        Field("rating", FieldType.FLOAT),
        Field("seen", FieldType.BOOLEAN),
        Field("genres", FieldType.KEYWORD),
        Field("released", FieldType.DATETIME),
        Field("plot", FieldType.TEXT),
    ]
)


def judge(fields: Mapping[str, Any], *, schema: Schema = SCHEMA, textual: bool = False) -> Any:
    """The outcome for one record of these fields."""
    return Validator(schema).document(Record(PLACE, fields, textual))


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({}, "id", "expected one of id, _id, document_id, found none"),
        ({"id": None}, "id", "found none"),
        ({"id": "1", "_id": "1"}, "id", "found id and _id"),
        ({"_id": True}, "_id", "expected text or a whole number of 64 bits, found bool"),
        ({"id": 1.0}, "id", "found float"),
        ({"id": 2**64}, "id", "found int"),
        ({"id": ["1"]}, "id", "found list"),
        ({"id": ""}, "id", "is blank"),
        ({"document_id": " \u3000"}, "document_id", "is blank"),
        ({"id": "a\nb"}, "id", "a control character"),
        ({"id": "a\x85b"}, "id", "a control character"),
        ({"id": "a\ud800"}, "id", "a lone surrogate, which is no character: found at 2"),
        ({"id": "x" * 513}, "id", "at most 512 characters"),
        ({"id": "é" * 257}, "id", "at most 512 bytes"),
        ({"id": "1"}, "body", "title and body are both empty"),
        ({"id": "1", "title": " ", "text": "\n"}, "body", "title and body are both empty"),
        ({"id": "1", "title": 7}, "title", "expected text, found int"),
        ({"id": "1", "title": "\udfff"}, "title", "a lone surrogate"),
        ({"id": "1", "title": "x" * 2_001}, "title", "at most 2,000 characters"),
        ({"id": "1", "body": "b", "text": "b"}, "body", "expected one of them"),
        ({"id": "1", "body": ["b"]}, "body", "expected text, found list"),
        ({"id": "1", "text": "b\ud83d"}, "text", "a lone surrogate"),
        ({"id": "1", "body": "x" * 10_000_000}, "body", "at most 1,000,000 characters"),
        ({"id": "1", "title": "t", "updated_at": "soon"}, "updated_at", "expected a date"),
        ({"id": "1", "title": "t", "updated_at": 1_700_000_000}, "updated_at", "expected a date"),
        ({"id": "1", "title": "t", "updated_at": "2026-11-21T09:30"}, "updated_at", "time zone"),
        ({"id": "1", "title": "t", "updated_at": "2026-11-21\ud80009:30Z"}, "updated_at", "lone"),
        ({"id": "1", "title": "t", "yaer": 1}, "yaer", "did you mean 'year'?"),
        ({"id": "1", "title": "t", "a\ud800": 1}, "a\\ud800", "is not a field"),
        ({"id": "1", "title": "t", "": 1}, WHOLE_RECORD, "is not a field"),
        ({"id": "1", "title": "t", "year": "1999"}, "year", "expected a whole number, found str"),
        ({"id": "1", "title": "t", "year": float("nan")}, "year", "expected a finite number"),
        ({"id": "1", "title": "t", "year": 2**53}, "year", "beyond"),
        ({"id": "1", "title": "t", "year": True}, "year", "expected a whole number"),
        ({"id": "1", "title": "t", "rating": float("inf")}, "rating", "expected a finite number"),
        ({"id": "1", "title": "t", "seen": 1}, "seen", "expected true or false"),
        ({"id": "1", "title": "t", "genres": ["a", 1]}, "genres", "a list may hold texts only"),
        ({"id": "1", "title": "t", "genres": {"a": 1}}, "genres", "a nested object"),
        ({"id": "1", "title": "t", "genres": nested(900)}, "genres", "found list"),
        ({"id": "1", "title": "t", "genres": "x" * 1_025}, "genres", "1024 bytes"),
        ({"id": "1", "title": "t", "released": "1999"}, "released", "expected a date"),
        ({"id": "1", "title": "t", "plot": 5}, "plot", "expected text"),
    ],
)
def test_a_bad_record_is_rejected_with_its_field_and_reason(
    fields: dict[str, Any], field: str, reason: str
) -> None:
    """The rejection names place, field and reason, and shows what stood there."""
    rejection = judge(fields)
    assert isinstance(rejection, Rejection)
    assert rejection.place == PLACE
    assert rejection.field == field
    assert reason in rejection.reason
    assert rejection.excerpt or fields.get(field) == ""
    assert len(rejection.excerpt) <= 200 + len("\\ud800")
    f"{rejection.field}{rejection.reason}{rejection.excerpt}".encode()


@pytest.mark.parametrize(
    ("attributes", "field", "reason"),
    [
        ({"x": float("nan")}, "x", "expected a finite number"),
        ({"x": {"y": 1}}, "x", "a nested object"),
        ({"x": [1, 2]}, "x", "a list may hold texts only"),
        ({"": 1}, WHOLE_RECORD, "an attribute without a name"),
        ({"n" * 257: 1}, "n" * 200, "a name of more than 256 characters"),
        ({"\ud800": 1}, "\\ud800", "a lone surrogate"),
        (
            {f"a{number}": 1 for number in range(MAXIMUM_ATTRIBUTES + 1)},
            WHOLE_RECORD,
            "at most 200 attributes are allowed, found 201",
        ),
    ],
)
def test_an_open_schema_still_has_limits(
    attributes: dict[str, Any], field: str, reason: str
) -> None:
    """Unknown fields are kept only if the log can hold them."""
    rejection = judge({"id": "1", "title": "t", **attributes}, schema=Schema(open=True))
    assert isinstance(rejection, Rejection)
    assert rejection.field == field
    assert reason in rejection.reason


def test_the_limits_themselves_are_allowed() -> None:
    """Ids, titles, bodies and attributes at their limits pass."""
    attributes = {f"a{number}": number for number in range(MAXIMUM_ATTRIBUTES)}
    document = judge(
        {
            "id": "é" * 256,
            "title": "t" * MAXIMUM_TITLE_CHARACTERS,
            "body": "b" * MAXIMUM_BODY_CHARACTERS,
            **attributes,
        },
        schema=Schema(open=True),
    )
    assert isinstance(document, Document)
    assert document.attributes == attributes


def test_what_the_source_could_not_read_is_rejected_as_it_is() -> None:
    """Reading faults and validation faults end in the same word."""
    broken = Broken(PLACE, "(record)", "not JSON", "{")
    assert Validator(SCHEMA).document(broken) == Rejection(PLACE, "(record)", "not JSON", "{")


@pytest.mark.parametrize("name", ["id", "_id", "document_id"])
@pytest.mark.parametrize(
    ("sent", "held"), [("a b/ü", "a b/ü"), (17, "17"), (-(2**63), str(-(2**63)))]
)
def test_ids_are_text_or_whole_numbers(name: str, sent: object, held: str) -> None:
    """Any of the three names will do; numbers become their digits."""
    assert judge({name: sent, "title": "t"}).document_id == held


def test_a_whole_document_keeps_what_was_sent() -> None:
    """Every kind of field, in the form in which the log holds it."""
    document = judge(
        {
            "_id": "1",
            "title": "Toy Story",
            "text": "Led by Woody …",
            "updated_at": "2026-11-21T11:30:00+02:00",
            "year": 1995,
            "rating": 8,
            "seen": False,
            "genres": ["Comedy", "Family"],
            "released": "1995-11-22",
            "plot": None,
        }
    )
    assert document == Document(
        "1",
        "Toy Story",
        "Led by Woody …",
        {
            "year": 1995,
            "rating": 8,
            "seen": False,
            "genres": ("Comedy", "Family"),
            "released": "1995-11-22",
        },
        datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
    )
    assert decode_attributes(encode_attributes(document.attributes)) == document.attributes
    assert len(content_hash(document)) == 32


@pytest.mark.parametrize(
    "fields", [{"id": "1", "title": "t"}, {"id": "1", "body": "t"}, {"id": "1", "text": "t"}]
)
def test_one_text_is_enough(fields: dict[str, Any]) -> None:
    """A title alone, or a body alone under either name, can be found."""
    document = judge(fields)
    assert f"{document.title}{document.body}" == "t"


def test_dates_and_times_of_parquet_are_texts_in_utc() -> None:
    """Objects become the forms that the schema reads."""
    moment = datetime(1995, 11, 22, 8, tzinfo=UTC)
    fields = {"id": 1, "title": "t", "updated_at": date(2026, 11, 21), "released": moment}
    document = judge(fields)
    assert document.updated_at == datetime(2026, 11, 21, tzinfo=UTC)
    assert document.attributes == {"released": "1995-11-22T08:00:00Z"}


def test_csv_text_takes_the_types_of_the_schema() -> None:
    """Declared fields are typed, blank values are missing, undeclared ones stay text."""
    fields = {
        "id": "007",
        "title": "12",
        "body": " ",
        "year": "1995",
        "rating": "8.5",
        "seen": "yes",
        "genres": "Comedy|Family",
        "released": "",
        "other": "1",
    }
    document = judge(fields, schema=Schema.of(SCHEMA.fields[2:], open=True), textual=True)
    assert (document.document_id, document.title, document.body) == ("007", "12", "")
    assert document.attributes == {
        "year": 1995,
        "rating": 8.5,
        "seen": True,
        "genres": ("Comedy", "Family"),
        "other": "1",
    }


@pytest.mark.parametrize(
    ("name", "text"), [("year", "12x"), ("rating", "nan"), ("rating", "1e999"), ("seen", "maybe")]
)
def test_csv_text_that_does_not_fit_is_rejected(name: str, text: str) -> None:
    """A number that is none does not pass as text."""
    rejection = judge({"id": "1", "title": "t", name: text}, textual=True)
    assert isinstance(rejection, Rejection)
    assert (rejection.field, rejection.excerpt) == (name, text)


def test_the_second_of_two_equal_ids_is_rejected() -> None:
    """It names where the first one stands; a rejected record does not take an id."""
    records = [
        Record(Place("a.jsonl", 1), {"id": "1"}),
        Record(Place("a.jsonl", 2), {"id": "1", "title": "first"}),
        Record(Place("b.jsonl", 9), {"id": 1, "title": "second"}),
        Record(Place("b.jsonl", 10), {"id": "2", "title": "third"}),
    ]
    guard = DuplicateGuard()
    outcomes = [
        *validated(records[:2], Validator(SCHEMA), guard),
        *validated(records[2:], Validator(SCHEMA), guard),
    ]
    assert [type(outcome) for outcome in outcomes] == [Rejection, Document, Rejection, Document]
    assert outcomes[2] == Rejection(
        Place("b.jsonl", 9), "id", "duplicate id, first seen at a.jsonl:2", "1"
    )


def test_a_csv_sample_is_typed_column_by_column() -> None:
    """A schema inferred from CSV has numbers, booleans and keywords, and then fits its rows."""
    rows = [
        {"id": "1", "title": "t", "year": "1995", "price": "1", "seen": "no", "tags": "a|b"},
        {"id": "2", "title": "t", "year": "", "price": "2.5", "seen": "yes", "tags": "c"},
        {"id": "3", "title": "t", "zip": "01234", "note": "x" * 300, "at": "2026-11-21"},
    ]
    records = [Record(Place("a.csv", number), row, True) for number, row in enumerate(rows, 2)]
    samples = sample_attributes([*records, Broken(Place("a.csv", 9), "(record)", "bad", "")])
    assert samples[0] == {"year": 1995, "price": 1.0, "seen": False, "tags": ("a", "b")}
    assert samples[1] == {"price": 2.5, "seen": True, "tags": "c"}
    schema = infer_schema(samples)
    assert {field.name: field.type for field in schema.fields[2:]} == {
        "year": FieldType.INTEGER,
        "price": FieldType.FLOAT,
        "seen": FieldType.BOOLEAN,
        "tags": FieldType.KEYWORD,
        "zip": FieldType.KEYWORD,
        "note": FieldType.TEXT,
        "at": FieldType.DATETIME,
    }
    outcomes = list(validated(records, Validator(schema), DuplicateGuard()))
    assert all(isinstance(outcome, Document) for outcome in outcomes)


def test_a_sample_leaves_out_what_would_be_refused() -> None:
    """One bad value does not spoil the inference of its field or of the others."""
    records = [
        Record(PLACE, {"id": "1", "year": 1995, "price": float("nan"), "x": {"y": 1}}),
        Record(PLACE, {"id": "2", "year": None, "price": 2.5, "tags": ["a"], "text": "b"}),
    ]
    assert sample_attributes(records) == [{"year": 1995}, {"price": 2.5, "tags": ("a",)}]


def test_a_duplicate_in_a_file_whose_name_is_no_utf8_can_be_written() -> None:
    """The reason names the first place, with what cannot be written escaped."""
    guard = DuplicateGuard()
    items = [Record(Place("b\udcff.jsonl", line), {"id": "1", "body": "x"}) for line in (1, 2)]
    _, second = validated(items, Validator(SCHEMA), guard)
    assert isinstance(second, Rejection)
    assert second.reason == "duplicate id, first seen at b\\udcff.jsonl:1"
