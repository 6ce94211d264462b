"""The formats of judgments and runs. A new one is a module and an entry in ``FORMATS``."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from relevance_eval.findings import Finding
from relevance_eval.formats import beir, jsonl, quepid, trec
from relevance_eval.formats.judged import JudgedQueries, ReadRun
from tandem.errors import SourceError
from tandem.judgments import Run


@dataclass(frozen=True, slots=True)
class RunFormat:
    """How runs of a format are told from judgments, read and written."""

    is_run: Callable[[Path], bool]
    read: Callable[[Path], ReadRun]
    write: Callable[[Run, Path, str], tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is recognised by a path, read and written. Not every one has runs."""

    recognises: Callable[[Path], bool]
    read_judgments: Callable[[Path], JudgedQueries]
    write_judgments: Callable[[JudgedQueries, Path], tuple[Finding, ...]]
    runs: RunFormat | None = None


def _suffix(suffix: str) -> Callable[[Path], bool]:
    """Recognises a file by its suffix, a final ``.gz`` left aside."""
    return lambda path: path.name.lower().removesuffix(".gz").endswith(suffix)


FORMATS: Mapping[str, Format] = {
    "beir": Format(beir.is_beir, beir.read_judgments, beir.write_judgments),
    "jsonl": Format(
        _suffix(".jsonl"),
        jsonl.read_judgments,
        jsonl.write_judgments,
        RunFormat(jsonl.is_run, jsonl.read_run, jsonl.write_run),
    ),
    "quepid": Format(_suffix(".csv"), quepid.read_judgments, quepid.write_judgments),
    "trec": Format(
        lambda _: True,
        trec.read_judgments,
        trec.write_judgments,
        RunFormat(trec.is_run, trec.read_run, trec.write_run),
    ),
}
"""By name, asked in this order: TREC's files have names of all kinds."""


def read_judgments(path: Path, format_name: str | None = None) -> JudgedQueries:
    """A judgment list, in the format named or the one that the path has.

    Raises:
        SourceError: the format is unknown, or the file is missing, malformed or without judgments.
    """
    return _format(path, format_name).read_judgments(path)


def read_askable(path: Path, format_name: str | None = None) -> JudgedQueries:
    """A judgment list whose queries are to be asked: every one has a text.

    Raises:
        SourceError: as ``read_judgments``, or a query has none.
    """
    judged = read_judgments(path, format_name)
    without = [query_id for query_id in judged.qrels if query_id not in judged.queries]
    if without:
        raise SourceError(
            f"{path}: {len(without):,} judged queries have no text, {without[0]!r} first",
            hint="give their texts: a BEIR folder, JSONL and Quepid's CSV hold them",
        )
    return judged


def read_run(path: Path, format_name: str | None = None) -> ReadRun:
    """A run, in the format named or the one that the path has.

    Raises:
        SourceError: the format is unknown or has no runs, or the file is missing, malformed or
            empty.
    """
    return _runs(path, format_name).read(path)


def is_run(path: Path, format_name: str | None = None) -> bool:
    """Whether a file holds a run; judgments otherwise.

    Raises:
        SourceError: the format is unknown, or the file cannot be read.
    """
    runs = _format(path, format_name).runs
    return runs is not None and runs.is_run(path)


def write_judgments(
    judged: JudgedQueries, path: Path, format_name: str | None = None
) -> tuple[Finding, ...]:
    """Write a judgment list; what the format cannot hold is told.

    Raises:
        SourceError: the format is unknown, an id does not fit it, or it cannot be written.
    """
    return _format(path, format_name).write_judgments(judged, path)


def write_run(
    run: Run, path: Path, format_name: str | None = None, *, name: str
) -> tuple[Finding, ...]:
    """Write a run; what the format cannot hold is told.

    Raises:
        SourceError: the format is unknown or has no runs, an id does not fit it, or it cannot be
            written.
    """
    return _runs(path, format_name).write(run, path, name)


def _format(path: Path, name: str | None) -> Format:
    if name is None:
        return next(known for known in FORMATS.values() if known.recognises(path))
    if name not in FORMATS:
        close = difflib.get_close_matches(name.lower(), FORMATS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else ""
        raise SourceError(f"unknown format {name!r}; known ones: {', '.join(FORMATS)}", hint=hint)
    return FORMATS[name]


def _runs(path: Path, name: str | None) -> RunFormat:
    runs = _format(path, name).runs
    if runs is None:
        known = " and ".join(name for name, known in FORMATS.items() if known.runs)
        raise SourceError(
            f"{path}: the format has no runs, expected {known}",
            hint="name another file, or say the format",
        )
    return runs
