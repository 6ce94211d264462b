"""Holm's correction against the paper's steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevance_eval.holm import holm


def test_by_hand() -> None:
    """0.01 x 4, 0.02 x 3, 0.03 x 2 = 0.06 as well, 0.9 x 1; in the order given."""
    assert holm([0.03, 0.01, 0.9, 0.02]) == pytest.approx([0.06, 0.04, 0.9, 0.06])


def test_a_larger_p_is_never_corrected_to_a_smaller_one() -> None:
    """0.04 x 1 is below 0.03 x 2."""
    assert holm([0.03, 0.04]) == pytest.approx([0.06, 0.06])


def test_one_and_none() -> None:
    """One test needs no correction."""
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_it_rejects_as_the_paper_steps_down(p_values: list[float]) -> None:
    """Smallest first against 0.05 / m, the next against 0.05 / (m - 1), until one fails."""
    rejected = set()
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[index] * (len(p_values) - place) >= 0.05:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(holm(p_values)) if p < 0.05} == rejected
