"""Fusion and completion, against arithmetic done by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.fusion import (
    LegFusion,
    missing_scores,
    reciprocal_rank_fusion,
    weighted_sum,
    with_completed_scores,
)
from tandem.rankings import Evidence, Hit, Ranking

LEGS = {"lexical": LegFusion(), "vector": LegFusion()}
LEXICAL = Ranking.from_scores("lexical", [("a", 9.0), ("b", 6.0), ("c", 3.0)])
VECTOR = Ranking.from_scores("vector", [("b", 0.8), ("d", 0.4)])
WEIGHTS = {"lexical": 0.4, "vector": 0.6}

SCORES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.sampled_from([-0.5, 0.0, 0.25, 0.5, 1.0, 7.5]), max_size=8
)


def rrf(*rankings: Ranking, limit: int = 100, **legs: LegFusion) -> Ranking:
    """Fusion with the default legs."""
    return reciprocal_rank_fusion(rankings, LEGS | legs, limit=limit)


# --- reciprocal rank fusion ---


def test_rrf_by_hand() -> None:
    """a: 1/61; b: 1/62 + 1/61; c: 1/63; d: 1/62. So b, a, d, c."""
    fused = rrf(LEXICAL, VECTOR)
    assert fused.name == "rrf"
    assert fused.document_ids == ("b", "a", "d", "c")
    assert [hit.score for hit in fused.hits] == pytest.approx(
        [0.016129032 + 0.016393443, 0.016393443, 0.016129032, 0.015873016], abs=1e-9
    )


def test_rrf_evidence() -> None:
    """Each leg that returned a hit says rank, score and share; the shares add up to the score."""
    fused = {hit.document_id: hit for hit in rrf(LEXICAL, VECTOR).hits}
    assert fused["b"].evidence == (
        Evidence("lexical", 2, 6.0, 1 / 62),
        Evidence("vector", 1, 0.8, 1 / 61),
    )
    assert fused["d"].evidence == (Evidence("vector", 2, 0.4, 1 / 62),)
    for hit in fused.values():
        assert hit.score == sum(part.share for part in hit.evidence)


def test_rrf_with_own_constants() -> None:
    """With k = 1, weight 2 for words and k = 0, weight 3 for meaning:
    a: 2/2 = 1; b: 2/3 + 3/1 = 3.667; c: 2/4 = 0.5; d: 3/2 = 1.5.
    """
    fused = rrf(LEXICAL, VECTOR, lexical=LegFusion(1, 2), vector=LegFusion(0, 3))
    assert fused.document_ids == ("b", "d", "a", "c")
    assert [hit.score for hit in fused.hits] == pytest.approx([2 / 3 + 3, 1.5, 1.0, 0.5])


def test_rrf_of_one_leg_keeps_its_order() -> None:
    """A missing leg adds nothing and takes nothing away."""
    assert rrf(LEXICAL).document_ids == LEXICAL.document_ids
    assert rrf(LEXICAL, Ranking("vector")).hits == rrf(LEXICAL).hits
    assert rrf() == Ranking("rrf")


def test_a_leg_of_weight_zero_only_adds_candidates() -> None:
    """What only it returned stands last, by id."""
    fused = rrf(LEXICAL, VECTOR, vector=LegFusion(weight=0))
    assert fused.document_ids == ("a", "b", "c", "d")
    assert fused.hits[-1].score == 0


@given(SCORES, SCORES, st.integers(0, 10))
def test_rrf_does_not_depend_on_the_order_of_legs(left: Any, right: Any, limit: int) -> None:
    """Both legs may come in either order, and the limit takes the best of all."""
    lexical = Ranking.from_scores("lexical", left.items())
    vector = Ranking.from_scores("vector", right.items())
    one, other = rrf(lexical, vector), rrf(vector, lexical)
    assert one.scores() == other.scores()
    assert one.document_ids == other.document_ids
    assert set(one.document_ids) == left.keys() | right.keys()
    assert rrf(lexical, vector, limit=limit) == one.top(limit)


@given(SCORES, SCORES)
def test_rrf_rewards_a_better_rank(left: Any, right: Any) -> None:
    """A document that both legs put above another stands above it."""
    lexical = Ranking.from_scores("lexical", left.items())
    vector = Ranking.from_scores("vector", right.items())
    first = {hit.document_id: hit.rank for hit in lexical.hits}
    second = {hit.document_id: hit.rank for hit in vector.hits}
    place = {hit.document_id: hit.rank for hit in rrf(lexical, vector).hits}
    both = first.keys() & second.keys()
    for one in both:
        for other in both:
            if first[one] < first[other] and second[one] < second[other]:
                assert place[one] < place[other]


# --- completion ---


def test_missing_scores() -> None:
    """The candidates a leg has not spoken of, in their order."""
    fused = rrf(LEXICAL, VECTOR)
    assert missing_scores(fused, "vector") == ("a", "c")
    assert missing_scores(fused, "lexical") == ("d",)
    assert missing_scores(fused, "third") == fused.document_ids


def test_completion_adds_a_score_without_a_rank() -> None:
    """Scores, order and the evidence there was stay; what cannot match gets 0."""
    fused = rrf(LEXICAL, VECTOR)
    completed = with_completed_scores(fused, {"vector": {"a": 0.3, "b": 99.0, "unknown": 1.0}})
    assert completed.name == fused.name
    assert [(hit.document_id, hit.rank, hit.score) for hit in completed.hits] == [
        (hit.document_id, hit.rank, hit.score) for hit in fused.hits
    ]
    by_id = {hit.document_id: hit.evidence for hit in completed.hits}
    assert by_id["a"][1:] == (Evidence("vector", None, 0.3, 0.0),)
    assert by_id["c"][1:] == (Evidence("vector", None, 0.0, 0.0),)
    assert by_id["b"] == fused.hits[0].evidence, "what the leg said itself is not replaced"
    assert missing_scores(completed, "vector") == ()


# --- the weighted sum ---


def test_weighted_sum_by_hand() -> None:
    """With best scores 9 and 0.8, and the completed cosine 0.2 of a and score 4.5 of d:
    a: 0.4 x 9/9 + 0.6 x 0.2/0.8 = 0.55;  b: 0.4 x 6/9 + 0.6 x 0.8/0.8 = 0.8667;
    c: 0.4 x 3/9 + 0.6 x 0 = 0.1333;      d: 0.4 x 4.5/9 + 0.6 x 0.4/0.8 = 0.5.
    """
    completed = with_completed_scores(rrf(LEXICAL, VECTOR), {"vector": {"a": 0.2}})
    completed = with_completed_scores(completed, {"lexical": {"d": 4.5}})
    ranking = weighted_sum(completed, WEIGHTS)
    assert ranking.name == "hybrid"
    assert ranking.document_ids == ("b", "a", "d", "c")
    assert [hit.score for hit in ranking.hits] == pytest.approx(
        [0.866667, 0.55, 0.5, 0.133333], abs=1e-6
    )
    shares = {
        hit.document_id: [part.contribution for part in hit.contributions] for hit in ranking.hits
    }
    assert shares["a"] == pytest.approx([0.4, 0.15])
    assert shares["d"] == pytest.approx([0.3, 0.2])
    ranks = {hit.document_id: [part.rank for part in hit.evidence] for hit in ranking.hits}
    assert ranks == {"a": [1, None], "b": [2, 1], "c": [3, None], "d": [2, None]}


@pytest.mark.parametrize("best", [0.0, -0.2])
def test_a_leg_without_a_positive_score_says_nothing(best: float) -> None:
    """Where a leg's best score is 0 or less it adds 0 to all, and the other one decides."""
    vector = Ranking.from_scores("vector", [("a", best - 0.5), ("c", best)])
    completed = with_completed_scores(rrf(LEXICAL, vector), {"vector": {"b": best - 0.1}})
    ranking = weighted_sum(completed, WEIGHTS)
    assert ranking.document_ids == ("a", "b", "c")
    assert [hit.score for hit in ranking.hits] == pytest.approx([0.4, 0.4 * 6 / 9, 0.4 * 3 / 9])


def test_a_negative_score_counts_as_zero() -> None:
    """A cosine below 0 takes nothing away from what the other leg gave."""
    vector = Ranking.from_scores("vector", [("b", 0.5), ("a", -0.9)])
    scores = weighted_sum(rrf(LEXICAL, vector), WEIGHTS).scores()
    assert scores["a"] == pytest.approx(0.4)
    assert scores["b"] == pytest.approx(0.4 * 6 / 9 + 0.6)


def test_one_leg_alone_keeps_its_order_and_weight() -> None:
    """A missing leg adds 0; the weights are not rescaled."""
    ranking = weighted_sum(rrf(LEXICAL), WEIGHTS)
    assert ranking.document_ids == LEXICAL.document_ids
    assert ranking.hits[0].score == pytest.approx(0.4)


def test_a_leg_without_a_weight_adds_nothing() -> None:
    """Evidence of a leg that the weights do not name is kept and counts 0."""
    ranking = weighted_sum(rrf(LEXICAL, VECTOR), {"lexical": 1.0})
    assert ranking.scores()["d"] == 0.0
    assert ranking.hits[-1].evidence == (Evidence("vector", 2, 0.4, 1 / 62),)


def test_an_unknown_score_adds_nothing() -> None:
    """A score that never came (``None``) is no score."""
    hit = Hit("a", 1, 1.0, (Evidence("vector", None, None, 0.0), Evidence("lexical", 1, 2.0, 0.1)))
    assert weighted_sum(Ranking("rrf", (hit,)), WEIGHTS).scores() == {"a": pytest.approx(0.4)}


def test_the_smallest_scores_are_no_trouble() -> None:
    """A best score that is barely above 0 divides without overflow."""
    vector = Ranking.from_scores("vector", [("a", 5e-324), ("b", 0.0)])
    ranking = weighted_sum(rrf(vector), WEIGHTS)
    assert ranking.scores() == {"a": 0.6, "b": 0.0}


@given(SCORES, SCORES, st.floats(0, 1))
def test_weighted_sum_is_bounded_and_monotonic(left: Any, right: Any, share: float) -> None:
    """Scores lie between 0 and the sum of weights; better in both legs is never below."""
    lexical = Ranking.from_scores("lexical", left.items())
    vector = Ranking.from_scores("vector", right.items())
    completed = with_completed_scores(rrf(lexical, vector), {"vector": {}})
    completed = with_completed_scores(completed, {"lexical": {}})
    weights = {"lexical": 1 - share, "vector": share}
    scores = weighted_sum(completed, weights).scores()
    assert scores.keys() == left.keys() | right.keys()
    for one, score in scores.items():
        assert 0 <= score <= 1 + 1e-12
        for other in scores:
            if left.get(one, 0) >= left.get(other, 0) and right.get(one, 0) >= right.get(other, 0):
                assert score >= scores[other]
