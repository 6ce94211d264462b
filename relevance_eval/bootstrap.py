"""How sure a mean over queries is: bootstrap intervals that hold for few queries, too.

Drawing n queries anew from n, again and again, spreads the mean as the luck of the query set does
(B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993). The plain percentiles of that
are too narrow for few queries: they are taken farther out by as much as Student's t is wider than
the normal distribution (T. Hesterberg, "What Teachers Should Know About the Bootstrap", 2015), and
where most differences are 0, so that many draws hold none of the others, a bound is at least as far
out as Student's t has it. Of BCa, studentised and plain percentiles none covered as well for
differences of nDCG among which many are 0 (decision 0023; ``python -m benchmarks.statistics``).
"""

from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from tandem.intervals import LEVEL, Estimate

RESAMPLES = 5_000

AT_ONCE = 4_000_000
"""So many drawn queries are held together: 64 MB."""

Floats = npt.NDArray[np.float64]


def intervals(
    values: Floats, *, seed: int, within: tuple[Floats | float, float] = (-inf, inf)
) -> list[Estimate]:
    """Mean and 95 % interval of each column of (queries, columns), at least one query.

    Columns are drawn together. ``within`` is what a mean can be at all, of each column
    or of all. One query has no interval: both bounds are its value.
    """
    from scipy.special import ndtr, stdtrit

    queries = len(values)
    means = values.mean(axis=0)
    if queries < 2:
        return [Estimate(float(mean), float(mean), float(mean)) for mean in means]
    quantile = stdtrit(queries - 1, (1.0 + LEVEL) / 2.0)
    tail = ndtr(-sqrt(queries / (queries - 1)) * quantile)
    low, high = means + np.quantile(_deviations(values - means, seed), [tail, 1.0 - tail], axis=0)
    reach = quantile * values.std(axis=0, ddof=1) / sqrt(queries)
    lows = np.maximum(np.minimum(low, means - reach), within[0])
    highs = np.minimum(np.maximum(high, means + reach), within[1])
    return [Estimate(*map(float, bounds)) for bounds in zip(means, lows, highs, strict=True)]


def _deviations(centred: Floats, seed: int) -> Floats:
    """(RESAMPLES, columns): how far the mean of each draw is from the mean of all."""
    random = np.random.default_rng(seed)
    queries = len(centred)
    at_once = max(1, AT_ONCE // queries)
    found = []
    for first in range(0, RESAMPLES, at_once):
        draws = min(at_once, RESAMPLES - first)
        drawn = random.integers(0, queries, (draws, queries))
        drawn += np.arange(draws)[:, None] * queries
        times = np.bincount(drawn.ravel(), minlength=draws * queries).reshape(draws, queries)
        found.append(times.astype(np.float64) @ centred / queries)
    return np.concatenate(found)
