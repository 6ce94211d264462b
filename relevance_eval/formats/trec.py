"""TREC's files, as trec_eval reads them: columns separated by white space, one judgment or hit a
line.

Judgments: ``query iteration document grade``. Runs: ``query Q0 document rank score tag``.
https://trec.nist.gov/data/reljudge_eng.html and trec_eval's README. Nothing in it can say
"unjudged", and a query without a line is not there.
"""

import math
from pathlib import Path

import numpy as np

from relevance_eval.findings import Finding, Findings
from relevance_eval.formats.hits import Hits
from relevance_eval.formats.judged import Grades, JudgedQueries, ReadRun, whole_number
from relevance_eval.formats.text import first_line, text_lines, written
from relevance_eval.formats.trec_table import read_table
from tandem.errors import SourceError
from tandem.judgments import Run

JUDGMENT = "query, iteration, document and grade"
HIT = "query, Q0, document, rank, score and tag"
LARGE_BYTES = 2**20
"""From here on a run is worth reading as a table."""
LARGEST_SCORE = 1e38
"""A number of 32 bits, with room above and below."""
MOST_DIGITS = 18
"""What a rank may have."""


def is_run(path: Path) -> bool:
    """Whether the first line has a run's six columns."""
    return len(first_line(path).split()) == 6


def read_judgments(path: Path) -> JudgedQueries:
    """Judgments; the format has no texts.

    Raises:
        SourceError: it is malformed, or holds none; file and line are named.
    """
    grades = Grades(path)
    for line, text in text_lines(path):
        columns = text.split()
        if not columns:
            continue
        grade = whole_number(columns[3]) if len(columns) == 4 else None
        if grade is None:
            raise _bad(path, line, columns, 4, f"{JUDGMENT}, a whole number")
        grades.add(line, columns[0], columns[2], grade)
    return grades.judged(path.stem, {})


def read_run(path: Path) -> ReadRun:
    """A run, in order of score: that is what TREC's tools do, the rank column only parts equals.

    Raises:
        SourceError: it is malformed, or holds nothing; file and line are named.
    """
    quickly = read_table(path) if _is_large(path) else None
    hits, tags = quickly or _read_lines(path)
    name, *others = tags or (path.stem,)
    hits.findings.add_all("several_tags", others)
    return hits.by_score(name)


def _read_lines(path: Path) -> tuple[Hits, list[str]]:
    hits = Hits(path)
    tags: dict[str, None] = {}
    for line, text in text_lines(path):
        columns = text.split()
        if not columns:
            continue
        if len(columns) != 6:
            raise _bad(path, line, columns, 6, HIT)
        query_id, _, document_id, rank, score, tag = columns
        hits.add(line, query_id, document_id, _rank(path, line, rank), _score(path, line, score))
        tags[tag] = None
    return hits, [*tags]


def _is_large(path: Path) -> bool:
    return path.is_file() and path.stat().st_size >= LARGE_BYTES


def write_judgments(judged: JudgedQueries, path: Path) -> tuple[Finding, ...]:
    """What of them TREC can hold; what it cannot is told.

    Raises:
        SourceError: an id has white space in it, or the file cannot be written.
    """
    findings = Findings(str(path))
    with written(path) as file:
        for query_id, grades in judged.qrels.items():
            given = {name: grade for name, grade in grades.items() if grade is not None}
            if not given:
                findings.add("query_left_out", repr(query_id))
            unjudged = (name for name in grades if name not in given)
            findings.add_all("unjudged_left_out", (f"{query_id!r} {name!r}" for name in unjudged))
            file.writelines(
                f"{_column(query_id)} 0 {_column(name)} {grade}\n" for name, grade in given.items()
            )
    findings.add_all("text_left_out", map(repr, judged.queries))
    return findings.found()


def write_run(run: Run, path: Path, name: str) -> tuple[Finding, ...]:
    """A run that any tool of TREC orders as it is: scores that would not fall from hit to hit are
    lowered, by as little as the 32 bits that trec_eval has for them let be seen.

    Raises:
        SourceError: an id has white space in it, or the file cannot be written.
    """
    findings = Findings(str(path))
    tag = "-".join(name.split()) or "run"
    with written(path) as file:
        for query_id, ranking in run.items():
            if not ranking.hits:
                findings.add("query_left_out", repr(query_id))
            given = [hit.score for hit in ranking.hits]
            scores = _falling(given)
            if scores != given:
                findings.add("scores_lowered", repr(query_id))
            file.writelines(
                f"{_column(query_id)} Q0 {_column(hit.document_id)} {rank} {score!r} {tag}\n"
                for rank, (hit, score) in enumerate(zip(ranking.hits, scores, strict=True), start=1)
            )
    return findings.found()


def _falling(given: list[float]) -> list[float]:
    """The scores, each below the one before as trec_eval sees them."""
    seen = np.clip(np.array(given, np.float64), -LARGEST_SCORE, LARGEST_SCORE).astype(np.float32)
    fall = np.abs(given) <= LARGEST_SCORE
    if fall.all() and (seen[1:] < seen[:-1]).all():
        return given
    scores = [
        score if kept else float(low) for score, low, kept in zip(given, seen, fall, strict=True)
    ]
    for place in range(1, len(scores)):
        if not seen[place] < seen[place - 1]:
            seen[place] = np.nextafter(seen[place - 1], np.float32(-np.inf))
            scores[place] = float(seen[place])
    return scores


def _column(name: str) -> str:
    if name.split() != [name]:
        raise SourceError(
            f"the id {name!r} has white space in it, by which TREC separates columns",
            hint="write JSONL, which holds any id, or give other ids",
        )
    return name


def _rank(path: Path, line: int, text: str) -> int:
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS:
        return int(text)
    raise SourceError(f"{path}:{line}: rank {text!r}, expected a whole number")


def _score(path: Path, line: int, text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if math.isfinite(score) and "_" not in text:
        return score
    raise SourceError(f"{path}:{line}: score {text!r}, expected a finite number")


def _bad(path: Path, line: int, columns: list[str], count: int, expected: str) -> SourceError:
    found = f"{len(columns)} columns" if len(columns) != count else f"grade {columns[-1]!r}"
    other = {4: "judgments", 6: "a run"}.get(len(columns))
    hint = f"this looks like {other} of TREC" if other and len(columns) != count else ""
    return SourceError(
        f"{path}:{line}: {found}, expected {count} separated by white space: {expected}", hint=hint
    )
