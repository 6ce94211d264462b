"""Boosted trees fitted to groups: LambdaMART by LightGBM, the same bits for the same data and seed.

Gains are 2^grade - 1 and discounts 1 / log2(rank + 1), as in ``rerank.training.measuring``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rerank.model_text import THREADS, read_booster, text_of
from rerank.training.bias import positions_of
from rerank.training.groups import TrainingSet
from tandem.errors import InputError

if TYPE_CHECKING:
    import lightgbm

HIGHEST_GRADE = 30
"""LightGBM holds gains up to 2^30 - 1."""


Both = tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.float64] | None]
"""Of the training set, and of the validation set."""


@dataclass(frozen=True, slots=True)
class FitOptions:
    """``trees`` are made at most; with a validation set, boosting stops after ``patience`` trees
    that did not raise its nDCG at ``depth``. ``row_share`` and ``feature_share`` of rows and
    features are drawn for each tree, by ``seed``. ``truncation`` is how many of the best ranks make
    pairs. The defaults were found by cross-validation on real people's ratings
    (``benchmarks.movies``).
    """

    seed: int = 0
    trees: int = 1_000
    patience: int = 100
    depth: int = 10
    learning_rate: float = 0.04
    leaves: int = 15
    rows_in_leaf: int = 40
    row_share: float = 0.7
    feature_share: float = 0.5
    l2: float = 5.0
    truncation: int = 20

    def parameters(self) -> dict[str, Any]:
        """As LightGBM calls them."""
        return {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [self.depth],
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.rows_in_leaf,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "feature_fraction": self.feature_share,
            "lambda_l2": self.l2,
            "lambdarank_truncation_level": self.truncation,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": THREADS,
            "verbosity": -1,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What is given beside features and grades. ``rises`` maps a feature to 1 or -1 where the score
    may only rise, or only fall, with it. ``weights``, and the scores ``starts`` that trees add to,
    are of the training and the validation set, (documents,) each. ``after_each`` is told
    how many trees there are; what it raises ends the fit.

    ``positions``: where the training set's documents were shown explains part of their grades. What
    a position adds is learned beside the trees, and left out of them: LightGBM's unbiased
    lambdarank (https://lightgbm.readthedocs.io/en/stable/Advanced-Topics.html).
    """

    rises: Mapping[str, int] | None = None
    weights: Both = (None, None)
    starts: Both = (None, None)
    positions: bool = False
    after_each: Callable[[int], None] | None = None


PLAIN = Beside()


def fit(
    training: TrainingSet,
    validation: TrainingSet | None,
    options: FitOptions,
    beside: Beside = PLAIN,
) -> "lightgbm.Booster":
    """The booster, cut after the tree that was best on ``validation``.

    Without a validation set it has all of ``options.trees``.

    Raises:
        InputError: nothing to learn from, or the sets do not fit each other.
    """
    import lightgbm

    _check(training, validation, beside)
    data = _dataset(training, beside.weights[0], beside.starts[0])
    if beside.positions:
        data.set_position(positions_of(training))
    rises = beside.rises or {}
    limits = [int(rises.get(name, 0)) for name in training.names]
    parameters = options.parameters() | ({"monotone_constraints": limits} if any(limits) else {})
    watched, callbacks = [], _callbacks(beside)
    if validation is not None:
        watched = [_dataset(validation, beside.weights[1], beside.starts[1], data)]
        callbacks.append(lightgbm.early_stopping(options.patience, verbose=False))
    booster = lightgbm.train(
        parameters,
        data,
        num_boost_round=options.trees,
        valid_sets=watched,
        callbacks=callbacks,
    )
    best = booster.best_iteration if watched else None
    return read_booster(text_of(booster, best))


def _callbacks(beside: Beside) -> list[Callable[[Any], None]]:
    told = beside.after_each
    return [] if told is None else [lambda state: told(state.iteration + 1)]


def _dataset(
    data: TrainingSet,
    weight: npt.NDArray[np.float64] | None,
    start: npt.NDArray[np.float64] | None,
    like: "lightgbm.Dataset | None" = None,
) -> "lightgbm.Dataset":
    import lightgbm

    return lightgbm.Dataset(
        data.values,
        label=data.grades,
        group=data.sizes,
        weight=weight,
        init_score=start,
        reference=like,
        feature_name=list(data.names),
        params={"verbosity": -1, "num_threads": THREADS},
    )


def _check(training: TrainingSet, validation: TrainingSet | None, beside: Beside) -> None:
    if not training.groups or not training.names:
        raise InputError(
            f"{len(training)} groups with {len(training.names)} features: nothing to learn from"
        )
    if validation is not None and validation.names != training.names:
        raise InputError("the validation set has other features than the training set")
    if unknown := {*(beside.rises or {})} - {*training.names}:
        raise InputError(f"unknown features are to rise or fall: {', '.join(sorted(unknown))}")
    for data in (training, validation):
        grades = np.empty(0) if data is None else data.grades
        if grades.size and not 0 <= grades.min() <= grades.max() <= HIGHEST_GRADE:
            raise InputError(
                f"grades from {grades.min()} to {grades.max()}, expected 0 to {HIGHEST_GRADE}"
            )
    if not training.grades.any():
        raise InputError("every grade is 0: nothing to learn from")
