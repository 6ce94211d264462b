"""How good a run is, by ir_measures; ``formulas`` says which measures there are.

Queries go through a few at a time, so that a run that is read as it is looked at takes no memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from statistics import fmean
from typing import Any

from relevance_eval.compact import documents_of
from relevance_eval.formulas import EXPONENTIAL, LARGEST_GRADE, parse
from tandem.errors import InputError
from tandem.judgments import Qrels, Run

BRIEF_MEASURES = ("nDCG@10", "R@100")

DEFAULT_MEASURES = (
    "nDCG@10",
    "nDCG(dcg='exp-log2')@10",
    "AP@100",
    "RR@10",
    "P@10",
    "Success@10",
    "R@100",
    "Judged@10",
)
"""What an evaluation computes unless told otherwise; decisions rest on the first."""

PerQuery = Mapping[str, Mapping[str, float]]
"""measure -> query_id -> value."""

AT_ONCE = 256
"""So many queries are handed to ir_measures together: each call costs, and lists take memory."""


def measure_queries(qrels: Qrels, run: Run, measures: Sequence[str] = BRIEF_MEASURES) -> PerQuery:
    """Each measure for every judged query; one that the run does not have counts as found nothing.

    An unjudged document (grade ``None``) is left out of the qrels, as if nobody had listed it.

    Raises:
        InputError: a measure is unknown or asked for twice, or a grade too large for its gain.
    """
    parsed = _parsed(measures)
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(qrels, 0.0) for name in measures}
    query_ids = iter(qrels)
    while part := list(islice(query_ids, AT_ONCE)):
        judged = {query_id: _judged(qrels[query_id]) for query_id in part}
        found = {query_id: documents_of(run, query_id) for query_id in part}
        for metric, name in _computed(parsed, judged, found):
            values[name][metric.query_id] = float(metric.value)
    return values


def measure(qrels: Qrels, run: Run, measures: Sequence[str] = BRIEF_MEASURES) -> dict[str, float]:
    """The mean of each measure over all judged queries."""
    return {
        name: fmean(values.values()) if values else 0.0
        for name, values in measure_queries(qrels, run, measures).items()
    }


def _parsed(measures: Sequence[str]) -> dict[Any, str]:
    parsed: dict[Any, str] = {}
    for name in measures:
        measure = parse(name)
        if measure in parsed:
            raise InputError(f"measure {name!r} is asked for twice", hint="name each once")
        parsed[measure] = name
    return parsed


def _judged(grades: Mapping[str, int | None]) -> dict[str, int]:
    return {document_id: grade for document_id, grade in grades.items() if grade is not None}


def _computed(
    parsed: Mapping[Any, str],
    judged: Mapping[str, dict[str, int]],
    found: Mapping[str, Sequence[str]],
) -> Iterator[tuple[Any, str]]:
    """Each value of ir_measures, with the name that its measure was asked for by."""
    import ir_measures

    for names, grades in _calls(parsed, judged):
        cutoffs = [measure.params.get("cutoff") for measure in names]
        depth = None if None in cutoffs else max(cutoffs)
        # Ranks, not scores: an evaluation tool would order equal scores in its own way.
        scored = {
            query_id: dict(zip(ids, map(float, range(len(ids), 0, -1)), strict=True))
            for query_id, documents in found.items()
            if (ids := documents[:depth])
        }
        for metric in ir_measures.iter_calc(list(names), grades, scored):
            yield metric, names[metric.measure]


def _calls(
    parsed: Mapping[Any, str], judged: Mapping[str, dict[str, int]]
) -> Iterator[tuple[dict[Any, str], Mapping[str, dict[str, int]]]]:
    """The measures of one call, by the name asked for, and the grades that it takes.

    What trec_eval lacks is apart, as ir_measures sorts lists in Python for it, best as short as the
    cutoffs allow. So is exponential gain: for that ir_measures needs a program of its own (gdeval),
    which rounds to five digits; linear gain of 2^grade - 1 is the same and exact.
    """
    from ir_measures import nDCG

    linear = {m: name for m, name in parsed.items() if not _is_exponential(m)}
    of_trec = {m: name for m, name in linear.items() if not _is_beyond_trec_eval(m)}
    others = {m: name for m, name in linear.items() if _is_beyond_trec_eval(m)}
    for names in (of_trec, others):
        if names:
            yield names, judged
    powers = {
        nDCG @ m.params["cutoff"] if "cutoff" in m.params else nDCG: name
        for m, name in parsed.items()
        if _is_exponential(m)
    }
    if powers:
        yield powers, {query_id: _powers(query_id, of) for query_id, of in judged.items()}


def _is_exponential(measure: Any) -> bool:
    return bool(measure.params.get("dcg") == EXPONENTIAL)


def _is_beyond_trec_eval(measure: Any) -> bool:
    return measure.NAME == "Judged" or (measure.NAME == "RR" and "cutoff" in measure.params)


def _powers(query_id: str, grades: Mapping[str, int]) -> dict[str, int]:
    largest = max(grades.values(), default=0)
    if largest > LARGEST_GRADE:
        raise InputError(
            f"query {query_id!r}: grade {largest} is too large for a gain of 2^grade - 1, expected "
            f"at most {LARGEST_GRADE}",
            hint="name measures without dcg='exp-log2', such as nDCG@10, whose gain is the grade",
        )
    return {document_id: 2 ** max(grade, 0) - 1 for document_id, grade in grades.items()}
