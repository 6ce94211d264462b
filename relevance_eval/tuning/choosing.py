"""Chooses by some of the queries: a fusion first, then how words score that are fused so.

The best of a thousand points is not the one with the highest mean, which a few queries made: a
point is judged together with its neighbours. On SciFact's train queries, a choice by 250 of them
gains a fifth more on the others so, and from fold to fold it stays the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from relevance_eval.tuning.answers import LEXICAL, Integers, LegTable, ndcg
from relevance_eval.tuning.points import Fuser, Point, neighbours
from tandem.errors import InputError
from tandem.normalisation import Floats
from tandem.scoring import LexicalScoring

FEWEST_QUERIES = 20
"""With fewer, a choice among hundreds of points is luck."""

SURE = 2.0
"""Standard errors."""

ROUNDING = 1e-12
"""Means that differ by less are equal: they were summed in another order, or more often."""


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


class Chooser:
    """Chooses a point by some of the queries: first the fusion, whatever the depth, then its depth.
    The first point, which is what there is now, stays unless the other one is surely better.
    """

    def __init__(self, points: Sequence[Point], measured: Floats) -> None:
        """``measured``: shape (points, queries)."""
        near, same_depth = neighbours(points)
        self._any_depth = near / near.sum(axis=1, keepdims=True)
        self._own_depth = same_depth / same_depth.sum(axis=1, keepdims=True)
        self.points = points
        self.measured = measured

    def __call__(self, queries: Integers) -> int:
        """The number of the point."""
        best = self.nearest(queries)
        gains = self.measured[best, queries] - self.measured[0, queries]
        return best if is_sure(gains) else 0

    def nearest(self, queries: Integers) -> int:
        """The point that is best together with its neighbours, sure or not; of equal ones the
        first.
        """
        means = self.measured[:, queries].mean(axis=1)
        broad = self._any_depth @ means
        is_best = broad >= broad.max() - ROUNDING
        own = np.where(is_best, self._own_depth @ means, -np.inf)
        return int((own >= own.max() - ROUNDING).argmax())


@dataclass(frozen=True, slots=True)
class Scored:
    """One way to score words: what some points reach over its table, by their numbers, and what the
    lexical leg reaches alone; each of shape (queries,).
    """

    scoring: LexicalScoring
    by_point: Mapping[int, Floats]
    alone: Floats

    @classmethod
    def of(cls, scoring: LexicalScoring, table: LegTable, points: Mapping[int, Point]) -> "Scored":
        """Measured over that scoring's table."""
        fuser = Fuser(table)
        by_point = {number: ndcg(table, fuser.values(point)) for number, point in points.items()}
        return cls(scoring, by_point, ndcg(table, fuser.leg(LEXICAL)))


def surest(scored: Sequence[Scored], point: int, queries: Integers) -> int:
    """The number of the scoring that is best for a point. The first, which is what there is now,
    stays unless the other one is surely better.
    """
    best = best_scoring(scored, point, queries)
    now, other = (scored[number].by_point[point][queries] for number in (0, best))
    return best if is_sure(other - now) else 0


def best_scoring(scored: Sequence[Scored], point: int, queries: Integers) -> int:
    """The one with the highest mean, sure or not; of equal ones the first."""
    means = np.array([each.by_point[point][queries].mean() for each in scored])
    return int((means >= means.max() - ROUNDING).argmax())


def gained(values: Floats, others: Floats) -> Floats:
    """How much more each query has; nothing where it is but a rounding."""
    more = values - others
    return np.where(np.abs(more) < ROUNDING, 0.0, more)


def is_sure(gains: Floats) -> bool:
    """Whether the mean gain is above twice its standard error: a change must be surely worth one.
    ``gains``: one a query.
    """
    return bool(gains.mean() > SURE * gains.std() / np.sqrt(len(gains)))
