"""Measures of scores agree with those of ir_measures, and with what is found by hand."""

from itertools import permutations

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.training.groups import Group, TrainingSet
from rerank.training.measuring import Measuring
from tests.training_sets import training_set


def graded(*groups: dict[str, int]) -> TrainingSet:
    """Groups of document -> grade, without features."""
    return TrainingSet(
        (),
        tuple(
            Group(
                group_id=str(number),
                document_ids=tuple(grades),
                grades=np.array([*grades.values()], dtype=np.int32),
                values=np.empty((len(grades), 0), dtype=np.float32),
            )
            for number, grades in enumerate(groups)
        ),
    )


def test_ndcg_is_that_of_ir_measures() -> None:
    """With gain 2^grade - 1, for groups of any length, scores without ties. It hands this measure
    to a program that wants numbers for queries, and gives five digits.
    """
    random = np.random.default_rng(4)
    lengths = [3, 12, 25, 1, 10]
    data = graded(
        *({f"d{place}": int(random.integers(0, 4)) for place in range(size)} for size in lengths)
    )
    scores = random.normal(size=sum(lengths))
    at = iter(scores.tolist())
    run = {group.group_id: {name: next(at) for name in group.document_ids} for group in data.groups}
    qrels = {
        group.group_id: dict(zip(group.document_ids, group.grades.tolist(), strict=True))
        for group in data.groups
    }
    measure = ir_measures.parse_measure("nDCG(dcg='exp-log2')@10")
    theirs = {
        metric.query_id: metric.value for metric in ir_measures.iter_calc([measure], qrels, run)
    }
    ours = Measuring(data).ndcg(scores)
    assert {
        group.group_id: pytest.approx(value, abs=1e-5)
        for group, value in zip(data.groups, ours, strict=True)
        if not np.isnan(value)
    } == {name: value for name, value in theirs.items() if any(qrels[name].values())}


def test_by_hand() -> None:
    """Gains 7, 0, 1; equal scores stand by document_id."""
    data = graded({"b": 3, "a": 0, "c": 1})
    ideal = 7 + 1 / np.log2(3)
    assert Measuring(data).ndcg(np.array([3.0, 2.0, 1.0])) == pytest.approx((7 + 0.5) / ideal)
    tied = (7 / np.log2(3) + 1 / 2) / ideal  # a, b, c
    assert Measuring(data).ndcg(np.zeros(3)) == pytest.approx(tied)
    assert Measuring(data, depth=1).ndcg(np.zeros(3)) == pytest.approx(0.0)


def test_a_group_that_cannot_tell_has_no_measure() -> None:
    """Nothing of use, or for AUC nothing else."""
    data = graded({"a": 0, "b": 0}, {"a": 1, "b": 1}, {"a": 1, "b": 0})
    scores = np.array([1.0, 2.0, 1.0, 2.0, 1.0, 2.0])
    assert np.isnan(Measuring(data).ndcg(scores)).tolist() == [True, False, False]
    assert np.isnan(Measuring(data).auc(scores)).tolist() == [True, True, False]
    assert np.isnan(Measuring(data).auc(scores, at_least=2)).all()


def test_chance_is_the_mean_of_all_orders() -> None:
    """Of a group with four documents, by trying every one."""
    data = graded({"a": 3, "b": 0, "c": 1, "d": 1}, {"a": 0, "b": 1})
    tried = [
        Measuring(data, depth=3).ndcg(np.array([*order, *order[:2]], dtype=np.float64))
        for order in permutations(range(4))
    ]
    assert Measuring(data, depth=3).expected_ndcg() == pytest.approx(np.mean(tried, axis=0))


@given(
    grades=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=4),
    seed=st.integers(0, 9),
)
def test_auc_counts_pairs(grades: list[list[int]], seed: int) -> None:
    """A tie counts half."""
    data = graded(*({f"d{at}": grade for at, grade in enumerate(group)} for group in grades))
    scores = np.random.default_rng(seed).integers(0, 3, len(data.grades)).astype(np.float64)
    found = Measuring(data).auc(scores)
    start = 0
    for group, value in zip(grades, found, strict=True):
        own = scores[start : start + len(group)]
        start += len(group)
        pairs = [
            (one > other) + 0.5 * (one == other)
            for one, good in zip(own, group, strict=True)
            for other, bad in zip(own, group, strict=True)
            if good >= 1 and bad < 1
        ]
        assert (np.isnan(value) and not pairs) or value == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("data", [training_set(0), graded({"a": 1}, {})])
def test_nothing_cannot_be_measured(data: TrainingSet) -> None:
    """No group, or one without documents."""
    with pytest.raises(ValueError, match="expected groups that hold documents"):
        Measuring(data)
