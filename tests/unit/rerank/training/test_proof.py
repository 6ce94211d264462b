"""A model is measured beside what it has to beat, and where it has the least to go by."""

from dataclasses import replace

import numpy as np
import pytest

from rerank.training.baselines import baselines
from rerank.training.bias import Examination
from rerank.training.groups import Group, TrainingSet
from rerank.training.proof import (
    COLD_DOCUMENTS,
    COLD_PEOPLE,
    NOTHING,
    WARM_PEOPLE,
    Prover,
)
from tests.clicked_world import BY_MISTAKE, ClickedWorld, Floats

NAMES = ("blended_score", "rating", "chosen", "rated", "person_count")


def group(number: int, deeds: float, chosen: float = 9.0) -> Group:
    """Document "b" is good; it is shown last, and rated best."""
    return Group(
        f"q{number}",
        ("a", "b", "c"),
        np.array([0, 2, 0], dtype=np.int32),
        np.array(
            [[0.9, 2.0, 9.0, 0.0, deeds], [0.5, 4.0, chosen, 0.0, deeds],
             [0.2, np.nan, 3.0, 2.0, deeds]],
            dtype=np.float32,
        ),
        user_id=f"u{number}",
        positions=np.array([1, 3, 2], dtype=np.int32),
    )  # fmt: skip


DATA = TrainingSet(NAMES, (group(1, np.nan), group(2, 0, chosen=1), group(3, 5), group(4, 200)))


def lacking(*names: str, positions: bool = False) -> TrainingSet:
    """Some features are never known."""
    groups = []
    for one in DATA.groups:
        values = one.values.copy()
        values[:, [NAMES.index(name) for name in names]] = np.nan
        groups.append(replace(one, values=values, positions=one.positions if positions else None))
    return TrainingSet(NAMES, tuple(groups))


@pytest.mark.parametrize(
    ("data", "by", "first"),
    [
        (DATA, "blended_score", [0.9, 0.5, 0.2]),
        (lacking(), "blended_score", [0.9, 0.5, 0.2]),
        (lacking("blended_score", positions=True), "positions", [-1.0, -3.0, -2.0]),
        (lacking("blended_score"), "rating", [2.0, 4.0, 3.0]),
        (lacking("blended_score", "rating"), "chosen", [9.0, 9.0, 3.0]),
        (lacking(*NAMES), "random", None),
    ],
)
def test_the_untrained_order_is_the_best_that_is_known(
    data: TrainingSet, by: str, first: list[float] | None
) -> None:
    """By the legs, as shown, by everyone's ratings (the mean where unknown), or by lot."""
    found = baselines(data)["untrained"]
    assert found.by == by
    if first is None:
        assert found.scores is None
    else:
        assert found.scores is not None
        assert found.scores[:3] == pytest.approx(first)


def test_simple_orders_are_there_as_far_as_they_are_known() -> None:
    """What never tells documents apart is no order."""
    assert {*baselines(DATA)} == {"random", "untrained", "shown", "item_mean", "popularity"}
    assert {*baselines(lacking("rating"))} == {"random", "untrained", "popularity"}
    assert {*baselines(TrainingSet((), DATA.only(()).groups))} == {"random", "untrained", "shown"}


def test_what_was_shown_stands_for_what_was_not_logged() -> None:
    """In those groups alone, and it is told in how many."""
    bare = lacking("blended_score", positions=True).groups
    found = baselines(TrainingSet(NAMES, (DATA.groups[0], *bare[1:])))["untrained"]
    assert found.by == "blended_score, positions in 3 of 4 groups"
    assert found.scores is not None
    assert found.scores[:6] == pytest.approx([0.9, 0.5, 0.2, -1.0, -3.0, -2.0])


def test_measures_by_hand() -> None:
    """The model puts the good document first everywhere, the shown order last, the untrained one
    between.
    """
    scores = np.tile([0.0, 1.0, 0.0], 4)
    proof = Prover(DATA, good=2).prove({"model": scores, "other": -scores}, live=3)
    assert proof.models["model"]["nDCG@10"] == (1.0, 1.0, 1.0)
    assert proof.models["shown"]["nDCG@10"].mean == pytest.approx(0.5)  # 1 / log2(4)
    assert proof.models["shown"]["AUC"] == (0.0, 0.0, 0.0)
    assert proof.models["untrained"]["AUC"] == (0.5, 0.5, 0.5)
    assert proof.models["random"]["AUC"] == (0.5, 0.5, 0.5)
    assert proof.lifts["shown"]["nDCG@10"].mean == pytest.approx(0.5)
    assert proof.lifts["untrained"]["nDCG@10"].mean == pytest.approx(1 - 1 / np.log2(3))
    assert proof.lifts["other"]["AUC"].mean == 1.0
    assert "model" not in proof.lifts
    assert (proof.groups, proof.users, proof.untrained, proof.live) == (4, 4, "blended_score", 3)


def test_slices_show_where_little_is_known() -> None:
    """Of people, and of the best documents; a slice without groups is not told."""
    proof = Prover(DATA).prove({"model": np.zeros(12)})
    assert proof.slice_groups == {
        NOTHING: 1, COLD_PEOPLE: 1, WARM_PEOPLE: 2, COLD_DOCUMENTS: 1,
    }  # fmt: skip
    assert {*proof.slices[COLD_PEOPLE]} == {*proof.models}
    known = TrainingSet(NAMES, DATA.groups[2:])
    assert {*Prover(known).prove({"model": np.zeros(6)}).slices} == {WARM_PEOPLE}


def test_clicks_have_no_auc() -> None:
    """It would count them as if every place were looked at. Groups are counted, not clicks."""
    proof = Prover(DATA, Examination((1.0,))).prove({"model": np.zeros(12)})
    assert all([*measures] == ["nDCG@10"] for measures in proof.models.values())
    assert (proof.groups, proof.users, proof.slice_groups[WARM_PEOPLE]) == (4, 4, 2)


def worth_of_places(data: TrainingSet, scores: Floats) -> float:
    """What the place of a document is worth on average of those that would be clicked if all were
    looked at: the useful ones, and some by mistake.
    """
    ranks = np.argsort(np.argsort(-scores.reshape(len(data), -1), axis=1), axis=1) + 1.0
    worth = np.where(ranks <= 10, 1.0 / np.log2(ranks + 1.0), 0.0).ravel()
    return float(np.average(worth, weights=np.maximum(data.grades, BY_MISTAKE)))


def truth(data: TrainingSet) -> Floats:
    """The scores that are most right in the world of clicks."""
    rows = data.values.astype(np.float64)
    linear = rows[:, 0] + 0.8 * rows[:, 1] - 0.6 * rows[:, 2] + 0.5 * rows[:, 3]
    return np.asarray(linear + 0.8 * rows[:, 4] * rows[:, 5])


def test_clicks_prove_what_the_truth_proves() -> None:
    """People click what stands high; who knows what is useful is better than the order shown all
    the same, by as much as if everything were looked at, and who has it upside down is worse.
    """
    world = ClickedWorld(seed=3)
    clicked, true = world.clicked(1_500).data, world.true(1_500)
    best, worst = truth(clicked), -truth(clicked)
    proof = Prover(clicked, world.examination).prove({"model": best, "worst": worst})
    shown = np.tile(-np.arange(20.0), len(true))
    expected = worth_of_places(true, truth(true)) - worth_of_places(true, shown)
    lift = proof.lifts["untrained"]["nDCG@10"]
    assert lift.low > 0.1
    assert lift.mean == pytest.approx(expected, abs=0.02)
    upside_down = Prover(clicked, world.examination).prove({"model": worst})
    assert upside_down.lifts["untrained"]["nDCG@10"].high < -0.1
