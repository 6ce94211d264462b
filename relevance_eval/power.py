"""What a query set can find at all: the smallest true difference, and how many queries it takes.

The sample size of a paired t test: J. Cohen, "Statistical Power Analysis for the Behavioral
Sciences", 1988; for query sets T. Sakai, "Topic set size design", Information Retrieval Journal,
2016. Over n queries the mean of differences with standard deviation s has a standard error of
s / sqrt(n). A true difference d is found with probability POWER at level alpha if

    d = (t(1 - alpha / 2) + t(POWER)) * s / sqrt(n)

with quantiles of Student's t of n - 1 degrees of freedom. Turning the signs of n differences, the
smallest p there is is 2 / 2^n: below ``fewest`` queries no difference is found, however large. For
means of this many queries the
randomisation test finds as much as the t test (``python -m benchmarks.statistics`` shows it).
"""

from bisect import bisect_left
from math import floor, log2, sqrt

LEVEL = 0.05
POWER = 0.80

MOST_QUERIES = 10_000_000
"""Beyond that a number of queries says no more than "never"."""


def fewest(level: float = LEVEL) -> int:
    """How many differences must have one sign for a p below ``level``: 6 at 5 %."""
    return floor(1.0 - log2(level)) + 1


def detectable(spread: float, queries: int, *, level: float = LEVEL) -> float | None:
    """The smallest true difference that is found at 80 % power; ``None`` of too few queries to find
    any, or where differences have no spread. ``level`` is two-sided; of m comparisons corrected
    together the first must pass 0.05 / m.
    """
    if queries < fewest(level) or spread <= 0:
        return None
    return _factor(queries, level) * spread / sqrt(queries)


def needed(difference: float, spread: float, *, level: float = LEVEL) -> int | None:
    """How many queries find a true ``difference`` at 80 % power; ``None`` where it is 0, has no
    spread, or would need more than ten million.
    """
    if difference == 0 or spread <= 0:
        return None

    def found_by(queries: int) -> bool:
        return _factor(queries, level) * spread / sqrt(queries) <= abs(difference)

    queries = bisect_left(range(MOST_QUERIES + 1), True, lo=fewest(level), key=found_by)
    return queries if queries <= MOST_QUERIES else None


def _factor(queries: int, level: float) -> float:
    from scipy.special import stdtrit

    freedom = queries - 1
    return float(stdtrit(freedom, 1.0 - level / 2.0) + stdtrit(freedom, POWER))
