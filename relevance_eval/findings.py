"""What is told of judgments and runs that can be used, but are not what they seem to be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SHOWN = 3
"""So many examples of a finding are kept."""

Kind = Literal[
    "repeated_judgment", "query_without_grade", "text_without_judgments", "query_without_text",
    "column_passed_over", "rank_against_score", "equal_scores", "listed_against_score",
    "several_tags", "unjudged_left_out", "query_left_out", "text_left_out", "id_left_out",
    "scores_lowered", "query_without_answer", "answer_without_judgments", "nothing_judged",
    "unknown_document", "incomplete_answer",
]  # fmt: skip
"""The names of findings, for programs."""

TOLD: dict[Kind, str] = {
    "repeated_judgment": "judgments given again with the same grade, counted once",
    "query_without_grade": "queries listed without a grade",
    "text_without_judgments": "query texts without judgments here, left aside",
    "query_without_text": "judged queries without a text",
    "column_passed_over": "columns that mean nothing here, passed over",
    "rank_against_score": "queries whose rank column contradicts the scores; the scores count",
    "equal_scores": "queries with equal scores; among those the rank column counts, then the id, "
    "while other tools order them in their own way",
    "listed_against_score": "queries whose hits are not in order of score; the order counts",
    "several_tags": "further names of runs in the same file; the first counts",
    "unjudged_left_out": "unjudged documents (no grade), which the format cannot hold: left out",
    "query_left_out": "queries without a line, which the format cannot hold: left out",
    "text_left_out": "query texts, which the format cannot hold: left out",
    "id_left_out": "query ids that differ from the text, by which the format names a query: "
    "left out",
    "scores_lowered": "queries with scores that do not fall below the one before, in the 32 bits "
    "of trec_eval: lowered until they do, as TREC tools order by scores alone",
    "query_without_answer": "judged queries that the run lacks, which count as found nothing",
    "answer_without_judgments": "queries of the run without judgments, which are not measured",
    "nothing_judged": "judged queries of which no answer was judged at all; where that is most of "
    "them, compare the ids of both files",
    "unknown_document": "judged documents that are not in the collection",
    "incomplete_answer": "answers that lack a part, such as a leg that was late: what is measured "
    "of them says nothing of the search",
}
"""What stands before the number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How often something was found. ``examples`` are the first few; ``where`` is the file or run
    that it is said of.
    """

    kind: Kind
    where: str
    count: int
    examples: tuple[str, ...]

    @property
    def message(self) -> str:
        """The finding as a line."""
        more = ", ..." if self.count > len(self.examples) else ""
        return f"{self.where}: {TOLD[self.kind]}: {self.count:,} ({', '.join(self.examples)}{more})"


class Findings:
    """Counts what is found in ``where``."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._counts: Counter[Kind] = Counter()
        self._examples: dict[Kind, list[str]] = {}

    def add(self, kind: Kind, example: str) -> None:
        """One more."""
        self._counts[kind] += 1
        if self._counts[kind] <= SHOWN:
            self._examples.setdefault(kind, []).append(example)

    def add_all(self, kind: Kind, examples: Iterable[str]) -> None:
        """As many more as there are."""
        for example in examples:
            self.add(kind, example)

    def found(self) -> tuple[Finding, ...]:
        """All, in the order in which the first of each kind was found."""
        return tuple(
            Finding(kind, self._where, count, tuple(self._examples[kind]))
            for kind, count in self._counts.items()
        )
