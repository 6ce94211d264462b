"""What is chosen, what it is said to be worth, and what is warned of."""

import tomllib

import numpy as np
import pytest

from relevance_eval.tuning.answers import LegAnswer, LegTable, packed
from relevance_eval.tuning.points import Leg, Point, grid
from relevance_eval.tuning.tuning import Chooser, Folds, tune
from relevance_eval.tuning.written import as_data, as_toml
from tandem.errors import InputError

POINTS = grid(20)
NOW = Point("best", 20, Leg(share=0.4), Leg(share=0.6))


def drawn(lexical: float, vector: float, queries: int = 60) -> LegTable:
    """One relevant document of twenty a query; each leg's scores are noise, and so much more where
    it is relevant.
    """
    random = np.random.default_rng(7)
    ids = tuple(f"d{number:02}" for number in range(20))
    answers, qrels = {}, {}
    for number in range(queries):
        relevant = int(random.integers(20))
        scores = random.random((2, 20))
        scores[:, relevant] += lexical, vector
        ranks = (-scores).argsort(axis=1).argsort(axis=1) + 1
        answers[f"q{number}"] = LegAnswer(ids, scores, ranks)
        qrels[f"q{number}"] = {ids[relevant]: 1}
    return packed(answers, qrels)


def test_two_good_legs_are_fused() -> None:
    """The choice is better than either leg, and nothing is warned of but what is not shown."""
    tuned = tune(drawn(0.3, 0.3), POINTS, current=NOW)
    lexical, vector = tuned.lifts[-2:]
    assert lexical.difference.mean > 0
    assert vector.difference.mean > 0
    assert not any("loses to one leg" in warning for warning in tuned.warnings)
    assert tuned.held_out.mean <= tuned.shown + 0.02
    assert tuned.held_out.low < tuned.held_out.mean < tuned.held_out.high


def test_where_one_leg_is_noise_it_says_so() -> None:
    """Hybrid loses to the words alone, whatever its shares; both sentences give the figures."""
    tuned = tune(drawn(0.8, 0.0), POINTS, current=NOW)
    now, alone = tuned.warnings[:2]
    assert now.startswith("hybrid loses to one leg: the lexical leg alone has nDCG@10 0.")
    assert alone.startswith("no hybrid is surely better than one leg: the lexical leg alone")
    assert not any("vector" in warning for warning in tuned.warnings)


def test_noise_is_no_gain() -> None:
    """Where no point is better the held-out figure does not show one, though the shown one does."""
    tuned = tune(drawn(0.0, 0.0), POINTS, current=NOW)
    now = tuned.lifts[0].difference
    assert now.low <= 0.0
    assert tuned.shown >= tuned.lifts[0].mean
    assert any("nothing is surely better than what" in warning for warning in tuned.warnings)


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


def test_it_can_be_done_again() -> None:
    """By the same seed the same figures; folds hold every query once."""
    table = drawn(0.2, 0.3)
    folds = Folds(5, seed=3)
    assert tune(table, POINTS, current=NOW, folds=folds) == tune(
        table, POINTS, current=NOW, folds=folds
    )
    drawn_folds = folds.of(60)
    assert len(drawn_folds) == 5 * folds.repeats
    assert sorted(np.concatenate(drawn_folds[:5]).tolist()) == list(range(60))
    assert drawn_folds[0].tolist() != drawn_folds[5].tolist()


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


def test_what_is_written_says_the_settings() -> None:
    """The file and the data have the same point; the worth stands beside it."""
    tuned = tune(drawn(0.3, 0.3), POINTS, current=NOW)
    text = as_toml(tuned, "a\nb")
    assert tomllib.loads(text)["search"] == tuned.point.settings() == as_data(tuned)["search"]
    assert f"{tuned.held_out.mean:.4f} held out" in text
    assert as_data(tuned)["queries"] == 60
