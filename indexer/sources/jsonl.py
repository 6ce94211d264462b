"""JSON lines: one object a line, UTF-8; blank lines are passed over."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from indexer.sources.records import WHOLE_RECORD, Broken, Place, Record, excerpt
from tandem.files import LineFault, Lines, check_file


class JsonLines:
    """The source for one file, plain or gzip.

    Raises:
        SourceError: the file cannot be opened, or is no gzip despite its name.

    """

    def __init__(self, path: Path) -> None:
        check_file(path)
        self._path = path
        self._lines: Lines | None = None

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
        file = self.location
        with Lines(self._path) as lines:
            self._lines = lines
            while True:
                try:
                    line = next(lines)
                except StopIteration:
                    return
                except LineFault as fault:
                    place = Place(file, lines.number)
                    yield Broken(place, WHOLE_RECORD, fault.reason, excerpt(fault.start))
                    if fault.final:
                        return
                    continue
                if not line.isspace() and line:
                    yield _record(Place(file, lines.number), line)


def _record(place: Place, line: bytes) -> Record | Broken:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:
            value = _read_leniently(line)
        except UnicodeDecodeError as fault:
            reason = f"not UTF-8: byte 0x{line[fault.start]:02x} at position {fault.start + 1}"
            return Broken(place, WHOLE_RECORD, reason, excerpt(line))
        except (ValueError, RecursionError):
            column = min(error.pos, len(line.decode().rstrip())) + 1
            reason = f"not JSON: {error.msg} at column {column}"
            return Broken(place, WHOLE_RECORD, reason, excerpt(line))
    if not isinstance(value, dict):
        reason = f"expected a JSON object, found {type(value).__name__}"
        return Broken(place, WHOLE_RECORD, reason, excerpt(line))
    return Record(place, value)


def _read_leniently(line: bytes) -> Any:
    """NaN, infinities and lone surrogates pass here: validation refuses them and names the field,
    where the strict parser can only name a column.
    """
    return json.loads(line.decode("utf-8"))
