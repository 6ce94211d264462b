"""A model is measured beside what it has to beat, and where it has the least to go by."""

from dataclasses import replace

import numpy as np
import pytest

from rerank.training.baselines import baselines
from rerank.training.groups import Group, TrainingSet
from rerank.training.proof import (
    COLD_DOCUMENTS,
    COLD_PEOPLE,
    NOTHING,
    WARM_PEOPLE,
    Prover,
)

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
        (DATA, "positions", [-1.0, -3.0, -2.0]),
        (lacking(), "blended_score", [0.9, 0.5, 0.2]),
        (lacking("blended_score"), "rating", [2.0, 4.0, 3.0]),
        (lacking("blended_score", "rating"), "chosen", [9.0, 9.0, 3.0]),
        (lacking(*NAMES), "random", None),
    ],
)
def test_the_untrained_order_is_the_best_that_is_known(
    data: TrainingSet, by: str, first: list[float] | None
) -> None:
    """As shown, by the legs, by everyone's ratings (the mean where unknown), or by lot."""
    found = baselines(data)["untrained"]
    assert found.by == by
    if first is None:
        assert found.scores is None
    else:
        assert found.scores is not None
        assert found.scores[:3] == pytest.approx(first)


def test_simple_orders_are_there_as_far_as_they_are_known() -> None:
    """What never tells documents apart is no order."""
    assert {*baselines(DATA)} == {"random", "untrained", "item_mean", "popularity"}
    assert {*baselines(lacking("rating"))} == {"random", "untrained", "popularity"}
    assert {*baselines(TrainingSet((), DATA.only(()).groups))} == {"random", "untrained"}


def test_measures_by_hand() -> None:
    """The model puts the good document first everywhere, the shown order last."""
    scores = np.tile([0.0, 1.0, 0.0], 4)
    proof = Prover(DATA, good=2).prove({"model": scores, "other": -scores}, live=3)
    assert proof.models["model"]["nDCG@10"] == (1.0, 1.0, 1.0)
    assert proof.models["untrained"]["nDCG@10"].mean == pytest.approx(0.5)  # 1 / log2(4)
    assert proof.models["untrained"]["AUC"] == (0.0, 0.0, 0.0)
    assert proof.models["random"]["AUC"] == (0.5, 0.5, 0.5)
    assert proof.lifts["untrained"]["nDCG@10"].mean == pytest.approx(0.5)
    assert proof.lifts["other"]["AUC"].mean == 1.0
    assert "model" not in proof.lifts
    assert (proof.groups, proof.users, proof.untrained, proof.live) == (4, 4, "positions", 3)


def test_slices_show_where_little_is_known() -> None:
    """Of people, and of the best documents; a slice without groups is not told."""
    proof = Prover(DATA).prove({"model": np.zeros(12)})
    assert proof.slice_groups == {
        NOTHING: 1, COLD_PEOPLE: 1, WARM_PEOPLE: 2, COLD_DOCUMENTS: 1,
    }  # fmt: skip
    assert {*proof.slices[COLD_PEOPLE]} == {*proof.models}
    known = TrainingSet(NAMES, DATA.groups[2:])
    assert {*Prover(known).prove({"model": np.zeros(6)}).slices} == {WARM_PEOPLE}


def test_weighted_clicks_have_no_auc() -> None:
    """It would count them as if every place were looked at."""
    proof = Prover(DATA, np.ones(12)).prove({"model": np.zeros(12)})
    assert all([*measures] == ["nDCG@10"] for measures in proof.models.values())
