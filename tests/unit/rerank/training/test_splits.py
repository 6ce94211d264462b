"""Nobody who proves a model has been learnt from, and nothing learnt is newer than the proof."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.training.groups import Group, TrainingSet
from rerank.training.splits import HISTORY, SplitOptions, folds, person, split
from tandem.errors import InputError
from tests.training_sets import NAMES, training_set

TEMPLATE = training_set(1).groups[0]


def group(number: int, user: int | None, hour: int, origin: str = "impressions") -> Group:
    """A group of a person at an hour."""
    return replace(
        TEMPLATE,
        group_id=f"q{number}",
        user_id=None if user is None else f"u{user}",
        seconds=3600.0 * hour,
        origin=origin,
    )


GROUPS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 30),
        st.integers(0, 20),
        st.sampled_from(["impressions", HISTORY]),
    ),
    max_size=60,
).map(lambda drawn: TrainingSet(NAMES, tuple(group(at, *one) for at, one in enumerate(drawn))))


@pytest.mark.parametrize(
    ("test", "validation", "newest"),
    [(1.0, 0.0, 0.3), (0.6, 0.4, 0.3), (0.3, 0.1, -0.1), (0.3, float("nan"), 0.3), (0.3, 0.1, 1.0)],
)
def test_shares_out_of_range_are_refused(test: float, validation: float, newest: float) -> None:
    """Somebody has to be left to train on."""
    with pytest.raises(InputError, match="expected 0 to 1"):
        SplitOptions(test, validation, newest)


@given(data=GROUPS, seed=st.integers(0, 5), newest=st.sampled_from([0.0, 0.3]))
def test_people_and_times_never_overlap(data: TrainingSet, seed: int, newest: float) -> None:
    """Whatever the groups; every one is in one part, or counted."""
    made = split(data, SplitOptions(newest_share=newest, seed=seed))
    parts = made[:3]
    people = [{person(one) for one in part.groups} for part in parts]
    assert not people[0] & people[1]
    assert not people[0] & people[2]
    assert not people[1] & people[2]
    assert sum(map(len, parts)) + made.left_out == len(data)
    proving = [one for one in data.groups if one.origin != HISTORY] or data.groups
    if newest and len({one.seconds for one in proving}) > 1:
        assert made.newest is not None
        learnt = [one for part in parts[:2] for one in part.groups]
        assert all(one.seconds < made.newest for one in learnt)
        assert any(one.seconds >= made.newest for one in proving)
    else:
        assert made.newest is None
    if any(one.origin != HISTORY for one in data.groups):
        assert all(one.origin != HISTORY for part in parts[1:] for one in part.groups)


def test_a_person_stays_in_its_part() -> None:
    """More data, or another order, moves nobody: what is live has not seen who proves the next."""
    few = TrainingSet(NAMES, tuple(group(at, at, 0) for at in range(100)))
    more = TrainingSet(NAMES, tuple(group(at, at, 0) for at in reversed(range(300))))
    options = SplitOptions()
    tested = {person(one) for one in split(few, options).test.groups}
    again = {person(one) for one in split(more, options).test.groups}
    assert tested == again & {f"user u{at}" for at in range(100)}
    assert 70 < len(again) < 110  # 0.3 of 300
    other = split(more, SplitOptions(seed=1)).test
    assert {person(one) for one in other.groups} != again


def test_judgments_have_neither_time_nor_people() -> None:
    """They are split by query, and none is left out."""
    data = TrainingSet(NAMES, tuple(group(at, None, 0) for at in range(50)))
    made = split(data, SplitOptions())
    assert made.left_out == 0
    assert len(made.test) > 5


@given(data=GROUPS, count=st.integers(2, 5))
def test_folds_measure_everybody_once(data: TrainingSet, count: int) -> None:
    """And never on a person who is trained on."""
    measured: list[str] = []
    for training, validation in folds(data, count):
        assert len(training) + len(validation) == len(data)
        people = ({person(one) for one in part.groups} for part in (training, validation))
        assert not set.intersection(*people)
        measured += [one.group_id for one in validation.groups]
    assert sorted(measured) == sorted(one.group_id for one in data.groups)


def test_folds_are_of_equal_people_in_every_part() -> None:
    """They are drawn otherwise than parts are: who validates is in both halves."""
    data = TrainingSet(NAMES, tuple(group(at, at % 200, at % 7) for at in range(400)))
    parts = split(data, SplitOptions(newest_share=0.0))
    both = TrainingSet(NAMES, parts.training.groups + parts.validation.groups)
    validating = {person(one) for one in parts.validation.groups}
    halves = [{person(one) for one in half.groups} for _, half in folds(both, 2)]
    assert abs(len(halves[0]) - len(halves[1])) <= 1
    assert all(len(validating) / 4 < len(half & validating) for half in halves)


def test_one_fold_is_refused() -> None:
    """It would train on nothing."""
    with pytest.raises(InputError, match="1 folds, expected at least 2"):
        next(folds(training_set(3), 1))
