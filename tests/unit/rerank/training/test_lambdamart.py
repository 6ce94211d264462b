"""Boosted trees learn what decides the grades, and the same bits from the same data."""

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest

from rerank.model_text import text_of
from rerank.training.fitting import Fitting
from rerank.training.groups import TrainingSet
from rerank.training.lambdamart import Beside, FitOptions, fit
from tandem.errors import InputError
from tests.trained_models import FEATURES, trained
from tests.training_sets import NAMES, training_set

QUICK = FitOptions(
    trees=60, patience=10, learning_rate=0.1, rows_in_leaf=20, feature_share=0.8, l2=1.0
)
TRAINING = training_set(60)
VALIDATION = training_set(20, seed=1)


def graded(data: TrainingSet, grade: int) -> TrainingSet:
    """The same groups, every document of one grade."""
    groups = tuple(
        replace(group, grades=np.full_like(group.grades, grade)) for group in data.groups
    )
    return TrainingSet(data.names, groups)


@pytest.mark.parametrize(
    ("training", "validation", "beside", "reason"),
    [
        (TrainingSet(NAMES), None, Beside(), "0 groups with 4 features"),
        (TrainingSet((), TRAINING.only(()).groups), None, Beside(), "with 0 features"),
        (TRAINING, VALIDATION.only(["noise"]), Beside(), "other features"),
        (TRAINING, None, Beside(rises={"usefull": 1}), "usefull"),
        (graded(TRAINING, 31), None, Beside(), "grades from 31 to 31, expected 0 to 30"),
        (graded(TRAINING, -1), None, Beside(), "grades from -1 to -1"),
        (TRAINING, graded(VALIDATION, 40), Beside(), "grades from 40 to 40"),
        (graded(TRAINING, 0), None, Beside(), "every grade is 0"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    training: TrainingSet, validation: TrainingSet | None, beside: Beside, reason: str
) -> None:
    """The message says which it is."""
    with pytest.raises(InputError, match=reason):
        fit(training, validation, QUICK, beside)


def test_positions_are_needed_where_they_shall_count() -> None:
    """One group without them is too many."""
    without = replace(TRAINING.groups[0], positions=None)
    data = TrainingSet(NAMES, (without, *TRAINING.groups[1:]))
    with pytest.raises(InputError, match="1 of 60 groups"):
        fit(data, None, QUICK, Beside(positions=True))


def test_it_learns_what_decides() -> None:
    """The useful feature gets most of the gain, and boosting stops early."""
    booster = fit(TRAINING, VALIDATION, QUICK)
    gains = dict(zip(booster.feature_name(), booster.feature_importance("gain"), strict=True))
    assert gains["useful"] > 0.8 * sum(gains.values())
    assert gains["unknown"] == 0.0
    assert 1 <= booster.num_trees() < QUICK.trees


def test_the_same_seed_makes_the_same_bits() -> None:
    """Another seed makes another model."""
    first = text_of(fit(TRAINING, VALIDATION, QUICK))
    assert text_of(fit(TRAINING, VALIDATION, QUICK)) == first
    assert text_of(fit(TRAINING, VALIDATION, replace(QUICK, seed=1))) != first


def test_lightgbm_is_told_one_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever trains and predicts side by side: a second number would crash the process."""
    told: list[str] = []
    as_text = lightgbm.basic._param_dict_to_str

    def listened(parameters: dict[str, Any] | None) -> str:
        told.append(as_text(parameters))
        return told[-1]

    monkeypatch.setattr("lightgbm.basic._param_dict_to_str", listened)
    options = replace(QUICK, trees=2)
    fitting = Fitting(TRAINING, VALIDATION, options, lambda _: None, bias="lightgbm")
    fitting.fitted(NAMES, "training").scores(VALIDATION)
    trained().contributions(VALIDATION.only(FEATURES).values)
    trained().scores(VALIDATION.only(FEATURES).values)
    assert len(told) >= 10
    assert {text for text in told if "num_threads=1" not in text.split()} == set()


def test_without_validation_all_trees_are_made() -> None:
    """Such a fit uses a number of trees that another one found."""
    assert fit(TRAINING, None, replace(QUICK, trees=7)).num_trees() == 7


@pytest.mark.parametrize("rises", [1, -1])
def test_a_feature_only_rises_or_falls(rises: int) -> None:
    """Over its whole range, whatever the data say."""
    booster = fit(TRAINING, None, QUICK, Beside(rises={"useful": rises}))
    rows = np.zeros((200, len(NAMES)), dtype=np.float32)
    rows[:, 0] = np.linspace(-3, 3, 200)
    steps = np.diff(np.asarray(booster.predict(rows, num_threads=1)))
    assert (rises * steps >= 0).all()


def test_weights_starts_and_positions_change_what_is_learnt() -> None:
    """Each of them reaches LightGBM."""
    plain = text_of(fit(TRAINING, None, QUICK))
    rows = len(TRAINING.values)
    for beside in (
        Beside(weights=(np.linspace(0.1, 3.0, rows), None)),
        Beside(starts=(np.linspace(0.0, 3.0, rows), None)),
        Beside(positions=True),
    ):
        assert text_of(fit(TRAINING, None, QUICK, beside)) != plain


def test_a_fit_can_be_ended_from_outside() -> None:
    """After any tree, by raising; until then it is told how many there are."""
    told: list[int] = []

    def after_each(trees: int) -> None:
        told.append(trees)
        if trees == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fit(TRAINING, VALIDATION, QUICK, Beside(after_each=after_each))
    assert told == [1, 2, 3]


def test_weights_decide_what_stops_it() -> None:
    """Of a validation set whose halves contradict each other, the half that counts."""
    opposite = tuple(
        replace(group, grades=(3 - group.grades).astype(np.int32)) for group in VALIDATION.groups
    )
    both = TrainingSet(NAMES, (*VALIDATION.groups, *opposite))
    rows = len(VALIDATION.values)
    light, heavy = np.full(rows, 0.001), np.full(rows, 1.0)
    for weights, is_useful in ((heavy, light), True), ((light, heavy), False):
        beside = Beside(weights=(None, np.concatenate(weights)))
        assert (fit(TRAINING, both, QUICK, beside).num_trees() > 3) == is_useful
