"""Paired randomisation: how often two runs would differ so much, had lots been drawn.

R. A. Fisher, "The Design of Experiments", 1935; M. Smucker, J. Allan, B. Carterette, "A Comparison
of Statistical Significance Tests for Information Retrieval Evaluation", CIKM 2007. If two runs are
equally good, each query's difference could as well have the other sign. So signs are turned in all
ways, or in many ways by lot, and counted is how often the sum is as far from 0 as it was seen. Such
a test supposes nothing about how differences are spread.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

DRAWN = 19_999
"""So many ways by lot. With the seen way they are 20,000: a p of 0.05 is then known to +- 0.003
(95 %), and the smallest is 0.00005."""

EXACT_UP_TO = 14
"""With so many differences other than 0 all ways are tried: 16,384, fewer than would be drawn."""

AT_ONCE = 4_000_000
"""So many signs are held together: 32 MB."""

ROUNDING = 1e-9
"""Sums that differ by less, of the sum of all magnitudes, are equal: order changes last digits."""

Floats = npt.NDArray[np.float64]


class PValue(NamedTuple):
    """The share of ways that go as far as what was seen, itself among them; 0 < p <= 1."""

    p: float
    is_exact: bool


def p_values(differences: Floats, *, seed: int) -> list[PValue]:
    """Two-sided, one for each column of (queries, comparisons).

    Columns share the ways drawn by lot, which leaves each its own p. Where no difference is other
    than 0, p is 1. By lot it is (b + 1) / (drawn + 1), never 0: B. Phipson, G. Smyth, "Permutation
    P-values should never be zero", 2010.
    """
    differing = np.count_nonzero(differences, axis=0)
    found = [
        PValue(_exact(column[column != 0]), is_exact=True) if count <= EXACT_UP_TO else None
        for column, count in zip(differences.T, differing, strict=True)
    ]
    by_lot = iter(_drawn(differences[:, differing > EXACT_UP_TO], seed))
    return [next(by_lot) if value is None else value for value in found]


def _exact(column: Floats) -> float:
    """The first sign may stay: ways come in pairs that mirror each other."""
    if not len(column):
        return 1.0
    ways = np.arange(2 ** (len(column) - 1))[:, None] >> np.arange(len(column) - 1) & 1
    sums = np.abs(column[0] + (1.0 - 2.0 * ways) @ column[1:])
    return float(np.mean(sums >= _seen(column[:, None])[0]))


def _drawn(differences: Floats, seed: int) -> list[PValue]:
    queries, columns = differences.shape
    if not columns:
        return []
    random = np.random.default_rng(seed)
    seen = _seen(differences)
    as_far = np.zeros(columns, dtype=np.int64)
    at_once = max(1, AT_ONCE // queries)
    for first in range(0, DRAWN, at_once):
        ways = min(at_once, DRAWN - first)
        packed = random.integers(0, 256, (ways, -(-queries // 8)), dtype=np.uint8)
        signs = np.unpackbits(packed, axis=1, count=queries).astype(np.float64)
        sums = 2.0 * (signs @ differences) - differences.sum(axis=0)
        as_far += np.count_nonzero(np.abs(sums) >= seen, axis=0)
    return [PValue(float(count + 1) / (DRAWN + 1), is_exact=False) for count in as_far]


def _seen(differences: Floats) -> Floats:
    """What a sum has to reach to be as far from 0 as the one that was seen."""
    reached: Floats = np.abs(differences.sum(axis=0)) - ROUNDING * np.abs(differences).sum(axis=0)
    return reached
