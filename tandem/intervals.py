"""How sure a mean is: percentile bootstrap over clusters, such as people with several queries each.

B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13. What belongs
to one cluster is drawn together: values of one person resemble each other, and an interval that
took them for independent would be too narrow.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
LEVEL = 0.95

DRAWN_AT_ONCE = 500_000
"""So many clusters are drawn together: 12 MB."""

Floats = npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """A mean and the interval that holds it at 95 %; ``low`` and ``high`` are NaN-free bounds, both
    the mean itself where there is one cluster only.
    """

    mean: float
    low: float
    high: float


def estimate(
    values: Floats,
    clusters: Sequence[Hashable],
    *,
    weights: Floats | None = None,
    seed: int = 0,
) -> Estimate:
    """The mean of ``values``, each of the cluster at its place and of the weight there, or of 1.

    Of a paired difference, give the differences. A cluster weighs as much as its values together;
    that sum is drawn anew with it, as the mean is a ratio of two sums.

    Raises:
        ValueError: there are none, one is not finite, a weight is not above 0, or the lengths
            differ.
    """
    weights = np.ones(len(values)) if weights is None else weights
    if not len(values) or len(values) != len(clusters) or not np.isfinite(values).all():
        raise ValueError(
            f"{len(values)} values in {len(clusters)} places, expected finite ones, as many as "
            "places and at least one"
        )
    if len(weights) != len(values) or not (weights > 0).all() or not np.isfinite(weights).all():
        raise ValueError(f"expected {len(values)} weights, finite and above 0")
    places: dict[Hashable, int] = {}
    rows = np.array([places.setdefault(cluster, len(places)) for cluster in clusters])
    sums = np.bincount(rows, weights=values * weights).astype(np.float64)
    counts = np.bincount(rows, weights=weights).astype(np.float64)
    means = _resampled(sums, counts, seed)
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Estimate(float(sums.sum() / counts.sum()), float(low), float(high))


def _resampled(sums: Floats, counts: Floats, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    at_once = max(1, DRAWN_AT_ONCE // len(sums))
    means = []
    for first in range(0, RESAMPLES, at_once):
        shape = (min(at_once, RESAMPLES - first), len(sums))
        drawn = random.integers(0, len(sums), shape)
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return np.concatenate(means)
