"""What is chosen by some of the queries, and how these are put into folds."""

import numpy as np
import pytest

from relevance_eval.tuning.choosing import Chooser, Folds, Scored, best_scoring, surest
from relevance_eval.tuning.points import Leg, Point
from tandem.errors import InputError
from tandem.scoring import LexicalScoring

NOW = Point("best", 20, Leg(share=0.4), Leg(share=0.6))


def test_a_peak_without_shoulders_is_not_chosen() -> None:
    """One share is best alone; a broad hill beside it, a little lower, is taken."""
    points = [Point("best", 100, Leg(share=x / 20), Leg(share=1 - x / 20)) for x in range(1, 20)]
    measured = np.zeros((len(points), 4))
    measured[2] = 0.9
    measured[10:17] = 0.6
    assert Chooser(points, measured)(np.arange(4)) in range(12, 15)


def test_equal_depths_give_the_first() -> None:
    """Then the usual depth stays."""
    points = [Point(depth=depth) for depth in (100, 20, 200)]
    equal = np.full((3, 4), 0.5)
    assert Chooser(points, equal)(np.arange(4)) == 0
    equal[2] = 0.6
    assert Chooser(points, equal)(np.arange(4)) == 2


def test_what_there_is_stays_unless_a_change_is_worth_it() -> None:
    """Another fusion gains 0.1 in each query, or the same in the mean by one query's luck."""
    points = [NOW, Point("min-max", 20)]
    even, lucky = np.zeros((2, 2, 10))
    even[1] = 0.1 + np.arange(10) / 1000
    lucky[1, :2] = 5.0, -2.0
    assert Chooser(points, even)(np.arange(10)) == 1
    assert Chooser(points, lucky)(np.arange(10)) == 0
    assert Chooser(points, lucky).nearest(np.arange(10)) == 1


def test_the_surest_scoring_of_a_point() -> None:
    """Of those queries alone; each point has its own."""
    even, lucky = 0.1 + np.arange(10) / 1000, np.array([5.0, -2.0, *[0.0] * 8])
    now = Scored(LexicalScoring(), {0: np.zeros(10), 7: np.zeros(10)}, np.zeros(10))
    other = Scored(LexicalScoring(phrase=0.1), {0: even, 7: lucky}, np.zeros(10))
    every = np.arange(10)
    assert surest([now, other], 0, every) == 1
    assert surest([now, other], 7, every) == 0
    assert best_scoring([now, other], 7, every) == 1
    assert best_scoring([now, other], 7, every[1:]) == 0
    assert best_scoring([now, now], 0, every) == 0


@pytest.mark.parametrize(
    ("folds", "queries", "told"),
    [
        (10, 19, "19 judged queries, expected 20 or more"),
        (1, 30, "1 folds, expected 2 to 30"),
        (31, 30, "31 folds, expected 2 to 30"),
    ],
)
def test_too_little_to_choose_by(folds: int, queries: int, told: str) -> None:
    """Said before anything is asked."""
    with pytest.raises(InputError, match=told):
        Folds(folds).of(queries)
