"""What is chosen, what it is said to be worth, and what is warned of."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from relevance_eval.tuning.answers import LegAnswer, LegTable, ndcg, packed
from relevance_eval.tuning.choosing import Folds
from relevance_eval.tuning.points import Fuser, Leg, Point, grid
from relevance_eval.tuning.tuning import Tables, Tuned, tune
from relevance_eval.tuning.written import as_data, as_toml
from tandem.scoring import DEFAULT, LexicalScoring

POINTS = grid(20)
NOW = Point("best", 20, Leg(share=0.4), Leg(share=0.6))
PHRASES = LexicalScoring.of({"title": 2.0}, phrase=0.1)


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


def only(table: LegTable) -> Tables:
    """No other way to score words is tried."""
    return [(DEFAULT, table)]


def test_two_good_legs_are_fused() -> None:
    """The choice is better than either leg, and nothing is warned of but what is not shown."""
    tuned = tune(only(drawn(0.3, 0.3)), POINTS, current=NOW)
    lexical, vector = tuned.lifts[-2:]
    assert lexical.difference.mean > 0
    assert vector.difference.mean > 0
    assert not any("loses to one leg" in warning for warning in tuned.warnings)
    assert tuned.held_out.mean <= tuned.shown + 0.02
    assert tuned.held_out.low < tuned.held_out.mean < tuned.held_out.high


def test_where_one_leg_is_noise_it_says_so() -> None:
    """Hybrid loses to the words alone, whatever its shares; both sentences give the figures."""
    tuned = tune(only(drawn(0.8, 0.0)), POINTS, current=NOW)
    now, alone = tuned.warnings[:2]
    assert now.startswith("hybrid loses to one leg: the lexical leg alone has nDCG@10 0.")
    assert ", as it is now 0." in now
    assert alone.startswith("no hybrid is surely better than one leg: the lexical leg alone")
    assert not any("vector" in warning for warning in tuned.warnings)


@pytest.fixture(scope="module")
def rescored() -> Tuned:
    """Words find more where phrases count."""
    tables = [(DEFAULT, drawn(0.2, 0.3)), (PHRASES, drawn(0.9, 0.3))]
    return tune(tables, POINTS, current=NOW)


def test_words_are_scored_so_that_the_fusion_is_better(rescored: Tuned) -> None:
    """Chosen anew for each fold; what that is worth stands by itself, and beside the leg alone."""
    worse, better, tuned = drawn(0.2, 0.3), drawn(0.9, 0.3), rescored
    alone = tune(only(worse), POINTS, current=NOW)
    assert tuned.point == replace(alone.point, scoring=PHRASES)
    assert {point.scoring for point in tuned.by_fold} == {PHRASES}
    assert not tuned.is_current
    lifts = {lift.other: lift for lift in tuned.lifts}
    own = lifts["the same fusion, words scored as now"]
    assert own.mean == pytest.approx(alone.held_out.mean)
    assert own.difference.low > 0.1
    leg = ndcg(better, Fuser(better).leg(0)).mean()
    assert lifts["the lexical leg alone, scored by title 2, phrase 0.1"].mean == pytest.approx(leg)
    assert lifts["the lexical leg alone"].mean == alone.lifts[-2].mean


def test_words_that_score_no_better_go_on_as_they_do() -> None:
    """It says what came nearest, and that it is not sure."""
    table, like_it = drawn(0.2, 0.3), drawn(0.21, 0.3)
    tuned = tune(
        [(PHRASES, table), (DEFAULT, like_it)], POINTS, current=replace(NOW, scoring=PHRASES)
    )
    assert tuned.point.scoring == PHRASES
    assert (tuned.scorings, tuned.points) == (2, len(POINTS))
    assert len(tuned.lifts) == 4
    told = "no other way to score words is surely better than what there is now, which stays; "
    nearest = next(warning for warning in tuned.warnings if warning.startswith(told))
    assert "came the fields' own weights, +0.0" in nearest


def test_noise_is_no_gain() -> None:
    """Where no point is better the held-out figure does not show one, though the shown one does."""
    tuned = tune(only(drawn(0.0, 0.0)), POINTS, current=NOW)
    now = tuned.lifts[0].difference
    assert now.low <= 0.0
    assert tuned.shown >= tuned.lifts[0].mean
    assert any("no other fusion is surely better than" in warning for warning in tuned.warnings)


def test_a_choice_is_doubted_by_queries_that_had_no_part_in_it() -> None:
    """It was the best of many over the others."""
    tuned = tune(only(drawn(0.4, 0.2)), POINTS, current=NOW)
    assert not tuned.is_current
    assert tuned.lifts[0].difference.low <= 0.0
    doubt = "what was chosen is not surely better than what there is now: nDCG@10 +0.0"
    assert sum(warning.startswith(doubt) for warning in tuned.warnings) == 1
    kept = tune(only(drawn(0.2, 0.5)), POINTS, current=NOW)
    assert kept.is_current
    assert kept.lifts[0].difference == (0.0, 0.0, 0.0), "it differs by no rounding"
    assert not any("what was chosen" in warning for warning in kept.warnings)


def test_it_can_be_done_again() -> None:
    """By the same seed the same figures; folds hold every query once."""
    table = drawn(0.2, 0.3)
    folds = Folds(5, seed=3)
    one, other = (tune(only(table), POINTS, current=NOW, folds=folds) for _ in range(2))
    assert one == other
    drawn_folds = folds.of(60)
    assert len(drawn_folds) == 5 * folds.repeats
    assert sorted(np.concatenate(drawn_folds[:5]).tolist()) == list(range(60))
    assert drawn_folds[0].tolist() != drawn_folds[5].tolist()


def test_what_is_written_says_the_settings(rescored: Tuned) -> None:
    """The file and the data have the same point; the worth stands beside it."""
    tuned, text = rescored, as_toml(rescored, "a\nb")
    assert tomllib.loads(text)["search"] == tuned.point.settings() == as_data(tuned)["search"]
    assert as_data(tuned)["search"]["lexical"]["weights"] == {"title": 2.0}
    assert f"{tuned.held_out.mean:.4f} held out" in text
    assert as_data(tuned)["queries"] == 60
