"""JSON lines: the one format that holds everything, a query a line.

Judgments: ``{"query_id": "q1", "query": "its text", "judgments": [{"document_id": "d1", "grade":
3}, {"document_id": "d2", "grade": null}]}``; the text may be missing, ``null`` means unjudged.
Runs: ``{"query_id": "q1", "hits": [{"document_id": "d1", "score": 1.5}]}``, best first. Further
names are passed over, but that a list ``degraded`` of what an answer lacks is told of; so is a
first line with ``format`` and no ``query_id``: what wrote the file describes itself there.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from relevance_eval.findings import Finding
from relevance_eval.formats.hits import Hits
from relevance_eval.formats.judged import Grades, JudgedQueries, ReadRun
from relevance_eval.formats.text import first_line, text_lines, written
from tandem.errors import SourceError
from tandem.judgments import Run
from tandem.strict_json import JsonFault, read_strictly

MOST = 10**9
"""What a grade stays below, as in every other format."""


class _Fault(ValueError):
    """What is wrong with a line."""


def is_run(path: Path) -> bool:
    """Whether the first line has hits, or describes what wrote it."""
    try:
        first = orjson.loads(first_line(path))
    except ValueError:
        return False
    return isinstance(first, dict) and ("hits" in first or "query_id" not in first)


def read_judgments(path: Path) -> JudgedQueries:
    """Judgments, and the texts as far as they are there.

    Raises:
        SourceError: it is malformed, or holds none; file and line are named.
    """
    grades = Grades(path)
    texts: dict[str, str] = {}
    for line, query in _objects(path):
        try:
            query_id = _name(query, "query_id")
            if not isinstance(query.get("query"), str | None):
                raise _Fault("query: expected a text")
            if query.get("query") is not None and query_id not in texts:
                texts[query_id] = query["query"]
            elif query.get("query") not in (None, texts.get(query_id)):
                raise _Fault(f"query: another text of query {query_id!r} stands above")
            grades.add_query(query_id)
            for judgment in _listed(query, "judgments"):
                grades.add(line, query_id, _name(judgment, "document_id"), _grade(judgment))
        except _Fault as fault:
            raise SourceError(f"{path}:{line}: {fault}") from None
    return grades.judged(path.name.split(".")[0], texts)


def read_run(path: Path) -> ReadRun:
    """A run, in the order in which hits are listed.

    Raises:
        SourceError: it is malformed, or holds nothing; file and line are named.
    """
    hits = Hits(path)
    name = path.name.split(".")[0]
    for line, query in _objects(path, orjson.loads):
        try:
            if line == 1 and "format" in query and "query_id" not in query:
                name = query["name"] if isinstance(query.get("name"), str) else name
                continue
            query_id = _name(query, "query_id")
            if not hits.add_query(query_id):
                raise _Fault(f"query {query_id!r} is there twice")
            _add_hits(hits, line, query_id, _listed(query, "hits"))
            if query.get("degraded"):
                hits.findings.add("incomplete_answer", repr(query_id))
        except _Fault as fault:
            raise SourceError(f"{path}:{line}: {fault}") from None
    return hits.as_listed(name)


def write_judgments(judged: JudgedQueries, path: Path) -> tuple[Finding, ...]:
    """All of it.

    Raises:
        SourceError: it cannot be written.
    """
    with written(path) as file:
        for query_id, grades in judged.qrels.items():
            row: dict[str, Any] = {"query_id": query_id}
            if query_id in judged.queries:
                row["query"] = judged.queries[query_id]
            row["judgments"] = [
                {"document_id": name, "grade": grade} for name, grade in grades.items()
            ]
            file.write(_line(path, row))
    return ()


def write_run(run: Run, path: Path, name: str) -> tuple[Finding, ...]:
    """All of it but the evidence of hits.

    Raises:
        SourceError: it cannot be written.
    """
    with written(path) as file:
        file.write(_line(path, {"format": "run", "name": name}))
        for query_id, ranking in run.items():
            hits = [{"document_id": hit.document_id, "score": hit.score} for hit in ranking.hits]
            file.write(_line(path, {"query_id": query_id, "hits": hits}))
    return ()


def _line(path: Path, row: dict[str, Any]) -> str:
    try:
        return orjson.dumps(row).decode() + "\n"
    except TypeError as error:
        raise SourceError(f"{path}: cannot be written: {error}") from None


def _add_hits(hits: Hits, line: int, query_id: str, listed: list[Any]) -> None:
    """All at once where they are as they should be, else one by one up to the fault."""
    try:
        names, scores = [hit["document_id"] for hit in listed], [hit["score"] for hit in listed]
    except (TypeError, KeyError):
        names, scores = [None], [None]
    are_good = {*map(type, names)} <= {str} and all(names) and {*map(type, scores)} <= {float}
    if are_good:
        ranks = np.arange(1, len(names) + 1)
        hits.add_many([line] * len(names), query_id, names, ranks, np.array(scores, np.float64))
        return
    for rank, hit in enumerate(listed, start=1):
        hits.add(line, query_id, _name(hit, "document_id"), rank, _score(hit))


def _objects(
    path: Path, read: Callable[[str], Any] = read_strictly
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's object. A run's lines are long, and written by programs: names that are there
    twice are looked for in judgments alone.
    """
    for line, text in text_lines(path):
        if not text.strip():
            continue
        try:
            value = read(text)
        except JsonFault as fault:
            place = f"{fault.place}: " if fault.place else ""
            raise SourceError(f"{path}:{line}: {place}{fault}") from None
        except ValueError as fault:
            raise SourceError(f"{path}:{line}: is not JSON: {fault}") from None
        if not isinstance(value, dict):
            raise SourceError(f"{path}:{line}: expected a JSON object")
        yield line, value


def _name(item: Any, name: str) -> str:
    value = item.get(name) if isinstance(item, dict) else None
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _Fault(f"expected {name}, a text")


def _listed(item: dict[str, Any], name: str) -> list[Any]:
    value = item.get(name)
    if not isinstance(value, list):
        raise _Fault(f"{name}: expected a list")
    return value


def _grade(judgment: dict[str, Any]) -> int | None:
    grade = judgment.get("grade", "")
    if grade is None or (type(grade) is int and abs(grade) < MOST):  # a bool is an int, too
        return grade
    raise _Fault("grade: expected a whole number, or null where nobody has judged")


def _score(hit: dict[str, Any]) -> float:
    score = hit.get("score")
    if isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score):
        return float(score)
    raise _Fault("score: expected a finite number")
