"""How far two raters agree beyond chance: Cohen's kappa, with an interval.

J. Cohen, "A coefficient of agreement for nominal scales", 1960, and "Weighted kappa", 1968:

    kappa = 1 - sum(w * observed) / sum(w * expected)

over the table of grades that both gave, ``expected`` being the product of its margins. ``w`` is how
much a disagreement weighs: 1 whatever it is (unweighted), the distance of both grades (linear), or
its square (quadratic). 1 is full agreement, 0 that of chance.

The interval is a percentile bootstrap over queries: documents of one query are judged in one mood.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from relevance_eval.judging.ratings import MAXIMUM_GRADE, Place
from tandem.intervals import LEVEL, RESAMPLES, Floats

Grades = Mapping[Place, int | None]
GRADE_COUNT = MAXIMUM_GRADE + 1
_DISTANCE = np.abs(np.subtract.outer(np.arange(GRADE_COUNT), np.arange(GRADE_COUNT))).astype(float)
WEIGHTS: Mapping[str, Floats] = {
    "unweighted": (_DISTANCE > 0).astype(float),
    "linear": _DISTANCE,
    "quadratic": _DISTANCE**2,
}
"""Name -> what a disagreement weighs, shape (grades, grades)."""


class Kappa(NamedTuple):
    """One kappa, and the interval that holds it at 95 %.

    ``value`` is ``None`` where chance alone would agree fully: both gave one and the same grade
    throughout. Both bounds are ``None`` too where there is one query only, or where that happens in
    more than one of twenty resamples: nothing honest can be said then.
    """

    value: float | None
    low: float | None
    high: float | None


class Agreement(NamedTuple):
    """Of two raters. ``pairs`` are the places that both have graded, in ``queries`` queries;
    ``same`` is the share of them with the same grade, ``None`` where there are none. ``table``
    counts them by the first one's grade, then by the other's.
    """

    first: str
    second: str
    queries: int
    pairs: int
    same: float | None
    kappas: Mapping[str, Kappa]
    table: Sequence[Sequence[int]]


def agreements(said: Mapping[str, Grades], *, seed: int = 0) -> list[Agreement]:
    """Of every two raters, by name. What either of them left unjudged does not count."""
    return [
        agreement(first, second, said[first], said[second], seed=seed)
        for first, second in combinations(sorted(said), 2)
    ]


def agreement(first: str, second: str, ones: Grades, others: Grades, *, seed: int = 0) -> Agreement:
    """How far two raters agree."""
    tables = _tables(ones, others)
    whole = tables.sum(axis=0)
    pairs = int(whole.sum())
    same = float(np.trace(whole)) / pairs if pairs else None
    resampled = _resampled(tables, seed) if len(tables) > 1 else None
    kappas = {name: _kappa(whole, resampled, weights) for name, weights in WEIGHTS.items()}
    table = [[int(count) for count in row] for row in whole]
    return Agreement(first, second, len(tables), pairs, same, kappas, table)


def _tables(ones: Grades, others: Grades) -> Floats:
    """A table a query, shape (queries, grades, grades)."""
    by_query: dict[str, Floats] = {}
    for place, grade in sorted(ones.items()):
        other = others.get(place)
        if grade is not None and other is not None:
            empty = np.zeros((GRADE_COUNT, GRADE_COUNT))
            by_query.setdefault(place.query_id, empty)[grade, other] += 1
    return np.array([*by_query.values()]).reshape(-1, GRADE_COUNT, GRADE_COUNT)


def _resampled(tables: Floats, seed: int) -> Floats:
    """The whole table of each resample of queries, shape (resamples, grades, grades)."""
    count = len(tables)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    flat = drawn.astype(float) @ tables.reshape(count, -1)
    return flat.reshape(-1, GRADE_COUNT, GRADE_COUNT)


def _kappa(whole: Floats, resampled: Floats | None, weights: Floats) -> Kappa:
    value = float(_kappas(whole[np.newaxis], weights)[0])
    if np.isnan(value):
        return Kappa(None, None, None)
    if resampled is None:
        return Kappa(value, None, None)
    values = _kappas(resampled, weights)
    known = values[~np.isnan(values)]
    tail = (1.0 - LEVEL) / 2.0
    if len(known) < LEVEL * len(values):
        return Kappa(value, None, None)
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Kappa(value, float(low), float(high))


def _kappas(tables: Floats, weights: Floats) -> Floats:
    """The kappa of each table; NaN where chance alone would agree fully."""
    totals = tables.sum(axis=(1, 2))
    margins = np.einsum("ti,tj->tij", tables.sum(axis=2), tables.sum(axis=1))
    observed = (tables * weights).sum(axis=(1, 2)) * totals
    expected = (margins * weights).sum(axis=(1, 2))
    result: Floats = np.full(len(tables), np.nan)
    np.divide(observed, expected, out=result, where=expected > 0)
    return 1.0 - result
