"""Chooses a fusion, and says honestly what it is worth.

The best of many is flattered: it was chosen by the figure it is shown with. So queries are put into
folds; each fold is measured with the point that was best on the others, and all folds together are
the held-out figure (M. Stone, "Cross-Validatory Choice and Assessment of Statistical Predictions",
Journal of the Royal Statistical Society B, 1974).

Nor is the best of a thousand points the one with the highest mean, which a few queries made: a
point is judged together with its neighbours. On SciFact's train queries, a choice by 250 of them
gains a fifth more on the others so, and from fold to fold it stays the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from relevance_eval.tuning.answers import LEGS, Integers, LegTable, ndcg
from relevance_eval.tuning.points import Fuser, Point, neighbours
from tandem.errors import InputError
from tandem.intervals import Estimate, estimate
from tandem.normalisation import Floats

MEASURE = "nDCG@10"
FEWEST_QUERIES = 20
"""With fewer, a choice among hundreds of points is luck."""

SURE = 2.0
"""Standard errors."""

ROUNDING = 1e-12
"""Means that differ by less are equal: they were summed in another order."""

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
    what there is now stays.
    """

    point: Point
    shown: float
    held_out: Estimate
    lifts: Sequence[Lift]
    by_fold: Sequence[Point]
    queries: int
    points: int
    is_current: bool
    warnings: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Folds:
    """How queries are put into folds, ``repeats`` times: one drawing of folds is luck, too."""

    count: int = 10
    seed: int = 0
    repeats: int = 20

    def of(self, queries: int) -> Sequence[Integers]:
        """The rows of each fold of every drawing; each drawing holds all rows once.

        Raises:
            InputError: there are too few queries, or too many folds.
        """
        if queries < FEWEST_QUERIES:
            raise InputError(
                f"{queries} judged queries, expected {FEWEST_QUERIES} or more to tune by",
                hint="judge more queries: what is chosen by a few is chosen by luck",
            )
        if not 2 <= self.count <= queries:
            raise InputError(f"{self.count} folds, expected 2 to {queries}, one a query at most")
        random = np.random.default_rng(self.seed)
        return [
            fold
            for _ in range(self.repeats)
            for fold in np.array_split(random.permutation(queries), self.count)
        ]


def tune(
    table: LegTable,
    points: Sequence[Point],
    *,
    current: Point,
    folds: Folds | None = None,
    progress: Progress = lambda _: None,
) -> Tuned:
    """The best of ``points`` and ``current`` over all queries, its held-out worth beside that of
    ``current``, of reciprocal rank fusion with k = 60, and of each leg alone.

    Raises:
        InputError: there are too few queries, or too many folds.
    """
    folds = folds or Folds()
    rows = folds.of(len(table))
    fuser = Fuser(table)
    tried = [current, *(point for point in points if point != current)]
    measured = np.empty((len(tried), len(table)))
    for number, point in enumerate(tried):
        measured[number] = ndcg(table, fuser.values(point))
        progress(1)
    choose = Chooser(tried, measured)
    held_out, by_fold = _held_out(choose, rows)
    every = np.arange(len(table))
    best, nearest = choose(every), choose.nearest(every)
    others = {
        f"now ({current})": measured[0],
        "rrf, k = 60": ndcg(table, fuser.values(Point(depth=current.depth))),
    } | {f"the {name} leg alone": ndcg(table, fuser.leg(place)) for place, name in enumerate(LEGS)}
    lifts = [_lift(name, values, held_out, folds.seed) for name, values in others.items()]
    warnings = list(_warnings(lifts, float(held_out.mean())))
    if best == 0 and nearest != 0:
        gain = measured[nearest].mean() - measured[0].mean()
        warnings.append(
            "nothing is surely better than what there is now, which stays; nearest to it came "
            f"{tried[nearest]}, {gain:+.4f} over the queries that it was chosen by"
        )
    return Tuned(
        point=tried[best],
        shown=float(measured[best].mean()),
        held_out=estimate(held_out, table.query_ids, seed=folds.seed),
        lifts=lifts,
        by_fold=[tried[chosen] for chosen in by_fold],
        queries=len(table),
        points=len(tried),
        is_current=best == 0,
        warnings=warnings,
    )


class Chooser:
    """Chooses a point by some of the queries: first the fusion, whatever the depth, then its depth.
    The first point, which is what there is now, stays unless the other one gains more than twice
    the standard error of the difference: a change must be surely worth one.
    """

    def __init__(self, points: Sequence[Point], measured: Floats) -> None:
        """``measured``: shape (points, queries)."""
        near, same_depth = neighbours(points)
        self._any_depth = near / near.sum(axis=1, keepdims=True)
        self._own_depth = same_depth / same_depth.sum(axis=1, keepdims=True)
        self.measured = measured

    def __call__(self, queries: Integers) -> int:
        """The number of the point."""
        best = self.nearest(queries)
        gain = self.measured[best, queries] - self.measured[0, queries]
        return best if gain.mean() > SURE * gain.std() / np.sqrt(len(queries)) else 0

    def nearest(self, queries: Integers) -> int:
        """The point that is best together with its neighbours, sure or not; of equal ones the
        first.
        """
        means = self.measured[:, queries].mean(axis=1)
        broad = self._any_depth @ means
        is_best = broad >= broad.max() - ROUNDING
        own = np.where(is_best, self._own_depth @ means, -np.inf)
        return int((own >= own.max() - ROUNDING).argmax())


def _held_out(choose: Chooser, rows: Sequence[Integers]) -> tuple[Floats, Sequence[int]]:
    """Of each query the mean over the drawings, and what each fold was measured with."""
    queries = choose.measured.shape[1]
    values, times, chosen = np.zeros(queries), np.zeros(queries), []
    for fold in rows:
        best = choose(np.setdiff1d(np.arange(queries), fold))
        values[fold] += choose.measured[best, fold]
        times[fold] += 1
        chosen.append(best)
    return values / times, chosen


def _lift(name: str, values: Floats, held_out: Floats, seed: int) -> Lift:
    difference = estimate(held_out - values, range(len(values)), seed=seed)
    return Lift(name, float(values.mean()), difference)


def _warnings(lifts: Sequence[Lift], held_out: float) -> Iterator[str]:
    """What a reader must not miss: a leg that is better alone."""
    now, *_ = lifts
    for lift in lifts[-len(LEGS) :]:
        if lift.mean > now.mean:
            yield (
                f"hybrid loses to one leg: {lift.other} has {MEASURE} {lift.mean:.4f}, "
                f"hybrid as it is now {now.mean:.4f}"
            )
        if lift.difference.low <= 0.0:
            yield (
                f"no hybrid is surely better than one leg: {lift.other} has {MEASURE} "
                f"{lift.mean:.4f}, the tuned hybrid {held_out:.4f} held out"
            )
