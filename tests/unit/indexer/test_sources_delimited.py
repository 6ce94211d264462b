"""CSV, bad headers and rows first."""

import csv
import gzip
from pathlib import Path

import pytest

from indexer.sources.delimited import DelimitedFile
from indexer.sources.records import Broken, Record
from tandem.errors import SourceError
from tandem.files import MAXIMUM_LINE_BYTES


def source_of(tmp_path: Path, content: bytes, name: str = "a.csv") -> DelimitedFile:
    """The source for a file of this content."""
    path = tmp_path / name
    path.write_bytes(content)
    return DelimitedFile(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "expected a header line"),
        (b"\nid,title\n", "blank"),
        (b"id,,title\n", "column 2 has no name"),
        (b"id,title,id\n", "names column 'id' more than once"),
        (b"id,t\xe9\n", "header line cannot be read"),
        (b'id,"title\n', "header line cannot be read"),
        (b"id,title\rid,other\r", "header line cannot be read"),
    ],
)
def test_a_header_that_names_nothing_stops_the_file(
    tmp_path: Path, header: bytes, message: str
) -> None:
    """Without column names no row means anything, so it is known before any is read."""
    with pytest.raises(SourceError, match=message):
        source_of(tmp_path, header)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1,a,b,c", "expected 3 columns as in the header, found 4"),
        (b"1", "expected 3 columns as in the header, found 1"),
        (b'1,"a"b,c', "not CSV"),
        (b"1,a\xe9,b", "not UTF-8: byte 0xe9 at position 4 of line 2"),
        (b'1,"a\n\xe9",b', "not UTF-8: byte 0xe9 at position 1 of line 3"),
        (b"1,a\rb,c", "a bare carriage return"),
    ],
)
def test_a_bad_row_is_reported_and_the_next_one_read(
    tmp_path: Path, row: bytes, reason: str
) -> None:
    """A fault has the line its record starts at, and the rows after it stay in step."""
    broken, good = source_of(tmp_path, b"id,title,body\n" + row + b"\n2,t,b\n")
    assert isinstance(broken, Broken)
    assert broken.place.line == 2
    assert broken.reason.startswith(reason)
    assert broken.raw_excerpt.startswith("1")
    assert isinstance(good, Record)
    assert good.fields == {"id": "2", "title": "t", "body": "b"}


def test_a_quote_never_closed_says_what_it_swallowed(tmp_path: Path) -> None:
    """Rows that end inside a quote are one fault that names its extent."""
    items = list(source_of(tmp_path, b'id,title\n1,a\n2,"b\n3,c\n4,d\n'))
    assert [type(item) for item in items] == [Record, Broken]
    assert isinstance(items[1], Broken)
    assert items[1].place.line == 3
    assert items[1].reason.endswith("never closed: the file ends with it, at line 5")


def test_a_value_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    """An open quote is given up at the limit and reading goes on behind it."""
    line = b"x" * 2**20 + b"\n"
    content = b'id,title\n1,"' + line * (MAXIMUM_LINE_BYTES // len(line) + 1) + b"2,good\n"
    items = list(source_of(tmp_path, content))
    assert isinstance(items[0], Broken)
    assert "a quote never closed" in items[0].reason
    assert isinstance(items[-1], Record)
    assert items[-1].fields == {"id": "2", "title": "good"}


def test_a_line_too_long_is_one_fault(tmp_path: Path) -> None:
    """The row above the limit is passed over."""
    content = b"id,title\n1," + b"x" * (MAXIMUM_LINE_BYTES + 1) + b"\n2,good\n"
    items = list(source_of(tmp_path, content))
    assert [type(item) for item in items] == [Broken, Record]
    assert [item.place.line for item in items] == [2, 3]


def test_records_start_where_their_first_line_stands(tmp_path: Path) -> None:
    """Quoted line ends and blank lines do not confuse the numbers."""
    content = b'id,title\r\n1,"a\r\nb"\r\n\r\n2,"say ""hi"", ok"\r\n'
    first, second = source_of(tmp_path, content)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.place.line, first.fields["title"]) == (2, "a\r\nb")
    assert (second.place.line, second.fields["title"]) == (5, 'say "hi", ok')
    assert first.textual


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_decides_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    """Comma, semicolon and tab are recognised; the others are then ordinary characters."""
    others = ",;\t".replace(delimiter, "")
    row = delimiter.join(["1", others, "b"])
    content = delimiter.join(["id", " title ", "body"]) + f"\n{row}\n"
    (record,) = source_of(tmp_path, content.encode())
    assert isinstance(record, Record)
    assert record.fields == {"id": "1", "title": others, "body": "b"}


def test_a_packed_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    """What Excel writes, packed, is read as it is meant."""
    source = source_of(tmp_path, gzip.compress(b"\xef\xbb\xbfid,title\n1,\xc3\xa9\n"), "a.csv.gz")
    (record,) = source
    assert isinstance(record, Record)
    assert record.fields == {"id": "1", "title": "é"}
    assert source.progress() == 1.0


def test_a_cut_gzip_ends_in_one_broken_record(tmp_path: Path) -> None:
    """Rows before the damage count."""
    packed = gzip.compress(b"id,title\n1,a\n2,b\n")
    items = list(source_of(tmp_path, packed[:-8], "a.csv.gz"))
    assert [type(item) for item in items] == [Record, Record, Broken]


def test_the_process_wide_limit_is_never_lowered(tmp_path: Path) -> None:
    """A program that set a larger limit for its own use keeps it."""
    before = csv.field_size_limit(2**30)
    try:
        list(source_of(tmp_path, b"id,title\n1,a\n"))
        assert csv.field_size_limit() == 2**30
    finally:
        csv.field_size_limit(before)
