"""The formats that can be indexed. A new one is a module and an entry in ``FORMATS``."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.sources.beir import CORPUS_FILES, BeirCorpus, is_beir
from indexer.sources.delimited import DelimitedFile
from indexer.sources.jsonl import JsonLines
from indexer.sources.parquet import ParquetFile
from indexer.sources.records import Source
from tandem.errors import SourceError


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is opened, and how a path of that format is recognised."""

    open: Callable[[Path], Source]
    recognises: Callable[[Path], bool]
    looks_like: str
    reads_folders: bool = False


def _suffix(*suffixes: str) -> Callable[[Path], bool]:
    """Recognises a file by its suffix, a final ``.gz`` left aside."""
    return lambda path: path.name.lower().removesuffix(".gz").endswith(suffixes)


FORMATS: dict[str, Format] = {
    "beir": Format(
        BeirCorpus, is_beir, f"a folder with {' or '.join(CORPUS_FILES)}", reads_folders=True
    ),
    "jsonl": Format(JsonLines, _suffix(".jsonl", ".ndjson"), "*.jsonl, *.ndjson"),
    "csv": Format(DelimitedFile, _suffix(".csv", ".tsv"), "*.csv, *.tsv"),
    "parquet": Format(ParquetFile, _suffix(".parquet", ".pq"), "*.parquet, *.pq"),
}
"""By name, asked in this order: a BEIR corpus is also a JSONL file."""


def open_source(location: str, format_name: str | None = None) -> Source:
    """The source that reads ``location``, by its layout or suffix, or by the format named.

    Raises:
        SourceError: nothing is there, the format is unknown, or it is not what it claims to be.

    """
    if location == "-":
        raise SourceError(
            "standard input is not read yet",
            hint="write it to a file and name that; a file called - is named ./-",
        )
    chosen = _named(format_name) if format_name is not None else None
    try:
        return _opened(Path(location), chosen, format_name)
    except OSError as error:
        reason = error.strerror or error
        raise SourceError(f"{location}: cannot be opened: {reason}") from None


def _opened(path: Path, chosen: Format | None, format_name: str | None) -> Source:
    _check_exists(path)
    if chosen is None:
        chosen = _recognised(path)
    if path.is_dir() and not chosen.reads_folders:
        raise SourceError(f"{path}: a folder, and {format_name} is read from a single file")
    return chosen.open(path)


def _named(name: str) -> Format:
    if name not in FORMATS:
        close = difflib.get_close_matches(name.lower(), FORMATS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else ""
        raise SourceError(f"unknown format {name!r}; known ones: {', '.join(FORMATS)}", hint=hint)
    return FORMATS[name]


def _check_exists(path: Path) -> None:
    if path.is_file() or path.is_dir():
        return
    if path.exists():
        raise SourceError(f"{path}: a pipe or a device; expected a file or a folder")
    if path.is_symlink():
        raise SourceError(f"{path}: a link that leads nowhere, or in a circle")
    close = difflib.get_close_matches(path.name, _entries(path.parent), n=1)
    hint = f"did you mean {path.with_name(close[0])}?" if close else ""
    raise SourceError(f"{path}: no such file or folder", hint=hint)


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def _recognised(path: Path) -> Format:
    if path.is_dir():
        for known in FORMATS.values():
            if known.reads_folders and known.recognises(path):
                return known
        shown = [name for name in _entries(path) if not name.startswith(".")]
        raise SourceError(
            f"{path}: expected {FORMATS['beir'].looks_like} (a BEIR collection), "
            f"found {', '.join(shown[:5]) or 'nothing readable'}",
            hint="name the files themselves to index several of them",
        )
    for known in FORMATS.values():
        if known.recognises(path):
            return known
    expected = "; ".join(f"{name}: {known.looks_like}" for name, known in FORMATS.items())
    raise SourceError(
        f"{path}: the name does not tell its format; expected {expected}",
        hint="say it with --format",
    )
