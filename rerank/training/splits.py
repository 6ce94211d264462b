"""Which groups are trained on, which stop the training, and which prove it.

People are drawn by a hash of their id and nothing else, so that the same person is in the same part
whenever a model is trained: the model that is live has not seen those who judge the next one.
Groups without a person stand for themselves.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rerank.training.groups import Group, TrainingSet
from tandem.errors import InputError

HISTORY = "history"
"""Groups made out of earlier events: they are trained on, and prove nothing where others can."""


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """The share of the people that test and validate, and the newest share of the time, of which
    nothing is learned: 0 where time does not matter. With another ``seed`` other people test: only
    for experiments, as the live model may have learned from them.
    """

    test_share: float = 0.3
    validation_share: float = 0.15
    newest_share: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        shares = (self.test_share, self.validation_share, self.newest_share)
        if not all(0 <= share < 1 for share in shares) or sum(shares[:2]) >= 1:
            raise InputError(
                f"shares of test {self.test_share}, validation {self.validation_share} and the "
                f"newest {self.newest_share}: expected 0 to 1, and people left to train on"
            )


class Split(NamedTuple):
    """Three sets without a person in common. Nothing is trained on, or stops the training, that is
    of ``newest`` seconds since 1970 or later, if that is known; what of the test set is, is new in
    both ways. ``left_out`` are too new to learn from, or history of who tests.
    """

    training: TrainingSet
    validation: TrainingSet
    test: TrainingSet
    newest: float | None = None
    left_out: int = 0


def split(data: TrainingSet, options: SplitOptions) -> Split:
    """By person and by time.

    Were only the newest groups of who tests to prove a model, few would: most people's groups would
    be of no use to either side. So all of them do, and the newest ones are told apart. Where all
    groups are of one time, as judgments are, the split is by person (or query) alone.
    """
    proving = [group for group in data.groups if group.origin != HISTORY]
    newest = _newest(proving or [*data.groups], options.newest_share)
    parts: dict[str, list[Group]] = {"training": [], "validation": [], "test": []}
    for group in data.groups:
        part = _part(group, options)
        if part != "training" and proving and group.origin == HISTORY:
            continue
        if part == "test" or newest is None or group.seconds < newest:
            parts[part].append(group)
    sets = {part: TrainingSet(data.names, tuple(groups)) for part, groups in parts.items()}
    left_out = len(data) - sum(map(len, parts.values()))
    return Split(**sets, newest=newest, left_out=left_out)


def folds(
    data: TrainingSet, count: int, *, seed: int = 0
) -> Iterator[tuple[TrainingSet, TrainingSet]]:
    """What to train and to measure on, ``count`` times; each person is measured once.

    Folds have as many people each, give or take one, whatever part of a split they are from.

    Raises:
        InputError: fewer than two folds.
    """
    if count < 2:
        raise InputError(f"{count} folds, expected at least 2")
    people = sorted(
        {person(group) for group in data.groups}, key=lambda name: _hash("fold", seed, name)
    )
    places = {name: place % count for place, name in enumerate(people)}
    folded = [places[person(group)] for group in data.groups]
    for fold in range(count):
        yield (
            _where(data, [place != fold for place in folded]),
            _where(data, [place == fold for place in folded]),
        )


def person(group: Group) -> str:
    """Whose it is, for drawing and resampling people."""
    return f"query {group.group_id}" if group.user_id is None else f"user {group.user_id}"


def _where(data: TrainingSet, wanted: list[bool]) -> TrainingSet:
    pairs = zip(data.groups, wanted, strict=True)
    return TrainingSet(data.names, tuple(group for group, is_wanted in pairs if is_wanted))


def _part(group: Group, options: SplitOptions) -> str:
    drawn = _draw(group, options.seed)
    if drawn < options.test_share:
        return "test"
    return "validation" if drawn < options.test_share + options.validation_share else "training"


def _draw(group: Group, seed: int) -> float:
    """From 0 to below 1, the same for all groups of a person."""
    return _hash(seed, person(group)) / 2**48


def _hash(*of: object) -> int:
    """From 0 to below 2^48."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, of)).encode()).digest()[:6])


def _newest(groups: list[Group], share: float) -> float | None:
    seconds = np.array([group.seconds for group in groups])
    if share == 0 or not len(seconds) or seconds.min() == seconds.max():
        return None
    return float(np.quantile(seconds, 1.0 - share, method="higher"))
