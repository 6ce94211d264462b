"""What the legs said, as signals, by hand."""

import pytest

from tandem.fusion import weighted_sum
from tandem.rankings import Evidence, Ranking
from tests.scenes import answered, said, scene_of

BY_HAND = answered(
    # a: both legs; b: meaning alone, completed; c: words alone, never completed
    (Evidence("lexical", 1, 8.0, 1 / 61), Evidence("vector", 2, 0.6, 1 / 62)),
    (Evidence("vector", 1, 0.8, 1 / 61), Evidence("lexical", None, 2.0, 0.0)),
    (Evidence("lexical", 2, 4.0, 1 / 62),),
)


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("lexical_score", [8.0, 2.0, 4.0]),
        ("lexical_share", [1.0, 0.25, 0.5]),
        ("lexical_gap", [0.0, 6.0, 4.0]),
        ("lexical_rank", [1.0, None, 2.0]),
        ("vector_score", [0.6, 0.8, None]),
        ("vector_share", [0.75, 1.0, None]),
        ("vector_gap", [0.2, 0.0, None]),
        ("vector_rank", [2.0, 1.0, None]),
        ("fused_score", [1 / 61 + 1 / 62, 1 / 61, 1 / 62]),
        ("fused_rank", [1.0, 2.0, 3.0]),
        ("legs_found", [2.0, 1.0, 1.0]),
        # a: 0.4 x 1 + 0.6 x 0.75; b: 0.4 x 0.25 + 0.6; c: 0.4 x 0.5
        ("blended_score", [0.85, 0.7, 0.2]),
        ("blended_gap", [0.0, 0.15, 0.65]),
        ("blended_rank", [1.0, 2.0, 3.0]),
        ("blended_lead", [0.15, 0.5, 0.2]),
        ("blended_spread", [1.0, 0.5 / 0.65, 0.0]),
    ],
)
def test_by_hand(feature: str, expected: list[float | None]) -> None:
    """Scores completed or not, beside the best; ranks where a leg returned the document."""
    assert said(scene_of(candidates=BY_HAND), feature) == [
        None if value is None else pytest.approx(value) for value in expected
    ]


LEGS = ["lexical_score", "lexical_share", "lexical_gap", "lexical_rank"]
OTHERS = ["fused_score", "blended_gap", "blended_rank", "blended_lead", "blended_spread"]
LEGS += [name.replace("lexical", "vector") for name in LEGS]


@pytest.mark.parametrize("feature", LEGS)
def test_a_leg_that_said_nothing(feature: str) -> None:
    """It was down: nothing is known of what it would have said."""
    assert said(scene_of("a", "b"), feature) == [None, None]


@pytest.mark.parametrize("feature", [*LEGS, *OTHERS])
def test_no_candidates(feature: str) -> None:
    """Nothing in, nothing out."""
    assert said(scene_of(candidates=Ranking("rrf")), feature) == []


def test_nothing_scored_above_nothing() -> None:
    """A best cosine below 0 gives no share, and the blended score counts it as 0."""
    opposite = answered((Evidence("vector", 1, -0.2, 0.1),), (Evidence("vector", 2, -0.5, 0.1),))
    scene = scene_of(candidates=opposite)
    assert said(scene, "vector_share") == [None, None]
    assert said(scene, "vector_gap") == pytest.approx([0.0, 0.3])
    assert said(scene, "blended_score") == [0.0, 0.0]


def test_a_negative_score_beside_a_good_one() -> None:
    """A share is never below 0."""
    both = answered((Evidence("vector", 1, 0.5, 0.1),), (Evidence("vector", 2, -0.5, 0.1),))
    assert said(scene_of(candidates=both), "vector_share") == [1.0, 0.0]


@pytest.mark.parametrize("shares", [{"lexical": 3.0, "vector": 0.5}, {"vector": 2.0}, {}])
def test_the_blended_order_is_that_without_a_model(shares: dict[str, float]) -> None:
    """Whatever the settings make the legs worth; the score stays a share."""
    hits = answered(
        (Evidence("lexical", 1, 9.0, 0.1), Evidence("vector", 3, 0.2, 0.1)),
        (Evidence("lexical", 2, 3.0, 0.1), Evidence("vector", 1, 0.8, 0.1)),
        (Evidence("vector", 2, 0.6, 0.1),),
    )
    order = {hit.document_id: hit.score for hit in weighted_sum(hits, shares).hits}
    scores = said(scene_of(candidates=hits, shares=shares), "blended_score")
    total = sum(shares.values()) or 1.0
    assert scores == pytest.approx([order[name] / total for name in "abc"])


def test_equal_blended_scores_share_a_rank() -> None:
    """Two seconds, and then a fourth."""
    scores = [1.0, 3.0, 2.0, 2.0]
    hits = [(Evidence("lexical", None, score, 0.0),) for score in scores]
    assert said(scene_of(candidates=answered(*hits)), "blended_rank") == [4.0, 1.0, 2.0, 2.0]
    assert said(scene_of(candidates=answered(*hits)), "blended_lead") == pytest.approx(
        [0.4 / 3, 0.4 / 3, 0.0, 0.4 / 3]
    )


def test_candidates_that_are_all_alike() -> None:
    """They have no spread."""
    alike = answered(*[(Evidence("vector", None, 0.5, 0.0),)] * 2)
    assert said(scene_of(candidates=alike), "blended_spread") == [None, None]
    assert said(scene_of(candidates=alike), "blended_lead") == pytest.approx([0.0, 0.6])
