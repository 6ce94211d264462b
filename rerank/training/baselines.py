"""What a model is measured beside: orders that nobody had to train."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.training.groups import TrainingSet

Floats = npt.NDArray[np.float64]

SHOWN = "positions"
"""The order in which people were shown the documents."""

CHANCE = "random"

UNTRAINED = "blended_score"
"""The feature by which the untrained order goes."""

ITEM_MEAN = "rating"
"""The feature that is the mean of all ratings of a document."""

POPULARITY = "chosen"
"""The feature that counts how often a document was chosen."""


class Baseline(NamedTuple):
    """``scores`` is (documents,), ``None`` where the order is drawn by lot. ``by`` says what of."""

    by: str
    scores: Floats | None


def baselines(data: TrainingSet) -> dict[str, Baseline]:
    """``random``, ``untrained``, and of ``item_mean`` and ``popularity`` those that are known.

    The untrained order is the one that was shown; where there is none, as in graded lists, that of
    the legs' scores, then that of the item mean, then any.
    """
    by_column = {name: _column(data, name) for name in (UNTRAINED, ITEM_MEAN, POPULARITY)}
    known = {name: scores for name, scores in by_column.items() if scores is not None}
    possible = {SHOWN: _as_shown(data), **known}
    by = next((name for name, scores in possible.items() if scores is not None), CHANCE)
    found = {CHANCE: Baseline(CHANCE, None), "untrained": Baseline(by, possible.get(by))}
    for name, column in (("item_mean", ITEM_MEAN), ("popularity", POPULARITY)):
        if column in known:
            found[name] = Baseline(column, known[column])
    return found


def _as_shown(data: TrainingSet) -> Floats | None:
    positions = [group.positions for group in data.groups if group.positions is not None]
    if len(positions) < len(data) or not positions:
        return None
    return -np.concatenate(positions).astype(np.float64)


def _column(data: TrainingSet, name: str) -> Floats | None:
    """A feature, its mean where it is not known; ``None`` where it never tells documents apart."""
    if name not in data.names:
        return None
    values = data.values[:, data.names.index(name)].astype(np.float64)
    known = values[np.isfinite(values)]
    if not len(known) or known.min() == known.max():
        return None
    return np.where(np.isfinite(values), values, known.mean())
