"""What a query set can find, against the tables of t and the noncentral t distribution."""

from math import sqrt

import pytest
from scipy.stats import nct, t

from relevance_eval.power import detectable, fewest, needed


def power_of(effect: float, spread: float, queries: int, level: float = 0.05) -> float:
    """The exact power of a two-sided paired t test."""
    shift = effect / spread * sqrt(queries)
    bound = t.ppf(1 - level / 2, queries - 1)
    return float(nct.sf(bound, queries - 1, shift) + nct.cdf(-bound, queries - 1, shift))


def test_by_hand() -> None:
    """100 queries: (1.9842 + 0.8453) x 0.2 / 10."""
    assert detectable(0.2, 100) == pytest.approx(0.05659, abs=1e-5)


@pytest.mark.parametrize("queries", [10, 30, 300, 10_000])
@pytest.mark.parametrize("level", [0.05, 0.05 / 3])
def test_what_is_detectable_is_found_at_the_stated_power(queries: int, level: float) -> None:
    """Of exact power, within what quantiles of t approximate for few queries."""
    effect = detectable(0.25, queries, level=level)
    assert effect is not None
    assert power_of(effect, 0.25, queries, level) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("ratio", [0.5, 1, 3, 20, 400])
@pytest.mark.parametrize("level", [0.05, 0.001])
def test_so_many_queries_are_needed_and_no_fewer(ratio: float, level: float) -> None:
    """The number is where what is detectable falls below the difference."""
    queries = needed(-0.01, 0.01 * ratio, level=level)
    assert queries is not None
    reached = detectable(0.01 * ratio, queries, level=level)
    before = detectable(0.01 * ratio, queries - 1, level=level)
    assert reached is not None
    assert reached <= 0.01
    assert before is None or before > 0.01


@pytest.mark.parametrize("level", [0.05, 0.05 / 3, 0.0625, 0.001])
def test_so_few_queries_find_nothing_however_large(level: float) -> None:
    """Of n signs all alike, the randomisation test says 2 / 2^n; nothing less is promised."""
    least = fewest(level)
    assert 2 / 2**least < level <= 2 / 2 ** (least - 1)
    assert detectable(0.2, least - 1, level=level) is None
    assert detectable(0.2, least, level=level) is not None
    assert needed(1.0, 0.001, level=level) == least


def test_where_there_is_no_spread_there_is_no_number() -> None:
    """One query, all differences the same, none at all, or a number that says "never"."""
    assert detectable(0.0, 100) is None
    assert detectable(0.2, 1) is None
    assert needed(0.1, 0.0) is None
    assert needed(0.0, 0.2) is None
    assert needed(1e-6, 0.3) is None
