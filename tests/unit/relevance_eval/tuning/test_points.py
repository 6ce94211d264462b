"""Every point orders documents as the query path does with its settings."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance_eval.tuning.answers import LEGS, LegAnswer, packed
from relevance_eval.tuning.points import Fuser, Leg, Point, grid, neighbours
from tandem.fusion import LegFusion, reciprocal_rank_fusion, weighted_sum, with_completed_scores
from tandem.normalisation import NORMALISATIONS, Fusion
from tandem.rankings import Ranking

IDS = [f"d{number:02}" for number in range(12)]
SCORED = st.fixed_dictionaries(
    {leg: st.dictionaries(st.sampled_from(IDS), st.integers(-4, 9).map(float)) for leg in LEGS}
)


def searched(
    point: Point, legs: dict[str, dict[str, float]], every: list[dict[str, float]]
) -> Ranking:
    """What the query path makes of both legs' answers."""
    fusion = {
        name: LegFusion(leg.k, leg.weight) for name, leg in zip(LEGS, point.legs, strict=True)
    }
    rankings = [Ranking.from_scores(leg, legs[leg].items(), limit=point.depth) for leg in LEGS]
    fused = reciprocal_rank_fusion(rankings, fusion, limit=point.depth)
    if point.fusion == "rrf":
        return fused
    completed = with_completed_scores(fused, dict(zip(LEGS, every, strict=True)))
    shares = {name: leg.share for name, leg in zip(LEGS, point.legs, strict=True)}
    return weighted_sum(completed, shares, point.fusion)


@pytest.mark.parametrize("fusion", ["rrf", *NORMALISATIONS])
@settings(max_examples=25)
@given(SCORED, SCORED, st.integers(1, 12))
def test_it_is_the_order_that_is_searched_with(
    fusion: Fusion,
    legs: dict[str, dict[str, float]],
    other: dict[str, dict[str, float]],
    depth: int,
) -> None:
    """The same documents with the same scores, whatever the legs found and lack."""
    ids = sorted({*legs["lexical"], *legs["vector"]})
    every = [{name: legs[leg].get(name, other[leg].get(name, 0.0)) for name in ids} for leg in LEGS]
    ranks = [
        {hit.document_id: hit.rank for hit in Ranking.from_scores(leg, legs[leg].items()).hits}
        for leg in LEGS
    ]
    answer = LegAnswer(
        tuple(ids),
        np.array([[known[name] for name in ids] for known in every]).reshape(2, -1),
        np.array([[known.get(name, 0) for name in ids] for known in ranks], dtype=np.int64).reshape(
            2, -1
        ),
    )
    point = Point(fusion, depth, Leg(5.0, 0.3, 0.25), Leg(40.0, 0.7, 0.75))
    values = Fuser(packed({"q": answer}, {"q": {}})).values(point)[0]
    kept = {
        name: value for name, value in zip(ids, values.tolist(), strict=True) if value > -np.inf
    }
    expected = searched(point, legs, every).scores()
    if fusion == "rrf":  # whose tail nobody looks at
        kept = {name: value for name, value in kept.items() if name in expected}
    assert kept == pytest.approx(expected)


def test_points_share_what_they_may() -> None:
    """Asked one after another, each has its own depth, fusion and shares."""
    ranks = np.array([[1, 2, 3], [3, 1, 2]])
    scores = np.array([[9.0, 3.0, 1.0], [0.1, 0.9, 0.5]])
    table = packed({"q": LegAnswer(("a", "b", "c"), scores, ranks)}, {"q": {"a": 1}})
    fuser = Fuser(table)
    points = [
        Point(kind, depth, Leg(share=share), Leg(share=1 - share))
        for kind in NORMALISATIONS for depth in (1, 3) for share in (0.2, 0.8)
    ]  # fmt: skip
    together = [fuser.values(point).tolist() for point in points]
    assert together == [Fuser(table).values(point).tolist() for point in points]
    assert len({str(values) for values in together if -np.inf not in values[0]}) == 10


def test_a_leg_alone_is_its_own_list() -> None:
    """In order of its ranks; what it did not return is none of it."""
    ranks = np.array([[2, 0, 1], [0, 1, 0]])
    table = packed({"q": LegAnswer(("a", "b", "c"), np.zeros((2, 3)), ranks)}, {"q": {}})
    assert Fuser(table).leg(0).tolist() == [[-2.0, -np.inf, -1.0]]
    assert Fuser(table).leg(1).tolist() == [[-np.inf, -1.0, -np.inf]]


@pytest.mark.parametrize("deepest", [7, 100, 200])
def test_the_grid(deepest: int) -> None:
    """Nothing twice, nothing deeper than was asked, both legs in all; the usual depth first."""
    points = grid(deepest)
    assert len({*points}) == len(points)
    assert max(point.depth for point in points) == deepest
    assert points[0] == Point(depth=min(100, deepest))
    assert {point.fusion for point in points} == {"rrf", *NORMALISATIONS}
    assert all(leg.weight > 0 and leg.share > 0 for point in points for leg in point.legs)


def test_neighbours_are_of_one_kind() -> None:
    """Near in what both legs count and in each k, at any depth."""
    middle = Point("best", 100, Leg(share=0.5), Leg(share=0.5))
    others = [
        middle,
        replace(middle, depth=50),
        replace(middle, lexical=Leg(share=0.6), vector=Leg(share=0.4)),
        replace(middle, lexical=Leg(share=0.7), vector=Leg(share=0.3)),
        replace(middle, lexical=Leg(k=5.0, share=0.5)),
        replace(middle, fusion="min-max"),
    ]
    any_depth, same_depth = neighbours(others)
    assert any_depth[0].tolist() == [True, True, True, False, False, False]
    assert same_depth[0].tolist() == [True, False, True, False, False, False]


def test_legs_that_count_nothing_have_neighbours() -> None:
    """What there is now may have no shares, or no weights: it can be measured all the same."""
    now = Point("best", 100, Leg(share=0.0), Leg(share=0.0))
    ranks = Point("rrf", 100, Leg(weight=0.0), Leg(weight=0.0))
    any_depth, _ = neighbours([now, ranks, Point("best"), Point("rrf")])
    assert any_depth.tolist() == [[True, False, True, False], [False, True, False, True]] * 2
