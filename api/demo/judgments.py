"""The demo's judgment list: questions a developer types, and the documentation that answers them.

Grades: 3 = exactly it, 2 = a good answer, 1 = related. They were given by reading the documentation
of Python 3.11, to what people name from memory and to the best of several engines' answers pooled;
what has no grade is unjudged. Other versions lack some of the ids, and the loader names them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

import orjson


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """One line of the list. ``split`` is ``tune`` or ``test``, assigned at random."""

    query_id: str
    text: str
    intent: str
    split: str
    grades: dict[str, int]


class Judgments(NamedTuple):
    """Query texts and grades by query id, and the judged document ids that are not known here."""

    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]
    missing: list[str]


def read_judged_queries() -> list[JudgedQuery]:
    """The whole list, as bundled, in its order."""
    lines = files("api.demo").joinpath("judgments.jsonl").read_bytes().splitlines()
    return [
        JudgedQuery(row["id"], row["query"], row["intent"], row["split"], row["grades"])
        for row in map(orjson.loads, lines)
    ]


def load_judgments(known_ids: Collection[str], *, split: str | None = None) -> Judgments:
    """The judgments on documents that exist, of one split (``tune``, ``test``) or of both.

    ``missing`` is sorted and names every other judged document once. A query whose exact answers
    (grade 3) are all missing is left out: no engine could answer it.
    """
    known = frozenset(known_ids)
    queries: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    missing: set[str] = set()
    for judged in read_judged_queries():
        if split not in (None, judged.split):
            continue
        grades = {name: grade for name, grade in judged.grades.items() if name in known}
        missing.update(judged.grades.keys() - grades.keys())
        if max(judged.grades.values()) == max(grades.values(), default=0):
            queries[judged.query_id] = judged.text
            qrels[judged.query_id] = grades
    return Judgments(queries, qrels, sorted(missing))
