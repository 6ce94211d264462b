"""Proof where groups are few: each one is scored by a model that learned from the others.

Groups made out of history prove nothing where others can, and stop no training: see ``splits``.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rerank.training.fitting import Fitted, by_group
from rerank.training.groups import TrainingSet
from rerank.training.splits import HISTORY, Split, folds

Floats = npt.NDArray[np.float64]

Learn = Callable[[TrainingSet, TrainingSet, str], Fitted]
"""A model of what is trained on and what stops the training; the last says what it is for."""


def everything(data: TrainingSet, count: int, seed: int) -> Split:
    """All is trained on, of which half of what one of ``count`` folds is stops the training; all
    that can proves.
    """
    training, validation = _parts(data, count, seed)
    proving = _proving(data)
    left_out = len(data) - len(training) - len(validation)
    return Split(training, validation, proving, left_out=left_out)


def cross_validated(data: TrainingSet, count: int, seed: int, learn: Learn) -> Floats:
    """The scores of the documents of all groups that prove, (documents,), by ``count`` models that
    have met nobody of theirs.
    """
    scores: dict[str, Floats] = {}
    for number, (rest, held) in enumerate(folds(data, count, seed=seed), start=1):
        proving = _proving(held)
        if proving.groups:
            made = learn(*_parts(rest, count, seed), f"fold {number} of {count}")
            scores |= by_group(proving, made.scores(proving))
    return np.concatenate([scores[group.group_id] for group in _proving(data).groups])


def _parts(data: TrainingSet, count: int, seed: int) -> tuple[TrainingSet, TrainingSet]:
    training, validation = next(folds(data, 2 * count, seed=seed + 1))
    return training, _proving(validation)


def _proving(data: TrainingSet) -> TrainingSet:
    kept = tuple(group for group in data.groups if group.origin != HISTORY)
    return TrainingSet(data.names, kept) if kept else data
