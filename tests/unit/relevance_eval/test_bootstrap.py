"""Bootstrap intervals: against theory, and how often they hold the truth."""

import numpy as np
import pytest
from scipy.stats import t

from relevance_eval.bootstrap import RESAMPLES, intervals


def test_of_many_queries_it_is_the_usual_interval() -> None:
    """Mean +- 1.96 standard errors, each column for itself."""
    random = np.random.default_rng(1)
    values = np.array([random.normal(0.1, 0.2, 2_000), random.normal(-3, 1, 2_000)]).T
    for column, found in zip(values.T, intervals(values, seed=0), strict=True):
        error = column.std(ddof=1) / np.sqrt(2_000)
        assert found.mean == pytest.approx(column.mean())
        assert found.low == pytest.approx(column.mean() - 1.96 * error, abs=0.1 * error)
        assert found.high == pytest.approx(column.mean() + 1.96 * error, abs=0.1 * error)


def test_of_skewed_values_it_is_skewed() -> None:
    """Where a few queries gain much, the truth may be far above, and not as far below."""
    values = np.zeros((30, 1))
    values[:3] = 1.0
    [found] = intervals(values, seed=0)
    assert found.high - found.mean > 1.1 * (found.mean - found.low)


def test_it_is_never_narrower_than_students_t() -> None:
    """Where half of all draws hold no difference, drawing anew alone would see no spread."""
    for queries in (3, 10, 40):
        values = np.random.default_rng(queries).normal(0, 1, (queries, 1))
        [found] = intervals(values, seed=0)
        reach = t.ppf(0.975, queries - 1) * values.std(ddof=1) / np.sqrt(queries)
        assert found.low <= values.mean() - reach
        assert found.high >= values.mean() + reach


def test_no_spread_no_width() -> None:
    """A constant, and one query."""
    [constant] = intervals(np.full((5, 1), 0.25), seed=0)
    assert constant == pytest.approx((0.25, 0.25, 0.25))
    [single] = intervals(np.array([[0.5]]), seed=0)
    assert single == (0.5, 0.5, 0.5)


def test_a_bound_is_a_value_that_can_be() -> None:
    """Each column within its own limits, or all within the same."""
    values = np.array([[0.0, 0.0], [1.0, 1.0]])
    columns = intervals(values, within=(np.array([0.0, -1.0]), 1.0), seed=0)
    assert columns == [(0.5, 0.0, 1.0), (0.5, -1.0, 1.0)]
    assert intervals(values[:, :1], within=(0.25, 0.75), seed=0) == [(0.5, 0.25, 0.75)]


def test_draws_in_parts_are_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few queries at once, the same interval but for luck; the seed decides."""
    values = np.random.default_rng(2).normal(0, 1, (50, 1))
    whole = intervals(values, seed=0)
    assert whole == intervals(values, seed=0)
    monkeypatch.setattr("relevance_eval.bootstrap.AT_ONCE", 50 * RESAMPLES // 3)
    parts = intervals(values, seed=0)
    assert parts[0] == pytest.approx(whole[0], abs=0.03)


@pytest.mark.parametrize("share_differing", [0.2, 0.5, 1.0])
def test_it_holds_the_truth_as_often_as_it_says(share_differing: float) -> None:
    """Of 400 sets of 25 queries, differences like those of nDCG, most of them 0: at least 93 %."""
    random = np.random.default_rng(4)
    shape = (25, 400)
    up = random.random(shape) < 0.6
    sizes = np.where(up, random.beta(1, 4, shape), -random.beta(1, 3, shape))
    values = sizes * (random.random(shape) < share_differing)
    truth = share_differing * (0.6 * 0.2 - 0.4 * 0.25)
    held = [low <= truth <= high for _, low, high in intervals(values, seed=0)]
    assert np.mean(held) >= 0.93
