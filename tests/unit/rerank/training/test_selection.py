"""Which features a model keeps."""

import numpy as np
import pytest

from rerank.training.fitting import Fitting
from rerank.training.groups import Group, TrainingSet
from rerank.training.lambdamart import FitOptions
from rerank.training.selection import HARDLY_TOLD, selected
from tandem.intervals import Estimate

NAMES = ("useful", "second", "constant", "chance")
OPTIONS = FitOptions(trees=20, patience=20, leaves=4, rows_in_leaf=5, feature_share=1.0)


def groups(count: int, seed: int) -> TrainingSet:
    """Grades by the first two columns; the third one is always the same."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        values = random.random((12, 4)).astype(np.float32)
        values[:, 2] = 1.0
        grades = np.digitize(values[:, 0] + 0.5 * values[:, 1], [0.8, 1.1]).astype(np.int32)
        ids = tuple(f"d{row}" for row in range(12))
        made.append(Group(f"q{seed}-{number}", ids, grades, values, user_id=f"u{number}"))
    return TrainingSet(NAMES, tuple(made))


def fitting(linear: tuple[str, ...] = ()) -> Fitting:
    """Over such groups."""
    return Fitting(groups(60, 1), groups(30, 2), OPTIONS, lambda _: None, linear=linear)


def test_what_hardly_tells_is_left_out_and_said() -> None:
    """A column that is always the same has no gain at all."""
    chosen = selected(fitting(), NAMES, "training")
    assert {"useful", "second"} <= {*chosen.tried.names}
    assert "constant" not in chosen.tried.names
    assert chosen.unused["constant"] == HARDLY_TOLD
    assert {*chosen.tried.names} | {*chosen.unused} == {*NAMES}


def test_all_stay_where_all_tell() -> None:
    """Nothing is fitted twice then."""
    told: list[str] = []
    made = Fitting(groups(60, 1), groups(30, 2), OPTIONS, told.append)
    chosen = selected(made, ("useful", "second"), "training")
    assert chosen.tried.names == ("useful", "second")
    assert not chosen.unused
    assert not [line for line in told if "2 of 2" in line]


def test_what_a_weighted_sum_is_made_of_stays() -> None:
    """Whatever the trees make of it."""
    chosen = selected(fitting(("constant",)), NAMES, "training")
    assert "constant" in chosen.tried.names


def test_all_stay_where_the_order_is_worse_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the groups of the validation set."""
    made = fitting()
    monkeypatch.setattr(Fitting, "lift", lambda *_: Estimate(-0.2, -0.3, -0.1))
    chosen = selected(made, NAMES, "training")
    assert chosen.tried.names == NAMES
    assert not chosen.unused
