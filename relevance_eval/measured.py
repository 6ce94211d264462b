"""What a run amounts to: its measures, what its stages hold, and how far it could get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from relevance_eval.measures import measure
from relevance_eval.oracle import best_order
from relevance_eval.running import CANDIDATES
from tandem.judgments import Qrels, Run


@dataclass(frozen=True, slots=True)
class Measured:
    """``measures`` maps a measure to its mean. ``recalls`` maps each stage to the share of relevant
    documents in its whole list, and ``oracle`` is ``measures`` of the candidates' best order;
    both are empty where the run says nothing of its stages.
    """

    measures: Mapping[str, float]
    recalls: Mapping[str, float]
    oracle: Mapping[str, float]


def measured(
    qrels: Qrels, run: Run, lists: Mapping[str, Run], measures: Sequence[str], reach: int
) -> Measured:
    """A run's means. ``reach`` is how many documents the ``lists`` of its stages hold a query.

    Raises:
        InputError: a measure is unknown or asked for twice.
    """
    recall = f"R@{reach}"
    candidates = lists.get(CANDIDATES)
    return Measured(
        measure(qrels, run, measures),
        {stage: measure(qrels, held, [recall])[recall] for stage, held in lists.items()},
        {} if candidates is None else measure(qrels, best_order(qrels, candidates), measures),
    )
