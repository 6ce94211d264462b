"""What a report says, as data: the JSON twin itself, from which the other two are drawn."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relevance_eval.bootstrap import intervals
from relevance_eval.compact import documents_of
from relevance_eval.compared import Comparison, Difference
from relevance_eval.measures import measure_queries
from relevance_eval.slices import Slices
from tandem.intervals import Estimate
from tandem.judgments import Qrels, Run

FORMAT = 1
LISTED = 10
"""So many hits of a run are shown of a query."""

MOST_LISTS = 2_000
"""Above so many queries only those that moved most show their lists: the file must open."""

RECALLS = tuple(step / 10 for step in range(11))
RANKS = tuple(range(1, 21))

Titles = Callable[[Collection[str]], Mapping[str, str]]
"""The titles of documents by id; one that is not known is left out."""


def no_titles(_document_ids: Collection[str]) -> Mapping[str, str]:
    """Documents are shown by their ids."""
    return {}


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says beside the figures.

    ``about`` maps a run to what is needed to repeat it. ``texts`` are the queries'; one without is
    shown by its id. ``notes`` are faults of the judgments and runs, one sentence each.
    """

    name: str
    made_at: str
    texts: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    slices: Slices = field(default_factory=dict)
    notes: Sequence[str] = ()
    titles: Titles = no_titles


def contents(comparison: Comparison, qrels: Qrels, runs: Mapping[str, Run], told: Told) -> Any:
    """The report of a comparison and of what was compared; queries without a judgment are left out,
    as they are of the comparison.
    """
    query_ids = comparison.query_ids
    qrels = {query_id: qrels[query_id] for query_id in query_ids}
    lists = _lists(comparison, qrels, runs, query_ids)
    shown = {hit for of_query in lists.values() for hits in of_query.values() for hit, _ in hits}
    return {
        "tandem_report": FORMAT,
        "name": told.name,
        "made_at": told.made_at,
        "queries_judged": comparison.queries,
        "primary": comparison.primary,
        "formulas": dict(comparison.formulas),
        "seed": comparison.seed,
        "notes": [*told.notes, *comparison.notes],
        "runs": [
            {
                "name": run.name,
                "about": dict(told.about.get(run.name, {})),
                "means": {name: list(value) for name, value in run.means.items()},
                "missing": len(run.missing),
                "empty": len(run.empty),
                "unjudged": len(run.unjudged),
            }
            for run in comparison.runs
        ],
        "differences": [_difference(found) for found in comparison.differences],
        "slices": _slices(comparison, told.slices, query_ids),
        "curves": {name: _curves(qrels, run) for name, run in runs.items()},
        "queries": [
            {
                "id": query_id,
                "text": told.texts.get(query_id, ""),
                "slices": {name: parts.get(query_id, "") for name, parts in told.slices.items()},
                "values": {
                    name: [comparison.values[name][measure][query_id] for measure in values]
                    for name, values in comparison.values.items()
                },
                "lists": lists.get(query_id, {}),
            }
            for query_id in query_ids
        ],
        "titles": dict(told.titles(sorted(shown))),
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "first": found.first,
        "second": found.second,
        "measure": found.measure,
        "family": found.family,
        "means": [found.first_mean, found.second_mean],
        "difference": list(found.estimate),
        "p": found.p,
        "p_holm": found.p_holm,
        "detectable": found.detectable,
        "needed": found.needed,
        "wins": found.wins,
        "losses": found.losses,
        "ties": found.ties,
        "moved": [moved.query_id for moved in found.moved],
        "is_believed": found.is_believed,
        "sentence": found.sentence,
    }


def _lists(
    comparison: Comparison, qrels: Qrels, runs: Mapping[str, Run], query_ids: Sequence[str]
) -> dict[str, dict[str, list[tuple[str, int | None]]]]:
    """query_id -> run -> its best hits with their grades, ``None`` for unjudged."""
    if len(query_ids) > MOST_LISTS:
        query_ids = [query_id for query_id in query_ids if query_id in comparison.lists]
    return {
        query_id: {
            name: [
                (document_id, qrels[query_id].get(document_id))
                for document_id in documents_of(run, query_id)[:LISTED]
            ]
            for name, run in runs.items()
        }
        for query_id in query_ids
    }


def _curves(qrels: Qrels, run: Run) -> dict[str, list[list[float]]]:
    """Points (x, mean): precision at eleven steps of recall, interpolated, and nDCG down to 20."""
    precision = {f"IPrec@{recall}": recall for recall in RECALLS}
    gain = {f"nDCG@{rank}": float(rank) for rank in RANKS}
    values = measure_queries(qrels, run, [*precision, *gain])

    def points(named: Mapping[str, float]) -> list[list[float]]:
        return [[at, float(np.mean(list(values[name].values())))] for name, at in named.items()]

    return {"precision": points(precision), "nDCG": points(gain)}


def _slices(
    comparison: Comparison, slices: Slices, query_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """The primary measure of each part; the difference is from the first run, with its interval."""
    rows = []
    values = {name: found[comparison.primary] for name, found in comparison.values.items()}
    first = next(iter(values.values()), {})
    for name, parts in slices.items():
        for part in dict.fromkeys(sorted(parts.values(), key=_natural)):
            members = [query_id for query_id in query_ids if parts.get(query_id) == part]
            if not members:
                continue
            rows.append(
                {
                    "slice": name,
                    "part": part,
                    "queries": len(members),
                    "means": {
                        run: float(np.mean([found[query_id] for query_id in members]))
                        for run, found in values.items()
                    },
                    "differences": {
                        run: list(_paired(first, found, members, comparison.seed))
                        for run, found in list(values.items())[1:]
                    },
                }
            )
    return rows


def _paired(
    first: Mapping[str, float], second: Mapping[str, float], members: Sequence[str], seed: int
) -> Estimate:
    changes = [[second[query_id] - first[query_id]] for query_id in members]
    [found] = intervals(np.array(changes, dtype=np.float64), within=(-1.0, 1.0), seed=seed)
    return found


def _natural(part: str) -> tuple[int, str]:
    """Parts that begin with a number stand in the order of the numbers."""
    head = part.split(" ", 1)[0]
    return (int(head) if head.isdigit() else 0, part)
