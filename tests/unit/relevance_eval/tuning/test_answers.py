"""The table of answers, and its measure against ir_measures."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevance_eval.tuning.answers import LegAnswer, ndcg, packed
from tandem.judgments import Qrels
from tandem.rankings import Ranking

IDS = [f"d{number}" for number in range(25)]
GRADES = st.dictionaries(st.sampled_from(IDS), st.none() | st.integers(-1, 3), min_size=1)
VALUES = st.dictionaries(st.sampled_from(IDS), st.integers(0, 4).map(float))


def answer(scores: dict[str, float]) -> LegAnswer:
    """Both legs gave these, in an order of no meaning."""
    row = np.array([list(scores.values())] * 2, dtype=np.float64).reshape(2, -1)
    return LegAnswer(tuple(scores), row, np.ones(row.shape, dtype=np.int64))


@given(st.lists(st.tuples(GRADES, VALUES), min_size=1, max_size=4))
def test_ndcg_is_that_of_ir_measures(
    queries: list[tuple[dict[str, int | None], dict[str, float]]],
) -> None:
    """To 1e-9: ties, grades below 0, unjudged documents, queries without an answer."""
    qrels: Qrels = {f"q{place}": grades for place, (grades, _) in enumerate(queries)}
    runs = {f"q{place}": scores for place, (_, scores) in enumerate(queries)}
    table = packed({name: answer(scores) for name, scores in runs.items()}, qrels)
    first = table.scores[:, 0]
    found = ndcg(table, np.where(np.isnan(first), -np.inf, first))
    judged = {
        name: {document: grade for document, grade in grades.items() if grade is not None}
        for name, grades in qrels.items()
    }
    ranked = {
        name: {
            hit.document_id: -float(hit.rank)
            for hit in Ranking.from_scores("r", scores.items()).hits
        }
        for name, scores in runs.items()
    }
    measured = ir_measures.iter_calc([ir_measures.parse_measure("nDCG@10")], judged, ranked)
    expected = dict.fromkeys(qrels, 0.0) | {item.query_id: item.value for item in measured}
    assert found == pytest.approx(list(expected.values()), abs=1e-9)


def test_what_is_no_candidate_counts_nothing() -> None:
    """A relevant document that was cut off is not found."""
    table = packed({"q": answer({"a": 1.0, "b": 2.0})}, {"q": {"a": 1, "b": 1}})
    assert ndcg(table, np.array([[-np.inf, 1.0]])) == pytest.approx([1 / (1 + 1 / np.log2(3))])


def test_every_judged_query_needs_an_answer() -> None:
    """One that is missing would raise the mean."""
    with pytest.raises(ValueError, match="1 judged queries have no answer, 'q' first"):
        packed({}, {"q": {"a": 1}})
