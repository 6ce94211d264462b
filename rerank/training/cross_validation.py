"""Proof where groups are few: each one is scored by a model that learned from the others."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rerank.training.fitting import Fitted, by_group
from rerank.training.groups import TrainingSet
from rerank.training.splits import folds

Floats = npt.NDArray[np.float64]

Learn = Callable[[TrainingSet, TrainingSet, str], Fitted]
"""A model of what is trained on and what stops the training; the last says what it is for."""


def parts(data: TrainingSet, count: int, seed: int) -> tuple[TrainingSet, TrainingSet]:
    """What is trained on, and what stops the training: half of what one of ``count`` folds is."""
    return next(folds(data, 2 * count, seed=seed + 1))


def cross_validated(data: TrainingSet, count: int, seed: int, learn: Learn) -> Floats:
    """The scores of all documents, (documents,), by ``count`` models that have not seen them."""
    scores: dict[str, Floats] = {}
    for number, (rest, held) in enumerate(folds(data, count, seed=seed), start=1):
        if held.groups:
            training, validation = parts(rest, count, seed)
            made = learn(training, validation, f"fold {number} of {count}")
            scores |= by_group(held, made.scores(held))
    return np.concatenate([scores[group.group_id] for group in data.groups])
