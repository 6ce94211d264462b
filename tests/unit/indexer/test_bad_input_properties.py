"""Whatever a file holds: every record ends as a sound document or as a rejection that says why."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indexer.rejects import RejectsFile
from indexer.sources.records import Place, Record
from indexer.sources.registry import open_source
from indexer.validation import (
    DuplicateGuard,
    Rejection,
    Validator,
    sample_attributes,
    validated,
)
from tandem.documents import Document, content_hash, decode_attributes, encode_attributes
from tandem.errors import SourceError
from tandem.fields import Field, FieldType
from tandem.schema import Schema, infer_schema

CLOSED = Schema.of(
    [
        Field("year", FieldType.INTEGER),
        Field("rating", FieldType.FLOAT),
        Field("seen", FieldType.BOOLEAN),
        Field("genres", FieldType.KEYWORD),
        Field("released", FieldType.DATETIME),
        Field("plot", FieldType.TEXT),
    ]
)
SCHEMAS = st.sampled_from([CLOSED, Schema.of(CLOSED.fields, open=True), Schema(open=True)])
KNOWN_NAMES = [
    "id", "_id", "document_id", "title", "body", "text", "updated_at", "metadata",
    "year", "rating", "seen", "genres", "released", "plot", "not", "",
]  # fmt: skip

plain_text = st.text(max_size=12)
any_text = plain_text | st.sampled_from(["\ud800", "a\udfff", "\udce9z", "a\0", "\x85", "\u2028"])
extremes: list[int | float] = [2**53, 2**63, 2**64, -(2**63), 10**30, math.nan, math.inf, -0.0]
numbers = st.integers() | st.floats() | st.sampled_from(extremes)
times = st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.isoformat())
scalars = st.none() | st.booleans() | numbers | any_text | times
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(any_text, inner), max_leaves=8
)
records = st.dictionaries(st.sampled_from(KNOWN_NAMES) | any_text, values, max_size=8)
likely_records = st.fixed_dictionaries(
    {"id": st.integers(0, 9) | any_text, "title": st.just("t") | any_text},
    optional={
        "undeclared": scalars | st.lists(any_text),
        "year": numbers,
        "rating": numbers,
        "seen": st.booleans() | scalars,
        "genres": st.lists(any_text) | any_text,
        "released": times | any_text,
        "plot": any_text,
        "updated_at": times,
    },
)
nearly_good_records = st.builds(
    lambda number, name, value: {"id": number, "title": "t", name: value},
    st.integers(0, 50),
    st.sampled_from(KNOWN_NAMES) | any_text,
    scalars | st.lists(any_text) | values,
)
property_settings = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(outcomes: Iterable[Document | Rejection], folder: Path) -> list[Document | Rejection]:
    """Assert that every outcome is sound; ids are distinct, and all rejects can be written."""
    checked = list(outcomes)
    path = folder / "rejects.jsonl"
    with RejectsFile(path) as rejects:
        for outcome in checked:
            if isinstance(outcome, Rejection):
                assert outcome.place.file
                assert outcome.place.line is not None
                assert outcome.place.line >= 1
                assert outcome.field
                assert outcome.reason
                rejects.write(outcome)
            else:
                check_document(outcome)
    ids = [outcome.document_id for outcome in checked if isinstance(outcome, Document)]
    assert len(set(ids)) == len(ids)
    assert len(ids) + rejects.total == len(checked)
    if rejects.total:
        lines = path.read_bytes().splitlines()
        assert [orjson.loads(line)["reason"] for line in lines] == [
            outcome.reason for outcome in checked if isinstance(outcome, Rejection)
        ]
    return checked


def check_document(document: Document) -> None:
    """Assert that a document survives the log: its attributes, their types and its hash."""
    attributes = decode_attributes(encode_attributes(document.attributes))
    assert attributes == document.attributes
    for name, value in attributes.items():
        assert type(value) is type(document.attributes[name])
        assert not isinstance(value, float) or math.isfinite(value)
    again = Document(
        document.document_id.encode().decode(),
        document.title.encode().decode(),
        document.body.encode().decode(),
        attributes,
        document.updated_at,
    )
    assert content_hash(again) == content_hash(document)
    assert 1 <= len(document.document_id.encode()) <= 512
    assert document.title.strip() or document.body.strip()
    assert document.updated_at is None or document.updated_at.utcoffset() is not None


def outcomes_of(
    path: Path, schema: Schema | None, format_name: str | None = None
) -> list[Document | Rejection]:
    """Everything that comes out of a file; without a schema, the one inferred from it."""
    source = open_source(str(path), format_name)
    if schema is None:
        schema = infer_schema(sample_attributes(source))
    return check(validated(source, Validator(schema), DuplicateGuard()), path.parent)


@property_settings
@given(st.binary(max_size=400), SCHEMAS | st.none())
@example(b"\xff\xfe{\x00}\x00", None)
@example(b'{"id":1,"title":"t"}\n{"id":1,"title":"t"}', CLOSED)
@example(b"\x1f\x8b\x08\x00", CLOSED)
def test_any_bytes_as_json_lines(tmp_path: Path, content: bytes, schema: Schema | None) -> None:
    """Every line that is not blank has exactly one outcome."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    outcomes = outcomes_of(path, schema)
    if not content.startswith(b"\x1f\x8b"):
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        assert len(outcomes) == sum(bool(line.strip()) for line in lines)


@property_settings
@given(st.binary(max_size=200).map(lambda content: b"\x1f\x8b\x08\x00" + content))
def test_any_bytes_as_gzip(tmp_path: Path, content: bytes) -> None:
    """What only claims to be packed ends in a rejection that says so."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    assert any(isinstance(outcome, Rejection) for outcome in outcomes_of(path, CLOSED))


csv_bytes = st.lists(
    st.sampled_from([b",", b'"', b"\n", b"\r", b";", b"\t", b"\xe9", b"a", b"1", b"|", b"\0"])
    | st.binary(max_size=3),
    max_size=60,
).map(b"".join)


@property_settings
@given(st.sampled_from([b"", b"id,title,year\n", b"id,title\n"]), csv_bytes, SCHEMAS | st.none())
@example(b"id,title\n", b'1,"a\n2,b\n', None)
def test_any_bytes_as_csv(
    tmp_path: Path, header: bytes, content: bytes, schema: Schema | None
) -> None:
    """The header is refused as a whole, or every record has exactly one outcome."""
    path = tmp_path / "a.csv"
    path.write_bytes(header + content)
    try:
        source = list(open_source(str(path)))
    except SourceError as error:
        assert "a.csv" in str(error)  # noqa: PT017 - both ways are right
        return
    assert len(outcomes_of(path, schema)) == len(source)
    starts = [item.place.line or 0 for item in source]
    assert starts == sorted(set(starts))


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r")) | st.sampled_from(
    ["1", "-7", "0.5", "true", "no", "2026-11-21", "a|b", "nan", "01", "9" * 25]
)


@property_settings
@given(st.lists(st.tuples(cells, cells, cells, cells), max_size=8), SCHEMAS | st.none())
def test_well_formed_csv_loses_no_row(
    tmp_path: Path, rows: Sequence[Sequence[str]], schema: Schema | None
) -> None:
    """As many outcomes as rows were written, whatever stands in their cells."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(["id", "title", "year", "genres"])
    writer.writerows(rows)
    path = tmp_path / "a.csv"
    path.write_bytes(sheet.getvalue().encode())
    assert len(outcomes_of(path, schema)) == len(rows)


@property_settings
@given(
    st.lists(nearly_good_records | likely_records | records | values, max_size=6),
    SCHEMAS | st.none(),
    st.booleans(),
)
def test_any_json_values_as_records(
    tmp_path: Path, items: list[Any], schema: Schema | None, beir: bool
) -> None:
    """NaN, lone surrogates, nested and unknown values: one outcome each, through every layout."""
    path = tmp_path / ("corpus.jsonl" if beir else "a.jsonl")
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="ascii")
    assert len(outcomes_of(path, schema)) == len(items)


@property_settings
@given(st.lists(nearly_good_records | likely_records | records, max_size=6), SCHEMAS)
def test_any_python_values_as_records(
    tmp_path: Path, items: list[dict[str, Any]], schema: Schema
) -> None:
    """The same without a file between, so that no parser hides anything from validation."""
    given_records = [
        Record(Place("direct", number), item) for number, item in enumerate(items, start=1)
    ]
    outcomes = check(validated(given_records, Validator(schema), DuplicateGuard()), tmp_path)
    assert len(outcomes) == len(items)


@property_settings
@given(st.lists(st.integers(0, 3), max_size=12))
def test_each_id_is_accepted_once(tmp_path: Path, ids: list[int]) -> None:
    """The first of equal ids is the document, every later one a rejection that points at it."""
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"id": {number}, "title": "t"}}\n' for number in ids))
    outcomes = outcomes_of(path, CLOSED)
    for line, (number, outcome) in enumerate(zip(ids, outcomes, strict=True), start=1):
        first = ids.index(number) + 1
        assert isinstance(outcome, Document) == (first == line)
        if isinstance(outcome, Rejection):
            assert outcome.reason == f"duplicate id, first seen at {path}:{first}"


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": 1, "title": "t", "body": "' + b"x" * 10_000_000 + b'"}',
        b'{"id": 1, "title": "t", "body": "' + b"\xff" * 10_000_000 + b'"}',
        b'{"id": 1, "title": "t", "body": "' + b"x" * 20_000_000 + b'"}',
        b'{"id": 1, "title": "t", "genres": [' + b'"a",' * 2_500_000 + b'"a"]}',
        b'{"id": 1, "title": "t", "year": ' + b"9" * 10_000_000 + b"}",
        b'{"id": 1, "title": "t", "genres": ' + b"[" * 10_000_000,
        b'{"id": 1, "title": "t", ' + b",".join(b'"a%d": 1' % n for n in range(500_000)) + b"}",
    ],
    ids=["body", "not UTF-8", "line", "list", "number", "depth", "attributes"],
)
def test_ten_megabytes_of_anything_are_one_rejection(tmp_path: Path, line: bytes) -> None:
    """Size is a reason like any other, and the next record is read."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(line + b'\n{"id": 2, "title": "t"}\n')
    rejection, document = outcomes_of(path, CLOSED)
    assert isinstance(rejection, Rejection)
    assert len(rejection.reason) < 500
    assert len(rejection.excerpt) < 2_000
    assert isinstance(document, Document)
