"""What is read of a file, and how grades are gathered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relevance_eval.findings import Finding, Findings
from tandem.errors import SourceError
from tandem.judgments import Qrels, Run

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class JudgedQueries:
    """A judgment list: the grades by query, and the texts of its queries as far as they are known.

    A grade is a whole number as it was given, below 0 too: TREC marks spam so, and nothing at or
    below 0 is of use. ``findings`` are what reading it has found.
    """

    name: str
    queries: Mapping[str, str]
    qrels: Qrels
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run of a file, with what reading it has found."""

    name: str
    run: Run
    findings: tuple[Finding, ...] = ()


class Grades:
    """Gathers the judgments of the file at ``path``; each is given with its line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._grades: dict[str, dict[str, int | None]] = {}
        self._lines: dict[tuple[str, str], int] = {}
        self.findings = Findings(str(path))

    def add_query(self, query_id: str) -> None:
        """The query is listed, whether or not a document of it is judged."""
        self._grades.setdefault(query_id, {})

    def add(self, line: int, query_id: str, document_id: str, grade: int | None) -> None:
        """A document's grade; ``None``: it is listed, and was not judged.

        Raises:
            SourceError: it has another grade already.
        """
        grades = self._grades.setdefault(query_id, {})
        first = self._lines.setdefault((query_id, document_id), line)
        if document_id not in grades:
            grades[document_id] = grade
        elif grades[document_id] == grade:
            self.findings.add("repeated_judgment", f"{query_id!r} {document_id!r} at line {line}")
        else:
            raise SourceError(
                f"{self._path}:{line}: document {document_id!r} of query {query_id!r} is graded "
                f"{_shown(grade)}, and {_shown(grades[document_id])} at line {first}",
                hint="keep one of the two lines",
            )

    def judged(self, name: str, texts: Mapping[str, str]) -> JudgedQueries:
        """All of it, with the texts of its queries.

        Raises:
            SourceError: there is no query.
        """
        if not self._grades:
            raise SourceError(f"{self._path}: no judgments in it, expected one at least")
        for query_id, grades in self._grades.items():
            if all(grade is None for grade in grades.values()):
                self.findings.add("query_without_grade", repr(query_id))
        if texts:
            without = [query_id for query_id in self._grades if query_id not in texts]
            self.findings.add_all("query_without_text", map(repr, without))
            aside = [query_id for query_id in texts if query_id not in self._grades]
            self.findings.add_all("text_without_judgments", map(repr, aside))
        known = {query_id: texts[query_id] for query_id in self._grades if query_id in texts}
        return JudgedQueries(name, known, self._grades, self.findings.found())


def whole_number(text: str) -> int | None:
    """The number, or ``None`` if it is none of at most nine digits."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None


def _shown(grade: int | None) -> str:
    return "unjudged" if grade is None else str(grade)
