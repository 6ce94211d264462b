"""The bootstrap of a mean over clusters."""

import numpy as np
import pytest

from tandem.intervals import Estimate, estimate


@pytest.mark.parametrize(
    ("values", "clusters"),
    [([], []), ([1.0], ["a", "b"]), ([1.0, float("nan")], ["a", "b"]), ([float("inf")], ["a"])],
)
def test_what_has_no_mean_is_refused(values: list[float], clusters: list[str]) -> None:
    """No value, another number of places, or one that is not finite."""
    with pytest.raises(ValueError, match="expected finite ones"):
        estimate(np.array(values), clusters)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -2.0], [1.0, float("inf")]])
def test_what_weighs_nothing_is_refused(weights: list[float]) -> None:
    """A resample of it alone would have no mean."""
    with pytest.raises(ValueError, match="expected 2 weights"):
        estimate(np.array([1.0, 2.0]), ["a", "b"], weights=np.array(weights))


def test_a_weight_counts_a_value_so_often() -> None:
    """In the mean and in every resample."""
    values = np.random.default_rng(4).normal(size=40)
    times = np.tile([1, 3], 20)
    often = estimate(np.repeat(values, times), np.repeat(np.arange(40), times).tolist())
    assert estimate(values, range(40), weights=times.astype(float)) == pytest.approx(often)


def test_one_cluster_has_no_spread() -> None:
    """Every resample is the same."""
    assert estimate(np.array([1.0, 3.0]), ["a", "a"]) == Estimate(2.0, 2.0, 2.0)


def test_it_agrees_with_the_normal_interval() -> None:
    """Mean +- 1.96 standard errors, for independent values."""
    values = np.random.default_rng(1).normal(0.5, 1.0, 1_000)
    found = estimate(values, range(1_000))
    error = values.std() / np.sqrt(1_000)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_what_resembles_each_other_counts_once() -> None:
    """Ten equal values of each of 100 people are as sure as 100 values, not as 1,000."""
    people = np.random.default_rng(2).normal(size=100)
    clustered = estimate(np.repeat(people, 10), np.repeat(np.arange(100), 10).tolist())
    alone = estimate(people, range(100))
    independent = estimate(np.repeat(people, 10), range(1_000))
    assert clustered.high - clustered.low == pytest.approx(alone.high - alone.low)
    assert independent.high - independent.low < 0.5 * (clustered.high - clustered.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    """And another one nearly the same."""
    values = np.random.default_rng(3).normal(size=200)
    first = estimate(values, range(200))
    assert estimate(values, range(200)) == first
    assert estimate(values, range(200), seed=1) != first
