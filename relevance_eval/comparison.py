"""Compares runs over one judgment list: by how much, for which queries, and whether to believe it.

Statistics are paired: both runs answered the same queries, so what counts is each query's
difference. A comparison makes two families of tests. The first measure is the primary one, which
a decision rests on: its pairs are corrected by Holm among themselves. Further measures say the
same in other words; corrected together with the first they would only hide what it found. So they
are a family of their own, to understand a decision by, not to make it.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from relevance_eval.bootstrap import intervals
from relevance_eval.compact import documents_of
from relevance_eval.compared import Comparison, Difference, Family, Listed, Moved, RunSummary
from relevance_eval.formulas import formula
from relevance_eval.holm import holm
from relevance_eval.measures import DEFAULT_MEASURES, PerQuery, measure_queries
from relevance_eval.power import LEVEL, detectable, needed
from relevance_eval.randomisation import PValue, p_values
from relevance_eval.remarks import remarks
from relevance_eval.sentences import sentence
from tandem.errors import InputError
from tandem.intervals import Estimate
from tandem.judgments import Qrels, Run

TIE = 1e-9
"""Values of a query that differ by no more are equal."""

MOVED = 10
"""So many queries that moved most are named, and so many hits of their lists."""

Floats = npt.NDArray[np.float64]


class _Measured(NamedTuple):
    """One measure of one pair, before it is put into words."""

    first: str
    second: str
    measure: str
    means: tuple[float, float]
    estimate: Estimate
    p: PValue
    values: Floats
    """(2, queries)"""


def compare(
    qrels: Qrels,
    runs: Mapping[str, Run],
    measures: Sequence[str] = DEFAULT_MEASURES,
    *,
    seed: int = 0,
) -> Comparison:
    """Every pair of ``runs`` by every measure, over all queries that have a judgment.

    A judged query that a run lacks counts as found nothing. The first run is what the others are
    held against; one run alone is measured, with nothing to compare.

    Raises:
        InputError: a measure is unknown; there is no run, measure or judged query; or a run has
            queries, but none that is judged.
    """
    judged = {query: grades for query, grades in qrels.items() if _is_judged(grades)}
    _check(judged, runs, measures)
    formulas = {name: formula(name) for name in measures}
    values = {name: measure_queries(judged, run, measures) for name, run in runs.items()}
    measured, means = _measured(values, list(judged), seed)
    differences = _worded(measured, list(judged))
    summaries = tuple(_summary(name, run, judged, means[name]) for name, run in runs.items())
    return Comparison(
        formulas=formulas,
        queries=len(judged),
        runs=summaries,
        values=values,
        differences=differences,
        lists=_lists(judged, runs, differences),
        notes=remarks(summaries, len(judged), len(qrels) - len(judged)),
        seed=seed,
    )


def _is_judged(grades: Mapping[str, int | None]) -> bool:
    return any(grade is not None for grade in grades.values())


def _check(judged: Qrels, runs: Mapping[str, Run], measures: Sequence[str]) -> None:
    if not runs or not measures:
        raise InputError("nothing to compare, expected at least one run and one measure")
    if not judged:
        raise InputError(
            "no query has a judgment, so nothing can be measured",
            hint="give judgments with at least one grade",
        )
    for name, run in runs.items():
        if len(run) and not any(query in judged for query in run):
            raise InputError(
                f"run {name}: none of its {len(run):,} queries is judged, {next(iter(run))!r} "
                f"first; the judgments are of {len(judged):,}, {next(iter(judged))!r} first",
                hint="judgments and run have to name queries by the same ids",
            )


def _measured(
    values: Mapping[str, PerQuery], query_ids: Sequence[str], seed: int
) -> tuple[list[_Measured], dict[str, dict[str, Estimate]]]:
    """All pairs by all measures, and the mean of each run by each measure."""
    names, measures = list(values), list(next(iter(values.values())))
    table = np.array(
        [[[values[n][m][q] for q in query_ids] for n in names] for m in measures], dtype=np.float64
    )
    pairs = list(combinations(range(len(names)), 2))
    places = [(m, first, second) for m in range(len(measures)) for first, second in pairs]
    columns = [table[m, second] - table[m, first] for m, first, second in places]
    differences = np.array(columns).reshape(len(places), len(query_ids)).T
    differences[np.abs(differences) <= TIE] = 0.0
    flat = table.reshape(-1, len(query_ids)).T
    least = np.repeat([0.0, -1.0], [flat.shape[1], len(places)])
    estimates = intervals(np.hstack([flat, differences]), within=(least, 1.0), seed=seed)
    means = iter(estimates[: flat.shape[1]])
    by_run: dict[str, dict[str, Estimate]] = {name: {} for name in names}
    for measure in measures:
        for name in names:
            by_run[name][measure] = next(means)
    found = zip(places, estimates[flat.shape[1] :], p_values(differences, seed=seed), strict=True)
    return [
        _Measured(
            names[first],
            names[second],
            measures[m],
            (by_run[names[first]][measures[m]].mean, by_run[names[second]][measures[m]].mean),
            estimate,
            p,
            table[m, [first, second]],
        )
        for (m, first, second), estimate, p in found
    ], by_run


def _worded(measured: Sequence[_Measured], query_ids: Sequence[str]) -> tuple[Difference, ...]:
    primary = [one for one in measured if one.measure == measured[0].measure]
    others = measured[len(primary) :]
    families: tuple[tuple[Family, Sequence[_Measured]], ...] = (
        ("primary", primary),
        ("other", others),
    )
    return tuple(
        _difference(one, corrected, (family, len(members)), query_ids)
        for family, members in families
        for one, corrected in zip(members, holm([one.p.p for one in members]), strict=True)
    )


def _difference(
    one: _Measured, p_holm: float, family: tuple[Family, int], query_ids: Sequence[str]
) -> Difference:
    name, size = family
    changes = one.values[1] - one.values[0]
    changes[np.abs(changes) <= TIE] = 0.0
    wins, losses = int((changes > 0).sum()), int((changes < 0).sum())
    spread = float(changes.std(ddof=1)) if len(changes) > 1 else 0.0
    spread = spread if spread > TIE else 0.0
    level = LEVEL / size
    found = Difference(
        first=one.first,
        second=one.second,
        measure=one.measure,
        family=name,
        first_mean=one.means[0],
        second_mean=one.means[1],
        estimate=one.estimate,
        spread=spread,
        p=one.p.p,
        p_holm=p_holm,
        is_exact=one.p.is_exact,
        detectable=detectable(spread, len(changes), level=level),
        needed=needed(one.estimate.mean, spread, level=level),
        wins=wins,
        losses=losses,
        ties=len(changes) - wins - losses,
        moved=_moved(one.values, changes, query_ids),
        is_believed=p_holm < LEVEL,
        sentence="",
    )
    return sentence(found, size)


def _moved(values: Floats, changes: Floats, query_ids: Sequence[str]) -> tuple[Moved, ...]:
    order = np.argsort(-np.abs(changes), kind="stable")[:MOVED]
    return tuple(
        Moved(query_ids[row], float(values[0, row]), float(values[1, row]))
        for row in order
        if changes[row]
    )


def _summary(name: str, run: Run, judged: Qrels, means: Mapping[str, Estimate]) -> RunSummary:
    return RunSummary(
        name,
        means,
        missing=tuple(query for query in judged if query not in run),
        empty=tuple(q for q in judged if q in run and not documents_of(run, q)),
        unjudged=tuple(query for query in run if query not in judged),
    )


def _lists(
    qrels: Qrels, runs: Mapping[str, Run], differences: Sequence[Difference]
) -> dict[str, dict[str, tuple[Listed, ...]]]:
    shown = dict.fromkeys(moved.query_id for found in differences for moved in found.moved)
    return {
        query: {
            name: tuple(
                Listed(document, qrels[query].get(document))
                for document in documents_of(run, query)[:MOVED]
            )
            for name, run in runs.items()
        }
        for query in shown
    }
