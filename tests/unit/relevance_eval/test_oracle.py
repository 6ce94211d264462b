"""How far a run could get at best."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance_eval.measured import measured
from relevance_eval.measures import measure
from relevance_eval.oracle import best_order
from relevance_eval.running import CANDIDATES
from tandem.errors import InputError
from tandem.rankings import Ranking


def ranking(*document_ids: str) -> Ranking:
    """In that order."""
    return Ranking.from_scores("run", [(name, -float(at)) for at, name in enumerate(document_ids)])


QRELS = {"q1": {"a": 2, "b": 1, "x": 0, "u": None, "s": -2, "far": 2}}
CANDIDATE_RUN = {"q1": ranking("u", "x", "s", "b", "n", "a")}


def test_grades_decide_and_the_rest_keeps_its_order() -> None:
    """Unjudged, bad and worse stand as they stood."""
    assert best_order(QRELS, CANDIDATE_RUN)["q1"].document_ids == ("a", "b", "u", "x", "s", "n")
    assert best_order({}, CANDIDATE_RUN)["q1"].document_ids == CANDIDATE_RUN["q1"].document_ids


@settings(max_examples=30, deadline=None)
@given(st.permutations(["a", "b", "x", "u", "s", "n"]))
def test_no_order_of_the_candidates_is_better(order: list[str]) -> None:
    """By either gain."""
    names = ["nDCG@10", "nDCG(dcg='exp-log2')@10", "AP@10", "RR@10"]
    best = measure(QRELS, best_order(QRELS, CANDIDATE_RUN), names)
    other = measure(QRELS, {"q1": ranking(*order)}, names)
    assert all(best[name] >= other[name] - 1e-12 for name in names)


def test_what_a_run_amounts_to() -> None:
    """The share of relevant documents in each stage's list, and the candidates' best order."""
    lists = {"lexical": {"q1": ranking("a")}, CANDIDATES: CANDIDATE_RUN}
    found = measured(QRELS, {"q1": ranking("b", "a")}, lists, ["RR@10", "R@1"], reach=6)
    assert found.measures == {"RR@10": 1.0, "R@1": pytest.approx(1 / 3)}
    assert found.recalls == {
        "lexical": pytest.approx(1 / 3), CANDIDATES: pytest.approx(2 / 3),
    }  # fmt: skip
    assert found.oracle == {"RR@10": 1.0, "R@1": pytest.approx(1 / 3)}


def test_a_run_that_says_nothing_of_its_stages() -> None:
    """Is measured alone."""
    found = measured(QRELS, {}, {}, ["RR@10"], reach=100)
    assert (found.measures, found.recalls, found.oracle) == ({"RR@10": 0.0}, {}, {})
    with pytest.raises(InputError):
        measured(QRELS, {}, {}, ["Luck@10"], reach=100)
