"""Paired randomisation against counting by hand and against scipy."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from relevance_eval.randomisation import DRAWN, EXACT_UP_TO, p_values


def columns(*values: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Of shape (queries, comparisons)."""
    return np.array(values, dtype=np.float64).T


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8))
def test_few_differences_are_counted_exactly(values: list[int]) -> None:
    """As a loop over all signs counts them; zeros have no sign to turn."""
    seen = abs(sum(values))
    ways = [
        abs(sum(map(int.__mul__, signs, values))) for signs in product((1, -1), repeat=len(values))
    ]
    [found] = p_values(columns([value / 10 for value in values]), seed=0)
    assert found.p == pytest.approx(sum(way >= seen for way in ways) / len(ways), abs=1e-12)
    assert found.is_exact


def test_the_smallest_p_of_few_queries() -> None:
    """Five queries that all say the same: both mirror images of 32 ways."""
    [found] = p_values(columns([0.1, 0.2, 0.3, 0.1, 0.4]), seed=0)
    assert found.p == 2 / 32


def test_many_differences_are_drawn() -> None:
    """The share is near to what scipy draws, and near to the exact one just below the limit."""
    random = np.random.default_rng(5)
    values = random.normal(0.05, 0.2, 60)
    [found] = p_values(values[:, None], seed=1)
    expected = permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=20_000, random_state=2
    )
    assert not found.is_exact
    assert found.p == pytest.approx(expected.pvalue, abs=0.012)
    few = random.normal(0.1, 0.2, EXACT_UP_TO + 1)
    exact = permutation_test((few,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert p_values(few[:, None], seed=1)[0].p == pytest.approx(exact.pvalue, abs=0.012)


def test_columns_do_not_change_each_other() -> None:
    """Exact and drawn ones side by side, each as it is alone."""
    random = np.random.default_rng(6)
    many, few, equal = random.normal(0, 1, 50), np.zeros(50), np.zeros(50)
    few[:4] = [0.1, 0.2, -0.1, 0.3]
    together = p_values(np.array([many, few, equal]).T, seed=3)
    assert together == [p_values(one[:, None], seed=3)[0] for one in (many, few, equal)]
    assert [one.is_exact for one in together] == [False, True, True]
    assert together[2].p == 1.0


def test_p_by_lot_is_never_zero_and_the_seed_decides() -> None:
    """A hundred queries that all say the same: no drawn way goes as far."""
    constant = np.full((100, 1), 0.1)
    assert p_values(constant, seed=0)[0].p == 1 / (DRAWN + 1)
    near = np.random.default_rng(7).normal(0.1, 1.0, (100, 1))
    assert p_values(near, seed=0) == p_values(near, seed=0)
    assert p_values(near, seed=0) != p_values(near, seed=1)


def test_nothing_to_compare() -> None:
    """No columns, no p-values."""
    assert p_values(np.empty((10, 0)), seed=0) == []
