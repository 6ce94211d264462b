"""Quepid's ratings as CSV: a heading with ``query``, ``docid`` and ``rating``, then a row a rating.

https://quepid.com, "Import Ratings" of a case. A query is named by its text; a rating that is not
there means unjudged, a row without a document that the query has none.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from relevance_eval.findings import Finding, Findings
from relevance_eval.formats.judged import Grades, JudgedQueries, whole_number
from relevance_eval.formats.text import text_lines, written
from tandem.errors import SourceError

COLUMNS = ("query", "docid", "rating")
EXPECTED = "a heading with the columns query, docid and rating, separated by commas"


def read_judgments(path: Path) -> JudgedQueries:
    """Judgments; a query's id is its text.

    Raises:
        SourceError: it is malformed, or holds none; file and line are named.
    """
    grades = Grades(path)
    rows = _rows(path)
    line, heading = next(rows, (1, []))
    places = _places(path, line, heading, grades.findings)
    for line, row in rows:
        if len(row) != len(heading):
            raise SourceError(
                f"{path}:{line}: expected {len(heading)} columns as in the heading, found "
                f"{len(row)}",
                hint="a value with a comma in it stands in quotes",
            )
        query, document_id, rating = (row[place].strip() for place in places)
        if not query or (rating and not document_id):
            raise SourceError(f"{path}:{line}: expected a query and a docid, one of them is empty")
        grades.add_query(query)
        if document_id:
            grades.add(line, query, document_id, _grade(path, line, rating))
    judged = grades.judged(path.stem, {})
    return JudgedQueries(
        judged.name, {text: text for text in judged.qrels}, judged.qrels, judged.findings
    )


def write_judgments(judged: JudgedQueries, path: Path) -> tuple[Finding, ...]:
    """The file; where the text of a query is not known, its id stands for it.

    Raises:
        SourceError: two queries have one text, so that they would become one, or it cannot be
            written.
    """
    findings = Findings(str(path))
    owners: dict[str, str] = {}
    with written(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for query_id, grades in judged.qrels.items():
            text = judged.queries.get(query_id, query_id)
            other = owners.setdefault(text.strip(), query_id)
            if other != query_id:
                raise SourceError(
                    f"queries {other!r} and {query_id!r} have the same text, by which Quepid names "
                    "a query",
                    hint="write JSONL, or judge one of the two",
                )
            if text != query_id:
                findings.add("id_left_out", repr(query_id))
            rows.writerows((text, name, grade) for name, grade in grades.items())
            if not grades:
                rows.writerow((text, "", ""))
    return findings.found()


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line where it begins."""
    read = [0]

    def lines() -> Iterator[str]:
        for read[0], text in text_lines(path):
            yield text + "\n"

    reader = csv.reader(lines(), strict=True)
    while True:
        first = read[0] + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise SourceError(f"{path}:{first}: {_reason(str(error))}") from None
        if any(value.strip() for value in row):
            yield first, row


def _places(path: Path, line: int, heading: list[str], findings: Findings) -> tuple[int, ...]:
    """Where the three columns stand."""
    names = [re.sub(r"[ _]", "", name).lower().replace("querytext", "query") for name in heading]
    for name in COLUMNS:
        if names.count(name) != 1:
            raise SourceError(
                f"{path}:{line}: {names.count(name)} columns named {name}, expected {EXPECTED}"
            )
    others = (name for name, known in zip(heading, names, strict=True) if known not in COLUMNS)
    findings.add_all("column_passed_over", others)
    return tuple(names.index(name) for name in COLUMNS)


def _grade(path: Path, line: int, rating: str) -> int | None:
    if not rating:
        return None
    grade = whole_number(rating.removesuffix(".0"))
    if grade is None:
        raise SourceError(f"{path}:{line}: rating {rating!r}, expected a whole number, or nothing")
    return grade


def _reason(message: str) -> str:
    if "unexpected end of data" in message:
        return "a quote that begins in this row is never closed"
    return f"not CSV: {message}"
