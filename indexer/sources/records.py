"""The words of reading: where a record stands, what it says, and what could not be read."""

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

WHOLE_RECORD = "(record)"
"""Stands for the field where a fault concerns a record as a whole; no field can have this name."""

EXCERPT_CHARACTERS = 200

_SHORT = reprlib.Repr()
_SHORT.maxlevel = 3
_SHORT.maxstring = _SHORT.maxother = 80


class Place(NamedTuple):
    """Where a record starts. ``line`` counts from 1, in Parquet it counts rows; ``None`` means the
    file as a whole.
    """

    file: str
    line: int | None = None
    unit: Literal["line", "row"] = "line"

    def __str__(self) -> str:
        if self.line is None:
            return self.file
        return f"{self.file}:{self.line}" if self.unit == "line" else f"{self.file} row {self.line}"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as its source holds it. ``textual``: every value is text because the format
    knows no other (CSV), so that a value's type has to come from the schema.
    """

    place: Place
    fields: Mapping[str, Any]
    textual: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that could not be read. All four can be written as UTF-8."""

    place: Place
    field: str
    reason: str
    raw_excerpt: str


class Source(Protocol):
    """A file or folder of records. Each ``iter`` reads it from its start again."""

    @property
    def location(self) -> str:
        """What was opened, as it was named."""
        ...

    @property
    def files(self) -> Sequence[Path]:
        """What is read."""
        ...

    def __iter__(self) -> Iterator[Record | Broken]:
        """The records in their order; what cannot be read takes its place as ``Broken``.

        Raises:
            SourceError: the source has gone, or changed into something else.

        """
        ...

    def progress(self) -> float | None:
        """The share that the latest iteration has read, 0 to 1; ``None`` if unknowable."""
        ...


def excerpt(value: object) -> str:
    """A value's beginning, at most 200 characters, writable as UTF-8 whatever it holds."""
    if isinstance(value, bytes):
        shown = value[: 4 * EXCERPT_CHARACTERS].decode("utf-8", "backslashreplace")
    elif isinstance(value, str):
        shown = value
    else:
        try:
            shown = _SHORT.repr(value)
        except ValueError:  # an integer with more digits than Python converts
            shown = type(value).__name__
    return escaped(shown[:EXCERPT_CHARACTERS].rstrip("\r\n"))


def shown_name(name: str) -> str:
    """A field's name as a fault names it."""
    return excerpt(name) or WHOLE_RECORD


def escaped(text: str) -> str:
    """The text with lone surrogates as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
