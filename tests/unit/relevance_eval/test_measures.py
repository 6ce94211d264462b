"""Measures against arithmetic done by hand."""

from math import log2
from random import Random

import pytest

from relevance_eval.compact import CompactRun
from relevance_eval.measures import AT_ONCE, measure, measure_queries
from tandem.errors import InputError
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


def test_exponential_gain_by_hand() -> None:
    """2^grade - 1, to more digits than gdeval prints; negative grades gain nothing."""
    qrels: Qrels = {"q": {"a": 3, "b": 2, "c": 0, "d": 1, "e": -2}}
    ideal = 7 / log2(2) + 3 / log2(3) + 1 / log2(4)
    expected = (3 / log2(2) + 7 / log2(4) + 1 / log2(5)) / ideal
    for name in ("nDCG(dcg='exp-log2')@10", "nDCG(dcg='exp-log2')"):
        values = measure(qrels, {"q": ranked("b", "e", "a", "d")}, ["nDCG@10", name])
        assert values[name] == pytest.approx(expected, abs=1e-12)


def test_a_grade_beyond_exponential_gain_is_refused() -> None:
    """It would overflow in trec_eval; linear gain bears it."""
    with pytest.raises(InputError, match="query 'q': grade 31 is too large"):
        measure({"q": {"a": 31}}, {"q": ranked("a")}, ["nDCG(dcg='exp-log2')@10"])
    assert measure({"q": {"a": 31}}, {"q": ranked("a")}) == {"nDCG@10": 1.0, "R@100": 1.0}


def test_a_measure_asked_for_twice_is_refused() -> None:
    """Under another writing, too: two columns of one figure are a mistake."""
    with pytest.raises(InputError, match=r"'NDCG@10' is asked for twice"):
        measure(QRELS, {}, ["nDCG@10", "NDCG@10"])


def test_judged_counts_what_somebody_graded() -> None:
    """Grade 0 is judged, ``None`` is not; a list that ends early is divided by its length."""
    qrels: Qrels = {"q": {"a": 1, "b": 0, "c": None}, "empty": {"a": 1}}
    run = {"q": ranked("a", "b", "c", "x"), "empty": Ranking("r")}
    names = ["Judged@10", "Judged@2", "Judged@3"]
    values = measure_queries(qrels, run, names)
    assert [values[name]["q"] for name in names] == [0.5, 1.0, pytest.approx(2 / 3)]
    assert values["Judged@10"]["empty"] == 0


def test_the_same_as_ir_measures() -> None:
    """Through lists cut short, compact runs and hundreds of queries: equal to the last bit."""
    import ir_measures

    random = Random(3)
    names = ["nDCG@10", "AP", "AP(rel=2)@20", "RR", "RR@5", "P@5", "R@50", "Bpref", "Judged@7"]
    documents = [f"d{number}" for number in range(120)]
    qrels: dict[str, dict[str, int | None]] = {}
    run = CompactRun()
    for number in range(AT_ONCE + 50):
        judged = random.sample(documents, 15)
        qrels[f"q{number}"] = {document: random.randrange(-1, 4) for document in judged}
        run[f"q{number}"] = ranked(*random.sample(documents, random.randrange(1, 100)))
    scored = {query: {hit.document_id: 1.0 / hit.rank for hit in run[query].hits} for query in run}
    parsed = {ir_measures.parse_measure(name): name for name in names}
    expected: dict[str, dict[str, float]] = {name: {} for name in names}
    for metric in ir_measures.iter_calc(list(parsed), qrels, scored):
        expected[parsed[metric.measure]][metric.query_id] = metric.value
    assert measure_queries(qrels, run, names) == expected
    assert measure_queries(qrels, dict(run), names) == expected
