"""A weighted sum, fitted to whole lists."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from rerank.training.groups import TrainingSet
from rerank.training.linear import fit_linear
from tandem.errors import InputError
from tests.training_sets import training_set

DATA = training_set(40)
CHOSEN = ("useful", "noise")


def loss(weights: np.ndarray, l2: float) -> float:
    """The loss, written list by list."""
    columns = DATA.only(CHOSEN)
    scales = columns.values.astype(np.float64).std(axis=0)
    told = []
    for group in columns.groups:
        scores = (group.values.astype(np.float64) / scales) @ weights
        logs = scores - np.log(np.exp(scores).sum())
        gains = 2.0**group.grades - 1.0
        told.append(-(gains / gains.sum()) @ logs)
    return float(np.mean(told) + l2 * weights @ weights)


@pytest.mark.parametrize("l2", [0.003, 1.0])
def test_it_is_where_the_loss_is_least(l2: float) -> None:
    """As found without its slopes, by another search."""
    found = fit_linear(DATA, CHOSEN, l2=l2)
    scales = DATA.only(CHOSEN).values.astype(np.float64).std(axis=0)
    weights = np.array([*found.values()]) * scales
    assert approx_fprime(weights, loss, 1e-6, l2) == pytest.approx(0.0, abs=1e-3)
    assert weights == pytest.approx(minimize(loss, np.zeros(2), (l2,), "Nelder-Mead").x, abs=1e-2)
    assert found["useful"] > 5 * abs(found["noise"])


def test_what_never_varies_has_no_weight() -> None:
    """A feature that is never known is 0 everywhere."""
    assert [*fit_linear(DATA, ("unknown", "useful"), l2=0.1)] == ["useful"]


def test_weights_multiply_gains() -> None:
    """Where only the first document of a list counts, noise decides."""
    counts = np.zeros(len(DATA.grades))
    counts[::12] = 1.0
    assert fit_linear(DATA, CHOSEN, l2=0.1, weights=counts) != fit_linear(DATA, CHOSEN, l2=0.1)


def test_what_cannot_be_fitted_is_refused() -> None:
    """An unknown feature, and lists without anything of use."""
    with pytest.raises(InputError, match="weighted sum: usefull"):
        fit_linear(DATA, ("usefull",), l2=0.1)
    useless = tuple(replace(group, grades=group.grades * 0) for group in DATA.groups)
    with pytest.raises(InputError, match="no group has anything of use"):
        fit_linear(TrainingSet(DATA.names, useless), CHOSEN, l2=0.1)
