"""Normalised scores, by hand and by what holds of any scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.normalisation import NORMALISATIONS, Normalisation, normalised

SCORES = np.array([4.0, 1.0, -1.0, np.nan])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("best", [1.0, 0.25, 0.0, 0.0]),
        ("bounds", [1.0, 0.5, 1 / 6, 0.0]),  # the floor is -2
        ("min-max", [1.0, 0.4, 0.0, 0.0]),
        # mean 4/3, deviation sqrt((64 + 1 + 49) / 27) = 2.0548
        ("z-score", [1.2978, -0.1622, -1.1355, 0.0]),
        ("dbsf", [0.7163, 0.4730, 0.3107, 0.0]),
    ],
)
def test_by_hand(kind: Normalisation, expected: list[float]) -> None:
    """Of three known scores and one that is not known."""
    assert normalised(SCORES, kind, floor=-2.0) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", NORMALISATIONS)
@given(
    st.lists(
        st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    )
)
def test_of_any_scores(kind: Normalisation, rows: list[list[float]]) -> None:
    """Finite; one query at a time or all at once; what is better is never below; unknown is 0."""
    scores = np.array(rows)
    values = normalised(scores, kind, floor=-1e6)
    assert np.isfinite(values).all()
    assert (values[np.isnan(scores)] == 0.0).all()
    for row, alone in zip(scores, values, strict=True):
        assert normalised(row, kind, floor=-1e6) == pytest.approx(alone)
        known = ~np.isnan(row)
        by_score = alone[known][np.argsort(row[known], kind="stable")]
        assert (np.diff(by_score) >= -1e-12).all()


@pytest.mark.parametrize("kind", ["min-max", "z-score", "dbsf"])
def test_equal_scores_say_nothing(kind: Normalisation) -> None:
    """A leg that tells no candidates apart adds the same to all, 0; the mean of three times 0.1 is
    no 0.1.
    """
    assert normalised(np.array([2.0, 2.0]), kind).tolist() == [0.0, 0.0]
    assert normalised(np.array([0.1] * 3), kind).tolist() == [0.0] * 3


@pytest.mark.parametrize("kind", NORMALISATIONS)
def test_nothing_is_known(kind: Normalisation) -> None:
    """No candidate, or none with a score."""
    assert normalised(np.empty((2, 0)), kind).shape == (2, 0)
    assert normalised(np.array([np.nan, np.nan]), kind).tolist() == [0.0, 0.0]
