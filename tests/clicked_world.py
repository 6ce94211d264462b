"""People who click what is useful where they look: the truth is known, as is how they look.

Simulated by the position-based model: P(click) = chance(position) x P(useful | features), and one
click in twenty on what is not useful.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.training.bias import Examination
from rerank.training.groups import Group, TrainingSet
from rerank.training.measuring import Measuring

FEATURES = 8
DOCUMENTS = 20
NAMES = tuple(f"feature_{number}" for number in range(FEATURES))
BY_MISTAKE = 0.05

Floats = npt.NDArray[np.float64]


class Clicked(NamedTuple):
    """Groups with clicks, and how probable a click is where one looks: (documents,)."""

    data: TrainingSet
    usefulness: Floats


@dataclass(frozen=True)
class ClickedWorld:
    """Position k is looked at with the chance 1 / k^``exponent``. The order that is shown follows a
    score that knows little of use, which is the last feature.
    """

    exponent: float = 1.0
    seed: int = 0

    @property
    def examination(self) -> Examination:
        """How people look."""
        places = np.arange(1, DOCUMENTS + 1, dtype=np.float64)
        return Examination(tuple((places**-self.exponent).tolist()))

    def clicked(self, queries: int, *, part: int = 0) -> Clicked:
        """The queries of which something, but not all, was clicked."""
        drawn = self._drawn(queries, part)
        kept, useful = [], []
        for group, probable, clicks in drawn:
            if 0 < clicks.sum() < DOCUMENTS:
                kept.append(_with(group, clicks))
                useful.append(probable + BY_MISTAKE * (1.0 - probable))
        return Clicked(TrainingSet(NAMES, tuple(kept)), np.concatenate(useful))

    def true(self, queries: int, *, part: int = 1) -> TrainingSet:
        """Queries graded by what is useful."""
        return TrainingSet(NAMES, tuple(group for group, _, _ in self._drawn(queries, part)))

    def _drawn(self, queries: int, part: int) -> list[tuple[Group, Floats, npt.NDArray[np.int32]]]:
        random = np.random.default_rng([self.seed, part])
        chances = np.array(self.examination.chances)
        drawn = []
        for number in range(queries):
            values = random.normal(size=(DOCUMENTS, FEATURES))
            values[:, -1] = 0.5 * values[:, 0] + random.normal(size=DOCUMENTS)
            values = values[np.argsort(-values[:, -1])]
            probable = _usefulness(values)
            useful = (random.random(DOCUMENTS) < probable).astype(np.int32)
            looked = random.random(DOCUMENTS) < chances
            clicks = looked & (random.random(DOCUMENTS) < np.where(useful, 1.0, BY_MISTAKE))
            group = Group(
                f"q{part}-{number}",
                tuple(f"d{place:02}" for place in range(DOCUMENTS)),
                useful,
                values.astype(np.float32),
                positions=np.arange(1, DOCUMENTS + 1, dtype=np.int32),
            )
            drawn.append((group, probable, clicks.astype(np.int32)))
        return drawn


def ndcg(data: TrainingSet, scores: Floats) -> Floats:
    """The nDCG@10 of each group, 0 where nothing is useful."""
    return np.nan_to_num(Measuring(data).ndcg(scores))


def _usefulness(values: Floats) -> Floats:
    linear = values[:, 0] + 0.8 * values[:, 1] - 0.6 * values[:, 2] + 0.5 * values[:, 3]
    probable: Floats = 1.0 / (
        1.0 + np.exp(2.0 - 1.5 * (linear + 0.8 * values[:, 4] * values[:, 5]))
    )
    return probable


def _with(group: Group, grades: npt.NDArray[np.int32]) -> Group:
    return Group(
        group.group_id, group.document_ids, grades, group.values, positions=group.positions
    )
