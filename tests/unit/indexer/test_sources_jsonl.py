"""JSON lines, bad ones first."""

import gzip
import math
from pathlib import Path

import pytest

from indexer.sources.jsonl import JsonLines
from indexer.sources.records import WHOLE_RECORD, Broken, Place, Record


def read(tmp_path: Path, content: bytes, name: str = "a.jsonl") -> list[Record | Broken]:
    """What the source gives for a file of this content."""
    path = tmp_path / name
    path.write_bytes(content)
    return list(JsonLines(path))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": 1', "not JSON: unexpected end of data at column 9"),
        (b"{'id': 1}", "not JSON: "),
        (b"[1, 2]", "expected a JSON object, found list"),
        (b"null", "expected a JSON object, found NoneType"),
        (b"NaN", "expected a JSON object, found float"),
        (b'{"id": "\xff"}', "not UTF-8: byte 0xff at position 9"),
        (b"\xff\xfe{\x00", "not UTF-8: byte 0xff at position 1"),
        (b"[" * 100_000, "not JSON: depth limit exceeded"),
        (b'{"a": ' * 5_000 + b"NaN", "not JSON: "),
    ],
)
def test_a_broken_line_is_reported_and_the_next_one_read(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    """A fault has its line, its reason and an excerpt, and stops nothing."""
    broken, good = read(tmp_path, line + b'\n{"id": 2}\n')
    assert isinstance(broken, Broken)
    assert broken.place == Place(str(tmp_path / "a.jsonl"), 1)
    assert broken.field == WHOLE_RECORD
    assert broken.reason.startswith(reason)
    assert 0 < len(broken.raw_excerpt) <= 200
    assert good == Record(Place(str(tmp_path / "a.jsonl"), 2), {"id": 2})


def test_not_a_number_reaches_validation(tmp_path: Path) -> None:
    """NaN comes through as a record, so that its field can be named."""
    (record,) = read(tmp_path, b'{"id": 1, "price": NaN, "name": "\\ud800"}')
    assert isinstance(record, Record)
    assert math.isnan(record.fields["price"])
    assert record.fields["name"] == "\ud800"


def test_blank_lines_are_no_records_but_are_counted(tmp_path: Path) -> None:
    """Line numbers are those an editor shows."""
    records = read(tmp_path, b'\n  \t\r\n{"id": 1}\r\n\n{"id": 2}')
    assert [record.place.line for record in records] == [3, 5]


def test_a_cut_gzip_ends_in_one_broken_record(tmp_path: Path) -> None:
    """What was read before the damage counts."""
    packed = gzip.compress(b'{"id": 1}\n{"id": 2}\n')
    items = read(tmp_path, packed[:-8], "a.jsonl.gz")
    assert [type(item) for item in items] == [Record, Record, Broken]
    assert items[2].place.line == 3


def test_the_source_can_be_read_twice(tmp_path: Path) -> None:
    """A sample for the schema does not use the source up."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": 1}\n{"id": 2}\n')
    source = JsonLines(path)
    next(iter(source))
    assert len(list(source)) == 2
    assert source.progress() == 1.0
    assert source.location == str(path)


def test_places_print_as_editors_read_them() -> None:
    """A line as file:line, a row as a row, a whole file by its name."""
    assert str(Place("corpus.jsonl", 17)) == "corpus.jsonl:17"
    assert str(Place("movies.parquet", 17, "row")) == "movies.parquet row 17"
    assert str(Place("corpus.jsonl")) == "corpus.jsonl"
