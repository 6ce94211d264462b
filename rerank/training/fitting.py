"""A weighted sum and trees on top of it, for some of the features: how many trees is found on the
validation set, then all is made anew from training and validation together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.model import started
from rerank.model_text import THREADS
from rerank.training.bias import (
    Examination,
    PositionBias,
    clicks_apart,
    each_click,
    estimated,
    positions_of,
)
from rerank.training.groups import TrainingSet
from rerank.training.lambdamart import Beside, Both, FitOptions, fit
from rerank.training.linear import fit_linear
from rerank.training.measuring import Measuring
from rerank.training.splits import folds, person
from tandem.errors import InputError
from tandem.intervals import Estimate, estimate

if TYPE_CHECKING:
    import lightgbm

TREES_TO_ESTIMATE = 100
"""Of the models whose scores say how useful a document is, where examination is estimated."""

LEAST_PEOPLE_TO_ESTIMATE = 10
"""Five in each half."""

TELL_EACH = 10

Floats = npt.NDArray[np.float64]
Report = Callable[[str], None]


class Fitted(NamedTuple):
    """Trees over features, added to a weighted sum of some."""

    names: tuple[str, ...]
    booster: "lightgbm.Booster"
    start: Mapping[str, float]

    def scores(self, data: TrainingSet) -> Floats:
        """Of all groups' documents."""
        values = data.only(self.names).values
        trees = np.asarray(self.booster.predict(values, num_threads=THREADS), dtype=np.float64)
        return trees + started(self.names, self.start, values)


@dataclass(frozen=True)
class Fitting:
    """``rises`` is as in ``lambdamart.Beside``. With ``bias`` other than ``none`` the grades are
    clicks, and every group says where its documents were shown. Trees are added to a sum of the
    features ``linear``, if any, fitted with the penalty ``l2``. ``report`` is told of every tenth
    tree.
    """

    training: TrainingSet
    validation: TrainingSet
    options: FitOptions
    report: Report
    rises: Mapping[str, int] = field(default_factory=dict)
    linear: tuple[str, ...] = ()
    l2: float = 0.0
    bias: PositionBias = "none"
    examination: Examination | None = None

    @cached_property
    def both(self) -> TrainingSet:
        """Training and validation together."""
        return TrainingSet(self.training.names, self.training.groups + self.validation.groups)

    @cached_property
    def examined(self) -> Examination | None:
        """What clicks count by, ``None`` where they are taken at their word.

        Estimated by models that learned from one half of the people and score the other.

        Raises:
            InputError: there are too few people for two halves.
        """
        if self.bias == "none":
            return None
        if self.examination is not None:
            positions_of(self.both)
            return self.examination
        options = replace(self.options, trees=TREES_TO_ESTIMATE)
        if len({person(group) for group in self.both.groups}) < LEAST_PEOPLE_TO_ESTIMATE:
            raise InputError(
                "too few people to estimate how the places of an answer are looked at, expected "
                f"{LEAST_PEOPLE_TO_ESTIMATE} or more who chose something",
                hint="collect more, or take clicks at their word: --position-bias none",
            )
        scores: dict[str, Floats] = {}
        for half, other in folds(self.both, 2, seed=self.options.seed):
            booster = fit(half, None, options, self._beside("estimating examination", half))
            found = booster.predict(other.values, num_threads=THREADS)
            scores |= by_group(other, np.asarray(found))
        in_order = [scores[group.group_id] for group in self.both.groups]
        return estimated(self.both, np.concatenate(in_order))

    def fitted(self, names: tuple[str, ...], what: str) -> Fitted:
        """A model of the features of these names."""
        return self.remade(self.tried(names, what), what)

    def remade(self, tried: Fitted, what: str) -> Fitted:
        """The model that was tried, made anew of training and validation together."""
        names, trees = tried.names, tried.booster.num_trees()
        start = self._start(self.both, names)
        data, weights = self._to_learn(self.both.only(names))
        beside = self._beside(f"{what}, again", data, start=start, weights=(weights, None))
        booster = fit(data, None, replace(self.options, trees=trees), beside)
        return Fitted(names, booster, start)

    def tried(self, names: tuple[str, ...], what: str) -> Fitted:
        """A model of the features of these names, made of the training set alone, with as many
        trees as are best on the validation set.
        """
        start = self._start(self.training, names)
        data, weights = self._to_learn(self.training.only(names))
        watched, counts = self.validation.only(names), None
        if self.examined is not None:
            watched, counts = clicks_apart(watched, self.examined)
        beside = self._beside(what, data, watched, start=start, weights=(weights, counts))
        return Fitted(names, fit(data, watched, self.options, beside), start)

    def lift(self, made: Fitted, other: Fitted) -> Estimate:
        """How much better one model orders the validation set than another one, in nDCG."""
        clicks = None if self.examined is None else each_click(self.validation, self.examined)
        data = self.validation if clicks is None else clicks.data
        measuring = Measuring(data, self.options.depth)

        def ndcg(model: Fitted) -> Floats:
            scores = model.scores(self.validation)
            return measuring.ndcg(scores if clicks is None else scores[clicks.places])

        people = [person(group) for group in data.groups]
        weights = None if clicks is None else clicks.weights
        return estimate(ndcg(made) - ndcg(other), people, weights=weights)

    def _start(self, data: TrainingSet, names: tuple[str, ...]) -> dict[str, float]:
        chosen = tuple(name for name in self.linear if name in names)
        weights = None if self.examined is None else self.examined.weights_of(data)
        return fit_linear(data, chosen, l2=self.l2, weights=weights) if chosen else {}

    def _to_learn(self, data: TrainingSet) -> tuple[TrainingSet, Floats | None]:
        if self.bias == "ipw" and self.examined is not None:
            return clicks_apart(data, self.examined)
        return data, None

    def _beside(
        self,
        what: str,
        data: TrainingSet,
        watched: TrainingSet | None = None,
        *,
        start: Mapping[str, float] | None = None,
        weights: Both = (None, None),
    ) -> Beside:
        def after_each(trees: int) -> None:
            if trees % TELL_EACH == 0:
                self.report(f"{what}: {trees} trees")

        def starts(part: TrainingSet | None) -> Floats | None:
            return started(part.names, start, part.values) if start and part is not None else None

        return Beside(
            rises={name: rise for name, rise in self.rises.items() if name in data.names},
            weights=weights,
            starts=(starts(data), starts(watched)),
            positions=self.bias == "lightgbm",
            after_each=after_each,
        )


def by_group(data: TrainingSet, scores: Floats) -> dict[str, Floats]:
    """The scores of each group's documents."""
    pieces = np.split(scores, np.cumsum(data.sizes)[:-1])
    return {group.group_id: piece for group, piece in zip(data.groups, pieces, strict=True)}
