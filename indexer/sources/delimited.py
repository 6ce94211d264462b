"""CSV: a header line, then a record a row. Quotes may span lines; two quotes mean one.

The header line decides the delimiter: the most frequent of comma, semicolon and tab.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from indexer.sources.records import WHOLE_RECORD, Broken, Place, Record, excerpt
from tandem.errors import SourceError
from tandem.files import MAXIMUM_LINE_BYTES, LineFault, Lines

DELIMITERS = (",", ";", "\t")


class DelimitedFile:
    """The source for one CSV file, plain or gzip; its records are ``textual``.

    Raises:
        SourceError: the file cannot be opened, or its header cannot be used.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: Lines | None = None
        with Lines(path) as lines:
            _header(path, lines)

    @property
    def location(self) -> str:
        """The file's path as it was given."""
        return str(self._path)

    @property
    def files(self) -> list[Path]:
        """The one file."""
        return [self._path]

    def progress(self) -> float | None:
        """The share of the file's bytes that the latest iteration has read."""
        return self._lines.share_read() if self._lines else 0.0

    def __iter__(self) -> Iterator[Record | Broken]:
        with Lines(self._path) as lines:
            self._lines = lines
            delimiter, columns = _header(self._path, lines)
            text = _DecodedLines(lines)
            rows = csv.reader(text, delimiter=delimiter, strict=True)
            # the module's limit is one for the whole process: it is only ever raised
            csv.field_size_limit(max(csv.field_size_limit(), MAXIMUM_LINE_BYTES))
            while True:
                text.start_record()
                place = Place(self.location, lines.number + 1)
                try:
                    row = next(rows)
                except StopIteration:
                    return
                except csv.Error as error:
                    reason = _reason(str(error), lines.number)
                    yield Broken(place, WHOLE_RECORD, reason, excerpt(text.first))
                except LineFault as fault:
                    # the line at fault may lie inside a quoted value that began before it
                    start = text.first or excerpt(fault.start)
                    yield Broken(place, WHOLE_RECORD, fault.reason, excerpt(start))
                    if fault.final:
                        return
                else:
                    if row:
                        yield _record(place, columns, row, text)


class _DecodedLines:
    """Lines as text for the csv module. Undecodable bytes go through escaped, so that the rows stay
    in step, and are remembered for the record at hand.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.start_record()

    def start_record(self) -> None:
        self.first = ""
        self.undecodable = ""

    def __iter__(self) -> "_DecodedLines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as fault:
            where = f"position {fault.start + 1} of line {self._lines.number}"
            self.undecodable = f"not UTF-8: byte 0x{line[fault.start]:02x} at {where}"
            text = line.decode("utf-8", "surrogateescape")
        self.first = self.first or text
        return text


def _record(
    place: Place, columns: tuple[str, ...], row: list[str], text: _DecodedLines
) -> Record | Broken:
    if text.undecodable:
        return Broken(place, WHOLE_RECORD, text.undecodable, excerpt(text.first))
    if len(row) != len(columns):
        reason = f"expected {len(columns)} columns as in the header, found {len(row)}"
        return Broken(place, WHOLE_RECORD, reason, excerpt(text.first))
    return Record(place, dict(zip(columns, row, strict=True)), textual=True)


def _header(path: Path, lines: Lines) -> tuple[str, tuple[str, ...]]:
    try:
        first = next(lines).decode("utf-8").rstrip("\r\n")
        delimiter = max(DELIMITERS, key=first.count)
        columns = next(csv.reader([first], delimiter=delimiter, strict=True), [])
    except StopIteration:
        raise SourceError(f"{path}: empty; expected a header line naming the columns") from None
    except (UnicodeDecodeError, csv.Error, LineFault) as fault:
        raise SourceError(f"{path}:1: the header line cannot be read: {fault}") from None
    names = tuple(column.strip() for column in columns)
    if not names or not all(names):
        where = f"column {names.index('') + 1} has no name" if names else "the header is blank"
        hint = "name every column in the first line (in pandas: to_csv(index=False))"
        raise SourceError(f"{path}:1: {where}", hint=hint)
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise SourceError(f"{path}:1: the header names column {repeated!r} more than once")
    return delimiter, names


def _reason(message: str, last_line: int) -> str:
    if "unexpected end of data" in message:
        return f"a quote opened here is never closed: the file ends with it, at line {last_line}"
    if "field limit" in message:
        return f"a value too long, or a quote never closed: given up at line {last_line}"
    if "new-line character" in message:
        return "a bare carriage return outside quotes; expected lines that end in a newline"
    return f"not CSV: {message}"
