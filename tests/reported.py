"""A small report: forty queries, two runs, of which the second is better."""

from collections.abc import Collection, Mapping
from random import Random
from typing import Any

from relevance_eval.comparison import compare
from relevance_eval.report.contents import Told, contents
from relevance_eval.slices import by_length
from tandem.judgments import Qrels, Run
from tandem.rankings import Ranking

MEASURES = ("nDCG@10", "R@100")
NASTY = "a </script><b>query</b> | with <!-- marks"
"""What must stay text in every form of the report."""

TEXTS = {
    f"q{number}": NASTY if number == 7 else "read csv " + "word " * (number % 5)
    for number in range(40)
}


def judged() -> Qrels:
    """Three grades and an unjudged document for each query."""
    return {query_id: {"good": 3, "fair": 1, "bad": 0, "unseen": None} for query_id in TEXTS}


def runs(names: Collection[str] = ("old", "new")) -> dict[str, Run]:
    """Orders by lot; those of every further run have the good document first more often."""
    made: dict[str, Run] = {}
    for luck, name in enumerate(names):
        random = Random(luck)
        made[name] = {
            query_id: Ranking.from_scores(
                name,
                [
                    ("good", random.random() + luck),
                    ("fair", random.random()),
                    ("bad", random.random() + 0.3),
                    ("unseen", random.random()),
                ],
            )
            for query_id in TEXTS
        }
    return made


def titles(document_ids: Collection[str]) -> Mapping[str, str]:
    """Of all but one."""
    return {item: f"The {item} one" for item in document_ids if item != "bad"}


def report(names: Collection[str] = ("old", "new")) -> Any:
    """Its contents."""
    qrels, made = judged(), runs(names)
    told = Told(
        name="Forty queries",
        made_at="2026-11-26T12:00:00+00:00",
        texts=TEXTS,
        about={"old": {"configuration": "lexical"}},
        slices={"query length": by_length(TEXTS)},
        notes=("one note",),
        titles=titles,
    )
    return contents(compare(qrels, made, MEASURES), qrels, made, told)
