"""Parquet: a record a row, columns by name. Times without a zone are read as UTC; what is finer
than a microsecond is cut.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.sources.records import WHOLE_RECORD, Broken, Place, Record, excerpt, shown_name
from tandem.errors import SourceError

BATCH_ROWS = 1_000


class ParquetFile:
    """The source for one Parquet file, read batch by batch.

    Raises:
        SourceError: the file cannot be opened, is no Parquet, or names a column twice.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows_read = 0
        with _open(path) as file:
            self._rows: int = file.metadata.num_rows
            names = file.schema_arrow.names
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise SourceError(f"{path}: column {repeated!r} stands in it more than once")

    @property
    def location(self) -> str:
        """The file's path as it was given."""
        return str(self._path)

    @property
    def files(self) -> list[Path]:
        """The one file."""
        return [self._path]

    def progress(self) -> float | None:
        """The share of the rows that the latest iteration has given."""
        return self._rows_read / self._rows if self._rows else 1.0

    def __iter__(self) -> Iterator[Record | Broken]:
        import pyarrow as pa

        self._rows_read = 0
        with _open(self._path) as file:
            batches = file.iter_batches(batch_size=BATCH_ROWS)
            while True:
                try:
                    batch = next(batches, None)
                except (pa.ArrowException, OSError, ValueError) as error:
                    reason = f"the rest of the file cannot be read: {error}"
                    yield Broken(self._place(), WHOLE_RECORD, excerpt(reason), "")
                    return
                if batch is None:
                    return
                yield from self._records(batch)

    def _records(self, batch: Any) -> Iterator[Record | Broken]:
        for row in _rows(batch):
            place = self._place()
            self._rows_read += 1
            if isinstance(row, dict):
                yield Record(place, row)
            else:
                field, reason = row
                yield Broken(place, shown_name(field), excerpt(reason), "")

    def _place(self) -> Place:
        return Place(self.location, self._rows_read + 1, "row")


def _open(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, memory_map=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceError(
            f"{path}: cannot be read as Parquet: {error}",
            hint="Parquet is compressed inside; a file packed with gzip has to be unpacked first"
            if path.suffix == ".gz"
            else "",
        ) from None


def _rows(batch: Any) -> Iterator[dict[str, Any] | tuple[str, str]]:
    """Each row's values, or the column and the reason that stopped it."""
    batch = _with_plain_times(batch)
    try:
        rows = batch.to_pylist()
    except (ValueError, ArithmeticError):
        # one value that Python cannot hold spoils the batch: find its row and column
        yield from (_row(batch.slice(number, 1)) for number in range(batch.num_rows))
    else:
        yield from rows


def _row(single: Any) -> dict[str, Any] | tuple[str, str]:
    values: dict[str, Any] = {}
    for name, column in zip(single.schema.names, single.columns, strict=True):
        try:
            values[name] = column[0].as_py()
        except (ValueError, ArithmeticError) as error:
            return name, f"a value that cannot be read: {error}"
    return values


def _with_plain_times(batch: Any) -> Any:
    columns = [_plain_times(column) for column in batch.columns]
    return type(batch).from_arrays(columns, names=batch.schema.names)


def _plain_times(column: Any) -> Any:
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return column
    # only nanoseconds change their unit: widening seconds could overflow without a word
    unit = "us" if column.type.unit == "ns" else column.type.unit
    return column.cast(pa.timestamp(unit, tz="UTC"), safe=False)
