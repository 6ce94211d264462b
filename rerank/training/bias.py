"""What stands high is clicked more: clicks as labels when they depend on the position.

The model of a click is examination times use: P(click) = chance(position) x P(useful), after
M. Richardson et al., "Predicting clicks", 2007 (the position-based model).

none       clicks are taken at their word
lightgbm   what a position adds is learned beside the trees, see ``lambdamart.Beside.positions``
ipw        each click counts 1 / chance: T. Joachims, A. Swaminathan, T. Schnabel, "Unbiased
           learning-to-rank with biased feedback", 2017

However it is trained, clicks that stop or prove a training count 1 / chance, too: taken at their
word they would favour whoever repeats the order that was shown, and would stop after a few trees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.training.groups import Group, TrainingSet
from tandem.errors import InputError

PositionBias = Literal["lightgbm", "none", "ipw"]

RAREST = 0.05
"""A click counts 20 at most: a few clicks far down must not decide alone."""

BINS = 20
ROUNDS = 200

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Examination:
    """``chances``: of being looked at, by position from 1, that of the first being 1; what stands
    lower than the last is looked at as often as the last.
    """

    chances: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.chances or not all(0 < chance <= 1 for chance in self.chances):
            raise InputError(
                f"chances of being looked at: {self.chances}; expected one for each position, "
                "above 0, 1 at most"
            )

    def weights(self, positions: Integers) -> Floats:
        """What a click counts at each of the positions, 1 or more."""
        chances = np.maximum(np.array(self.chances), RAREST)
        weights: Floats = 1.0 / chances[np.minimum(positions, len(chances)) - 1]
        return weights

    def weights_of(self, data: TrainingSet) -> Floats:
        """What each document counts, (documents,): 1 where nothing was clicked."""
        weights = self.weights(positions_of(data))
        return np.where(data.grades > 0, weights, 1.0)


def positions_of(data: TrainingSet) -> Integers:
    """Where the documents of all groups were shown.

    Raises:
        InputError: a group does not say.
    """
    known = [group.positions for group in data.groups if group.positions is not None]
    if len(known) < len(data) or not known:
        raise InputError(
            f"{len(data) - len(known)} of {len(data)} groups do not say where documents were shown",
            hint="train without position bias",
        )
    return np.concatenate(known)


def estimated(data: TrainingSet, scores: Floats) -> Examination:
    """The examination under which clicks are likeliest, given scores of a model that did not see
    these groups: (documents,).

    Documents of like score are taken for alike useful. Over a table of positions and score bins,
    both factors of P(click) are found in turn, each such that it explains all its clicks; then
    chances may only fall with the position. Usefulness that the scores miss, and groups without a
    click, which are not here, make it fall less than in truth: it corrects too little, not too
    much.

    Raises:
        InputError: nothing was clicked, or a group does not say where documents were shown.
    """
    from scipy.optimize import isotonic_regression

    positions = positions_of(data) - 1
    if not data.grades.any():
        raise InputError("nothing was clicked: examination cannot be estimated")
    edges = np.quantile(scores, np.linspace(0.0, 1.0, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, scores)
    shown = np.zeros((int(positions.max()) + 1, BINS))
    clicked = np.zeros_like(shown)
    np.add.at(shown, (positions, bins), 1.0)
    np.add.at(clicked, (positions, bins), data.grades > 0)
    chances, useful = np.ones(len(shown)), _shares(clicked.sum(0), shown.sum(0))
    for _ in range(ROUNDS):
        chances = _shares(clicked.sum(1), shown @ useful)
        useful = _shares(clicked.sum(0), chances @ shown)
    # a position that was never shown is as good as those around it
    weights = np.maximum(shown.sum(1), 1e-6)
    falling = isotonic_regression(chances, weights=weights, increasing=False).x
    relative = np.clip(falling / falling[0], 1e-3, 1.0)
    return Examination(tuple(relative.tolist()))


def _shares(parts: Floats, wholes: Floats) -> Floats:
    found = np.zeros_like(parts)
    np.divide(parts, wholes, out=found, where=wholes > 0)
    return found


class Clicks(NamedTuple):
    """Answers in which one click alone is of use. ``weights`` is (answers,); ``places`` says which
    of the documents of the set before each document is.
    """

    data: TrainingSet
    weights: Floats
    places: npt.NDArray[np.intp]


def each_click(data: TrainingSet, examination: Examination) -> Clicks:
    """Each click in a copy of its answer, to be measured by: what a click counts is its gain,
    2^grade - 1, over the chance that it would be seen.

    The mean of a measure so weighted is what it would be over all that is useful, were everything
    looked at, whatever order was shown: A. Swaminathan, T. Joachims, "The self-normalized estimator
    for counterfactual learning", 2015. Weights inside a group would not do, as nDCG divides them
    away.

    Raises:
        InputError: nothing was clicked, or a group does not say where documents were shown.
    """
    chances = examination.weights(positions_of(data))
    places = np.flatnonzero(data.grades)
    if not len(places):
        raise InputError("nothing was clicked: there is nothing to measure by")
    ends = np.cumsum(data.sizes)
    owners = np.searchsorted(ends, places, side="right")
    groups, rows = [], []
    for place, owner in zip(places, owners, strict=True):
        group = data.groups[owner]
        own = np.arange(ends[owner] - len(group.grades), ends[owner])
        groups.append(replace(group, grades=(own == place).astype(np.int32)))
        rows.append(own)
    gains = np.exp2(data.grades[places].astype(np.float64)) - 1.0
    clicks = TrainingSet(data.names, tuple(groups))
    return Clicks(clicks, gains * chances[places], np.concatenate(rows))


def clicks_apart(data: TrainingSet, examination: Examination) -> tuple[TrainingSet, Floats]:
    """Each click in a group of its own, beside what was liked less, and what its group counts.

    Only so is the loss of a click multiplied as a whole: in one group with others, the pairs
    between two clicks would count by one of them.

    Raises:
        InputError: nothing was clicked, or a group does not say where documents were shown.
    """
    groups: list[Group] = []
    weights: list[Floats] = []
    for group in data.groups:
        for own, weight in _apart(group, examination):
            groups.append(own)
            weights.append(np.full(len(own.grades), weight))
    if not groups:
        raise InputError("nothing was clicked: there is nothing to learn from")
    return TrainingSet(data.names, tuple(groups)), np.concatenate(weights)


def _apart(group: Group, examination: Examination) -> Iterator[tuple[Group, float]]:
    positions = positions_of(TrainingSet((), (group,)))
    weights = examination.weights(positions)
    for place in np.flatnonzero(group.grades):
        kept = group.grades < group.grades[place]
        kept[place] = True
        yield _only(group, np.flatnonzero(kept)), float(weights[place])


def _only(group: Group, places: npt.NDArray[np.intp]) -> Group:
    positions = group.positions
    return replace(
        group,
        document_ids=tuple(group.document_ids[place] for place in places),
        grades=group.grades[places],
        values=group.values[places],
        positions=None if positions is None else positions[places],
    )
