"""Chooses a fusion and how words score, and says honestly what that is worth.

The best of many is flattered: it was chosen by the figure it is shown with. So queries are put into
folds; each fold is measured with what was best on the others, and all folds together are the
held-out figure (M. Stone, "Cross-Validatory Choice and Assessment of Statistical Predictions",
Journal of the Royal Statistical Society B, 1974). Both choices are made anew for each fold.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from relevance_eval.tuning.answers import VECTOR, Integers, LegTable, ndcg
from relevance_eval.tuning.choosing import Chooser, Folds, Scored, best_scoring, gained, surest
from relevance_eval.tuning.losses import doubts, leg_warnings
from relevance_eval.tuning.points import Fuser, Point
from tandem.intervals import Estimate, estimate
from tandem.normalisation import Floats
from tandem.scoring import LexicalScoring

Tables = Iterable[tuple[LexicalScoring, LegTable]]
"""What both legs said with words scored in each way: how they score now first."""

Progress = Callable[[int], None]
"""Told how many more points are measured."""


@dataclass(frozen=True, slots=True)
class Lift:
    """The held-out list against another one, over the same queries; ``difference`` is of the means,
    above 0 where the held-out list is better.
    """

    other: str
    mean: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was chosen over all queries, and its worth. ``shown`` is its mean over the queries that
    it was chosen by; ``held_out`` that of choices which had not seen the query. ``is_current``:
    what there is now stays. ``points`` and ``scorings`` are how many were tried.
    """

    point: Point
    shown: float
    held_out: Estimate
    lifts: Sequence[Lift]
    by_fold: Sequence[Point]
    queries: int
    points: int
    scorings: int
    is_current: bool
    warnings: Sequence[str] = field(default=())


class Pick(NamedTuple):
    """What some of the queries choose: the numbers of a point and of a scoring."""

    point: int
    scoring: int


def tune(
    tables: Tables,
    points: Sequence[Point],
    *,
    current: Point,
    folds: Folds | None = None,
    progress: Progress = lambda _: None,
) -> Tuned:
    """The best of ``points`` and ``current`` over all queries, then the best scoring for it; their
    held-out worth beside that of ``current``, of reciprocal rank fusion with k = 60, and of each
    leg alone. Tables are taken one after the other; only the first is kept.

    Raises:
        InputError: there are too few queries, or too many folds.
    """
    folds, rest = folds or Folds(), iter(tables)
    scoring, table = next(rest)
    rows, every = folds.of(len(table)), np.arange(len(table))
    others = (replace(point, scoring=scoring) for point in points)
    tried = [current, *(point for point in others if point != current)]
    choose = Chooser(tried, _measured(table, tried, progress))
    trainings = [every, *(np.setdiff1d(every, fold) for fold in rows)]
    chosen = [choose(training) for training in trainings]
    used = {number: tried[number] for number in sorted({*chosen})}
    scored = [Scored.of(*each, used) for each in chain([(scoring, table)], rest)]
    best, *by_fold = (
        Pick(point, surest(scored, point, training))
        for point, training in zip(chosen, trainings, strict=True)
    )
    held_out = _held_out(scored, by_fold, rows)
    now, legs = choose.measured[0], _legs(table, scored, best)
    lists = {f"now ({current})": now, "rrf, k = 60": _rrf(table, current.depth)}
    if any(pick.scoring for pick in (best, *by_fold)):
        fused = [pick._replace(scoring=0) for pick in by_fold]
        lists["the same fusion, words scored as now"] = _held_out(scored, fused, rows)
    lifts = [_lift(*each, held_out, folds.seed) for each in (lists | legs).items()]
    is_current = best == Pick(0, 0)
    return Tuned(
        point=replace(tried[best.point], scoring=scored[best.scoring].scoring),
        shown=float(scored[best.scoring].by_point[best.point].mean()),
        held_out=estimate(held_out, table.query_ids, seed=folds.seed),
        lifts=lifts,
        by_fold=[
            replace(tried[pick.point], scoring=scored[pick.scoring].scoring) for pick in by_fold
        ],
        queries=len(table),
        points=len(tried),
        scorings=len(scored),
        is_current=is_current,
        warnings=[
            *leg_warnings(now, held_out, legs, folds.seed),
            *(() if is_current else doubts(lifts[0].difference)),
            *_stays(choose, scored, best),
        ],
    )


def _measured(table: LegTable, points: Sequence[Point], progress: Progress) -> Floats:
    """Shape (points, queries)."""
    fuser, measured = Fuser(table), np.empty((len(points), len(table)))
    for number, point in enumerate(points):
        measured[number] = ndcg(table, fuser.values(point))
        progress(1)
    return measured


def _rrf(table: LegTable, depth: int) -> Floats:
    return ndcg(table, Fuser(table).values(Point(depth=depth)))


def _legs(table: LegTable, scored: Sequence[Scored], best: Pick) -> dict[str, Floats]:
    """Each leg's own list; that of the words as they are scored now, and as was chosen."""
    now, then = scored[0], scored[best.scoring]
    chosen = {f"the lexical leg alone, scored by {then.scoring}": then.alone}
    return (chosen if best.scoring else {}) | {
        "the lexical leg alone": now.alone,
        "the vector leg alone": ndcg(table, Fuser(table).leg(VECTOR)),
    }


def _held_out(
    scored: Sequence[Scored], by_fold: Sequence[Pick], rows: Sequence[Integers]
) -> Floats:
    """Of each query the mean over the drawings."""
    queries = len(scored[0].alone)
    values, times = np.zeros(queries), np.zeros(queries)
    for fold, pick in zip(rows, by_fold, strict=True):
        values[fold] += scored[pick.scoring].by_point[pick.point][fold]
        times[fold] += 1
    return values / times


def _lift(name: str, values: Floats, held_out: Floats, seed: int) -> Lift:
    difference = estimate(gained(held_out, values), range(len(values)), seed=seed)
    return Lift(name, float(values.mean()), difference)


def _stays(choose: Chooser, scored: Sequence[Scored], best: Pick) -> Iterator[str]:
    """What came nearest to what there is now, where that stays."""
    every = np.arange(choose.measured.shape[1])
    nearest = choose.nearest(every)
    told = "{} is surely better than what there is now, which stays; nearest to it came {}, "
    told += "{:+.4f} over the queries that it was chosen by"
    if best.point == 0 and nearest != 0:
        gain = choose.measured[nearest].mean() - choose.measured[0].mean()
        yield told.format("no other fusion", choose.points[nearest], gain)
    number = best_scoring(scored, best.point, every)
    if best.scoring == 0 and number != 0:
        now, then = scored[0].by_point[best.point], scored[number].by_point[best.point]
        gain = then.mean() - now.mean()
        yield told.format("no other way to score words", scored[number].scoring, gain)
