"""How the hits of a run are gathered from lines, column by column: a run may have ten million."""

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from relevance_eval.compact import CompactRun
from relevance_eval.findings import Findings
from relevance_eval.formats.judged import ReadRun
from tandem.errors import SourceError


class _Columns:
    __slots__ = ("document_ids", "lines", "ranks", "scores")

    def __init__(self) -> None:
        self.document_ids: list[str] = []
        self.scores = array("d")
        self.ranks = array("q")
        self.lines = array("Q")

    def falls(self) -> bool:
        """Whether each score is below the one before: the order is that of the scores already."""
        scores = np.asarray(self.scores)
        return bool((scores[1:] < scores[:-1]).all())

    def in_order(self, order: Sequence[int]) -> "_Columns":
        """The hits in another order, without their lines."""
        ordered = _Columns()
        ordered.document_ids = [self.document_ids[at] for at in order]
        ordered.scores = array("d", [self.scores[at] for at in order])
        ordered.ranks = array("q", [self.ranks[at] for at in order])
        return ordered


class Hits:
    """Gathers the hits of the file at ``path``, in any order of lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._columns: dict[str, _Columns] = {}
        self._document_ids: dict[str, str] = {}
        self.findings = Findings(str(path))

    def add_query(self, query_id: str) -> bool:
        """The query was asked, whatever it found; whether this is the first that is told of it."""
        if query_id in self._columns:
            return False
        self._columns[query_id] = _Columns()
        return True

    def add(self, line: int, query_id: str, document_id: str, rank: int, score: float) -> None:
        """A hit; the score is finite."""
        columns = self._columns.get(query_id)
        if columns is None:
            columns = self._columns[query_id] = _Columns()
        columns.document_ids.append(self._document_ids.setdefault(document_id, document_id))
        columns.scores.append(score)
        columns.ranks.append(rank)
        columns.lines.append(line)

    def add_many(
        self,
        lines: Sequence[int],
        query_id: str,
        document_ids: Sequence[str],
        ranks: npt.NDArray[np.int64],
        scores: npt.NDArray[np.float64],
    ) -> None:
        """Hits of a query, each with its line."""
        self.add_query(query_id)
        columns = self._columns[query_id]
        columns.document_ids.extend(document_ids)
        columns.scores.frombytes(scores.tobytes())
        columns.ranks.frombytes(ranks.tobytes())
        columns.lines.extend(lines)

    def by_score(self, name: str) -> ReadRun:
        """Hits in order of score, equal ones in order of the rank given, then of the id.

        Raises:
            SourceError: there is no query, or one has a document twice.
        """
        return self._read(name, by_score=True)

    def as_listed(self, name: str) -> ReadRun:
        """Hits in the order in which they were given.

        Raises:
            SourceError: as ``by_score``.
        """
        return self._read(name, by_score=False)

    def _read(self, name: str, *, by_score: bool) -> ReadRun:
        if not self._columns:
            raise SourceError(f"{self._path}: no query in it, expected one at least")
        run = CompactRun()
        for query_id in list(self._columns):
            columns = self._columns.pop(query_id)
            self._check_distinct(query_id, columns)
            if by_score and not columns.falls():
                columns = columns.in_order(_by_score(columns))
            self._compare(query_id, columns, by_score=by_score)
            run.add(query_id, columns.document_ids, columns.scores, name)
        return ReadRun(name, run, self.findings.found())

    def _check_distinct(self, query_id: str, columns: _Columns) -> None:
        if len(set(columns.document_ids)) == len(columns.document_ids):
            return
        first: dict[str, int] = {}
        for document_id, line in zip(columns.document_ids, columns.lines, strict=True):
            if document_id in first:
                raise SourceError(
                    f"{self._path}:{line}: document {document_id!r} is there twice for query "
                    f"{query_id!r}, first at line {first[document_id]}",
                    hint="keep one of the two",
                )
            first[document_id] = line

    def _compare(self, query_id: str, columns: _Columns, *, by_score: bool) -> None:
        """What is to be told of the order that they have now."""
        scores, ranks = np.asarray(columns.scores), np.asarray(columns.ranks)
        if not by_score:
            if (scores[1:] > scores[:-1]).any():
                self.findings.add("listed_against_score", repr(query_id))
            return
        if (ranks[1:] < ranks[:-1]).any():
            self.findings.add("rank_against_score", repr(query_id))
        if (scores[1:] == scores[:-1]).any():
            self.findings.add("equal_scores", repr(query_id))


def _by_score(columns: _Columns) -> list[int]:
    scores, ranks, document_ids = columns.scores, columns.ranks, columns.document_ids
    return sorted(range(len(scores)), key=lambda at: (-scores[at], ranks[at], document_ids[at]))
