"""What a model is measured beside: orders that nobody had to train."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.manifest import UNTRAINED
from rerank.training.groups import Group, TrainingSet

Floats = npt.NDArray[np.float64]

SHOWN = "positions"
"""The order in which people were shown the documents."""

CHANCE = "random"

ITEM_MEAN = "rating"
"""The feature that is the mean of all ratings of a document."""

POPULARITY = "chosen"
"""The feature that counts how often a document was chosen."""


class Baseline(NamedTuple):
    """``scores`` is (documents,), ``None`` where the order is drawn by lot. ``by`` says what of."""

    by: str
    scores: Floats | None


def baselines(data: TrainingSet) -> dict[str, Baseline]:
    """``random``, ``untrained``, and of ``shown``, ``item_mean`` and ``popularity`` those that are
    known.

    What was shown may have been the order of a model. So the untrained order is that of the legs'
    scores; where they were not logged with an answer, what was shown stands for it, and is told.
    Where neither is known everywhere it is the item mean, then popularity, then any order.
    """
    orders = {
        "shown": Baseline(SHOWN, _joined([_as_shown(group) for group in data.groups])),
        "item_mean": Baseline(ITEM_MEAN, _column(data, ITEM_MEAN)),
        "popularity": Baseline(POPULARITY, _column(data, POPULARITY)),
    }
    known = {name: order for name, order in orders.items() if order.scores is not None}
    possible = [*_untrained(data), *known.values(), chance := Baseline(CHANCE, None)]
    return {CHANCE: chance, "untrained": possible[0], **known}


def _untrained(data: TrainingSet) -> Iterator[Baseline]:
    """By the legs' scores, or as shown, group by group; nothing where a group has neither."""
    logged = _logged(data)
    scores = _joined(
        [
            _as_shown(group) if own is None else own
            for own, group in zip(logged, data.groups, strict=True)
        ]
    )
    if scores is None:
        return
    shown = sum(own is None for own in logged)
    by = {0: UNTRAINED, len(data): SHOWN}
    yield Baseline(by.get(shown, f"{UNTRAINED}, {SHOWN} in {shown} of {len(data)} groups"), scores)


def _logged(data: TrainingSet) -> list[Floats | None]:
    """The legs' scores of each group that has them of all documents."""
    if _column(data, UNTRAINED) is None:
        return [None] * len(data)
    column = data.names.index(UNTRAINED)
    rows = [group.values[:, column].astype(np.float64) for group in data.groups]
    return [own if np.isfinite(own).all() else None for own in rows]


def _as_shown(group: Group) -> Floats | None:
    return None if group.positions is None else -group.positions.astype(np.float64)


def _joined(pieces: list[Floats | None]) -> Floats | None:
    known = [piece for piece in pieces if piece is not None]
    return np.concatenate(known) if len(known) == len(pieces) else None


def _column(data: TrainingSet, name: str) -> Floats | None:
    """A feature, its mean where it is not known; ``None`` where it never tells documents apart."""
    if name not in data.names:
        return None
    values = data.values[:, data.names.index(name)].astype(np.float64)
    known = values[np.isfinite(values)]
    if not len(known) or known.min() == known.max():
        return None
    return np.where(np.isfinite(values), values, known.mean())
