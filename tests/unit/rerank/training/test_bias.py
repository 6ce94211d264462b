"""Clicks depend on where something stood; what is learned from them must not."""

from dataclasses import replace

import numpy as np
import pytest

from rerank.training.bias import Examination, clicks_apart, each_click, estimated, positions_of
from rerank.training.groups import Group, TrainingSet
from tandem.errors import InputError
from tests.clicked_world import ClickedWorld

TEMPLATE = Group(
    "q",
    ("a", "b", "c", "d"),
    np.array([0, 2, 1, 1], dtype=np.int32),
    np.arange(4, dtype=np.float32).reshape(4, 1),
    user_id="u",
    positions=np.array([1, 2, 3, 9], dtype=np.int32),
)
DATA = TrainingSet(("one",), (TEMPLATE,))


@pytest.mark.parametrize("chances", [(), (1.0, 0.0), (1.1,), (1.0, float("nan")), (-0.5,)])
def test_chances_out_of_range_are_refused(chances: tuple[float, ...]) -> None:
    """What is never looked at is never clicked, and could not be corrected."""
    with pytest.raises(InputError, match="chances of being looked at"):
        Examination(chances)


def test_a_click_counts_by_its_place() -> None:
    """1 / chance, 20 at most; below the last place as there; what was not clicked counts 1."""
    examination = Examination((1.0, 0.5, 0.01))
    assert examination.weights(np.array([1, 2, 3, 9], dtype=np.int32)).tolist() == [1, 2, 20, 20]
    assert examination.weights_of(DATA).tolist() == [1, 2, 20, 20]


def test_each_click_is_apart_beside_what_was_liked_less() -> None:
    """With all that belongs to its documents."""
    made, weights = clicks_apart(DATA, Examination((1.0, 0.5, 0.25)))
    assert [group.document_ids for group in made.groups] == [
        ("a", "b", "c", "d"),
        ("a", "c"),
        ("a", "d"),
    ]
    assert weights.tolist() == [2.0] * 4 + [4.0] * 2 + [4.0] * 2
    last = made.groups[2]
    assert last.grades.tolist() == [0, 1]
    assert last.values.tolist() == [[0.0], [3.0]]
    assert last.positions is not None
    assert last.positions.tolist() == [1, 9]
    assert (last.group_id, last.user_id) == ("q", "u")


def test_each_click_is_measured_in_its_whole_answer() -> None:
    """By its gain over the chance that it is seen."""
    clicks = each_click(TrainingSet(("one",), (TEMPLATE, TEMPLATE)), Examination((1.0, 0.5, 0.25)))
    grades = [group.grades.tolist() for group in clicks.data.groups]
    assert grades == 2 * [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert clicks.weights.tolist() == 2 * [3 * 2.0, 4.0, 4.0]
    assert clicks.places.tolist() == 3 * [0, 1, 2, 3] + 3 * [4, 5, 6, 7]
    assert {group.document_ids for group in clicks.data.groups} == {TEMPLATE.document_ids}


def test_without_positions_or_clicks_nothing_is_corrected() -> None:
    """It is said what is missing."""
    somewhere = TrainingSet(("one",), (TEMPLATE, replace(TEMPLATE, positions=None)))
    with pytest.raises(InputError, match="1 of 2 groups do not say"):
        positions_of(somewhere)
    untouched = TrainingSet(("one",), (replace(TEMPLATE, grades=TEMPLATE.grades * 0),))
    with pytest.raises(InputError, match="nothing was clicked"):
        clicks_apart(untouched, Examination((1.0,)))
    with pytest.raises(InputError, match="nothing was clicked"):
        estimated(untouched, np.zeros(4))
    with pytest.raises(InputError, match="nothing was clicked"):
        each_click(untouched, Examination((1.0,)))


def test_examination_is_found_again() -> None:
    """Where the scores say all of how useful a document is, up to what clickless groups hide."""
    world = ClickedWorld(exponent=1.0, seed=3)
    clicked = world.clicked(4_000)
    found = estimated(clicked.data, clicked.usefulness)
    truth = np.array(world.examination.chances)
    assert found.chances[0] == 1.0
    assert np.array(found.chances[:5]) == pytest.approx(truth[:5], abs=0.08)
    assert [*found.chances] == sorted(found.chances, reverse=True)
    assert (np.array(found.chances) > 0.8 * truth).all()
