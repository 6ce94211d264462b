"""How good a run is, by ir_measures. A measure is named with its variant: ``nDCG@10`` has linear
gain (the grade itself) and a logarithmic discount.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean

from tandem.judgments import Qrels, Run

DEFAULT_MEASURES = ("nDCG@10", "R@100")
PerQuery = Mapping[str, Mapping[str, float]]
"""measure -> query_id -> value."""


def measure_queries(qrels: Qrels, run: Run, measures: Sequence[str] = DEFAULT_MEASURES) -> PerQuery:
    """Each measure for every judged query; one that the run does not have counts as found nothing.

    An unjudged document (grade ``None``) is left out of the qrels, as if nobody had listed it.
    """
    import ir_measures

    parsed = {ir_measures.parse_measure(name): name for name in measures}
    judged = {
        query_id: {document_id: grade for document_id, grade in grades.items() if grade is not None}
        for query_id, grades in qrels.items()
    }
    # Ranks, not scores: an evaluation tool would order equal scores in its own way.
    scored = {
        query_id: {hit.document_id: -float(hit.rank) for hit in ranking.hits}
        for query_id, ranking in run.items()
    }
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(judged, 0.0) for name in measures}
    for metric in ir_measures.iter_calc(list(parsed), judged, scored):
        values[parsed[metric.measure]][metric.query_id] = metric.value
    return values


def measure(qrels: Qrels, run: Run, measures: Sequence[str] = DEFAULT_MEASURES) -> dict[str, float]:
    """The mean of each measure over all judged queries."""
    return {
        name: fmean(values.values()) if values else 0.0
        for name, values in measure_queries(qrels, run, measures).items()
    }
