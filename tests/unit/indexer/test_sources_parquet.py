"""Parquet files, unreadable ones first."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.sources.parquet import BATCH_ROWS, ParquetFile
from indexer.sources.records import Broken, Place, Record
from tandem.errors import SourceError


def source_of(tmp_path: Path, columns: dict[str, Any]) -> ParquetFile:
    """The source for a file of these columns."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)
    return ParquetFile(path)


def broken_text() -> Any:
    """Three texts, the second of which is not UTF-8."""
    offsets = pa.py_buffer(np.array([0, 1, 2, 3], np.int32))
    return pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"a\xffc")])


@pytest.mark.parametrize("content", [b"", b"id,title\n1,a\n", b"PAR1PAR1", b"PAR1" * 50])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    """A wrong file is an error that names it."""
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.parquet: cannot be read as Parquet"):
        ParquetFile(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is an error that names it."""
    with pytest.raises(SourceError, match=r"gone\.parquet"):
        ParquetFile(tmp_path / "gone.parquet")


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    """One of the two would be lost in silence."""
    path = tmp_path / "a.parquet"
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    pq.write_table(table, path)
    with pytest.raises(SourceError, match="column 'id' stands in it more than once"):
        ParquetFile(path)


def test_a_damaged_page_ends_in_one_broken_record(tmp_path: Path) -> None:
    """Damage inside the file is reported with the row it was met at."""
    path = tmp_path / "a.parquet"
    texts = [f"text {number} {'x' * 100}" for number in range(5 * BATCH_ROWS)]
    pq.write_table(pa.table({"id": texts}), path, use_dictionary=False, row_group_size=BATCH_ROWS)
    content = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    content[start : start + 400] = b"\xff" * 400
    path.write_bytes(content)
    items = list(ParquetFile(path))
    assert isinstance(items[-1], Broken)
    assert all(isinstance(item, Record) for item in items[:-1])
    assert "rest of the file cannot be read" in items[-1].reason
    assert items[-1].place.line == len(items)


def test_one_unreadable_value_breaks_one_record(tmp_path: Path) -> None:
    """The record is named by row and column; the rest of its batch is given."""
    first, second, third = source_of(tmp_path, {"id": [1, 2, 3], "title": broken_text()})
    assert isinstance(first, Record)
    assert first.fields == {"id": 1, "title": "a"}
    assert isinstance(second, Broken)
    assert (second.place.line, second.field) == (2, "title")
    assert "a value that cannot be read" in second.reason
    assert isinstance(third, Record)
    assert third.fields == {"id": 3, "title": "c"}


def test_a_time_beyond_the_calendar_breaks_one_record(tmp_path: Path) -> None:
    """A year that Python does not know is reported, and never wrapped into another year."""
    moments = pa.array([0, 2**60], pa.int64()).cast(pa.timestamp("ms"))
    first, second = source_of(tmp_path, {"at": moments})
    assert isinstance(first, Record)
    assert isinstance(second, Broken)
    assert second.field == "at"


def test_values_arrive_as_python_values(tmp_path: Path) -> None:
    """Every common column type, with times in UTC whatever their unit."""
    moment = datetime(2026, 11, 21, 9, 30, 0, 123456)
    columns = {
        "seconds": pa.array([moment.replace(microsecond=0)], pa.timestamp("s")),
        "nanoseconds": pa.array([moment], pa.timestamp("ns")),
        "zoned": pa.array([moment], pa.timestamp("us", tz="Europe/Berlin")),
        "day": [date(2026, 11, 21)],
        "price": [Decimal("12.50")],
        "tags": [["a", "b"]],
        "kind": pa.array(["k"]).dictionary_encode(),
        "missing": pa.array([None], pa.string()),
    }
    (record,) = source_of(tmp_path, columns)
    assert isinstance(record, Record)
    aware = moment.replace(tzinfo=UTC)
    assert record.fields == {
        "seconds": aware.replace(microsecond=0),
        "nanoseconds": aware,
        "zoned": aware,
        "day": date(2026, 11, 21),
        "price": Decimal("12.50"),
        "tags": ["a", "b"],
        "kind": "k",
        "missing": None,
    }


def test_rows_are_counted_over_batches(tmp_path: Path) -> None:
    """Places name the row, progress the share of rows, and a second reading starts anew."""
    source = source_of(tmp_path, {"id": list(range(2 * BATCH_ROWS + 500))})
    shares = []
    for number, item in enumerate(source, start=1):
        assert item.place == Place(source.location, number, "row")
        shares.append(source.progress())
    assert shares[BATCH_ROWS - 1] == pytest.approx(0.4)
    assert shares[-1] == 1.0
    assert len(list(source)) == 2 * BATCH_ROWS + 500
