"""The order until a model is trained, by hand."""

import pytest

from rerank.completed_scores import CompletedScoreReranker
from tandem.documents import Document
from tandem.fusion import LegFusion, reciprocal_rank_fusion, with_completed_scores
from tandem.queries import Query
from tandem.rankings import Ranking

LEGS = {"lexical": LegFusion(), "vector": LegFusion()}


class Untouched(dict[str, Document]):
    """Documents that nobody may look at."""

    def __getitem__(self, key: str) -> Document:
        raise AssertionError(f"{key} was looked at")


def candidates() -> Ranking:
    """Words return a 8 and b 2; meaning returns b 0.9 and would give a 0.6."""
    lexical = Ranking.from_scores("lexical", [("a", 8.0), ("b", 2.0)])
    vector = Ranking.from_scores("vector", [("b", 0.9)])
    fused = reciprocal_rank_fusion([lexical, vector], LEGS, limit=10)
    return with_completed_scores(fused, {"vector": {"a": 0.6}})


@pytest.mark.parametrize(
    ("lexical", "vector", "order", "scores"),
    [
        # a: 0.4 x 8/8 + 0.6 x 0.6/0.9 = 0.8;  b: 0.4 x 2/8 + 0.6 x 0.9/0.9 = 0.7
        (0.4, 0.6, ("a", "b"), [0.8, 0.7]),
        # a: 0.1 + 0.9 x 2/3 = 0.7;  b: 0.1 x 1/4 + 0.9 = 0.925
        (0.1, 0.9, ("b", "a"), [0.925, 0.7]),
        (1.0, 0.0, ("a", "b"), [1.0, 0.25]),
        (0.0, 0.0, ("a", "b"), [0.0, 0.0]),
    ],
)
def test_by_hand(
    lexical: float, vector: float, order: tuple[str, ...], scores: list[float]
) -> None:
    """The weighted sum of both legs' scores over their best, without looking at content."""
    reranker = CompletedScoreReranker({"lexical": lexical, "vector": vector})
    ranking = reranker.rerank(Query("x"), candidates(), Untouched(), timeout_seconds=1.0).ranking
    assert ranking.document_ids == order
    assert [hit.score for hit in ranking.hits] == pytest.approx(scores)
    assert [hit.rank for hit in ranking.hits] == [1, 2]


def test_the_weights_are_its_own() -> None:
    """Changing the mapping that was handed over changes nothing."""
    weights = {"lexical": 1.0, "vector": 0.0}
    reranker = CompletedScoreReranker(weights)
    weights["lexical"] = 0.0
    assert (
        reranker.rerank(Query("x"), candidates(), {}, timeout_seconds=1.0).ranking.hits[0].score
        == 1.0
    )


def test_no_candidates() -> None:
    """Nothing in, nothing out."""
    reranker = CompletedScoreReranker({"lexical": 0.4, "vector": 0.6})
    made = reranker.rerank(Query("x"), Ranking("rrf"), {}, timeout_seconds=1.0)
    assert (made.ranking.hits, made.degraded) == ((), ())
