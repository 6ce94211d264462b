"""Completion: a candidate that only one leg returned gets its exact score from the other one too.

The engine computes it for those documents; no vector is fetched.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from query.legs import Question
from query.retrieval import Deadline, LegPools
from tandem.fusion import missing_scores, with_completed_scores
from tandem.rankings import Degradation, Part, Ranking

STAGE: Final = "completion"


def complete(
    candidates: Ranking, questions: Mapping[Part, Question], pools: LegPools, deadline: Deadline
) -> tuple[Ranking, tuple[Degradation, ...]]:
    """The candidates with every leg's score, where it came in time.

    What is late here is not held against the leg: it answered this query already, and how much time
    that left is the query's matter.
    """
    calls: dict[Part, Callable[[], Mapping[str, float]]] = {}
    for leg, question in questions.items():
        document_ids = missing_scores(candidates, leg)
        if document_ids:
            calls[leg] = partial(question.score, document_ids, deadline.remaining_seconds())
    answers = pools.ask(calls, deadline, is_counted=False)
    reasons = dict.fromkeys(late.reason for late in answers.degraded)
    completed = with_completed_scores(candidates, answers.by_leg)
    return completed, tuple(Degradation(STAGE, reason) for reason in reasons)
