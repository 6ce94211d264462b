"""Measures against arithmetic done by hand."""

from math import log2

import pytest

from relevance_eval.measures import measure, measure_queries
from tandem.judgments import Qrels
from tandem.rankings import Hit, Ranking

QRELS: Qrels = {"q": {"a": 3, "b": 2, "c": 0, "d": 1}}
IDEAL = 3 / log2(2) + 2 / log2(3) + 1 / log2(4)


def ranked(*document_ids: str, score: float = 1.0) -> Ranking:
    """Those documents in that order, all with one score."""
    return Ranking(
        "r", tuple(Hit(name, rank, score) for rank, name in enumerate(document_ids, start=1))
    )


def ndcg(ranking: Ranking, qrels: Qrels = QRELS) -> float:
    """nDCG@10 of one query."""
    return measure(qrels, {"q": ranking}, ["nDCG@10"])["nDCG@10"]


def test_ndcg_by_hand() -> None:
    """Order b, x, a, c: (2/log2(2) + 0 + 3/log2(4) + 0) over the ideal 3, 2, 1."""
    expected = (2 / log2(2) + 3 / log2(4)) / IDEAL
    assert ndcg(ranked("b", "x", "a", "c")) == pytest.approx(expected, abs=1e-6)
    assert ndcg(ranked("a", "b", "d")) == pytest.approx(1.0)


def test_only_ten_count() -> None:
    """The eleventh hit adds nothing to nDCG@10, and is found by R@100."""
    late = ranked(*(f"x{number}" for number in range(10)), "a")
    values = measure(QRELS, {"q": late})
    assert values["nDCG@10"] == 0
    assert values["R@100"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("score", [1.0, 0.0, -5.0])
def test_ties_keep_our_order(score: float) -> None:
    """Equal scores are judged in the order that was shown, whatever the ids."""
    forth, back = ranked("z", "y", "a", "b", score=score), ranked("b", "a", "y", "z", score=score)
    assert ndcg(forth) == pytest.approx((3 / log2(4) + 2 / log2(5)) / IDEAL, abs=1e-6)
    assert ndcg(back) == pytest.approx((2 / log2(2) + 3 / log2(3)) / IDEAL, abs=1e-6)


def test_long_rankings_keep_their_order() -> None:
    """The thousandth rank still differs from the one before."""
    names = [f"x{number:03}" for number in range(998)]
    assert measure(QRELS, {"q": ranked(*names, "x", "a")}, ["RR"])["RR"] == pytest.approx(0.001)


def test_a_query_without_results_counts_zero() -> None:
    """Empty, or missing from the run: it found nothing, and the mean says so."""
    qrels: Qrels = {"q": {"a": 1}, "empty": {"a": 1}, "missing": {"a": 1}, "last": {"a": 1}}
    run = {"q": ranked("a"), "empty": Ranking("r"), "last": ranked("a")}
    by_query = measure_queries(qrels, run)
    expected = {"q": 1.0, "empty": 0.0, "missing": 0.0, "last": 1.0}
    assert by_query == {"nDCG@10": expected, "R@100": expected}
    assert measure(qrels, run) == {"nDCG@10": 0.5, "R@100": 0.5}


def test_unjudged_is_not_judged_bad() -> None:
    """A document without a grade is as good as not listed; a query without any counts 0."""
    unjudged: Qrels = {"q": {"a": 1, "x": None}, "none": {"a": None}}
    listed: Qrels = {"q": {"a": 1}, "none": {}}
    run = {"q": ranked("x", "a"), "none": ranked("a")}
    assert measure_queries(unjudged, run) == measure_queries(listed, run)
    assert measure_queries(unjudged, run)["nDCG@10"]["none"] == 0


def test_queries_that_nobody_judged_are_left_out() -> None:
    """A run may hold more than the judgments."""
    run = {"q": ranked("a", "b", "d"), "unjudged": ranked("a")}
    assert measure_queries(QRELS, run)["nDCG@10"].keys() == {"q"}


def test_no_judgments() -> None:
    """Nothing to measure is 0, not an error."""
    assert measure({}, {"q": ranked("a")}) == {"nDCG@10": 0.0, "R@100": 0.0}
