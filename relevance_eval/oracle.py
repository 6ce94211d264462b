"""How far a run could get at best: what its legs and its candidates hold at all."""

from collections.abc import Mapping

from relevance_eval.compact import CompactRun
from tandem.judgments import Qrels, Run
from tandem.rankings import Hit, Ranking

ORACLE = "oracle"


def best_order(qrels: Qrels, candidates: Run) -> Run:
    """The candidates in the order of their grades, which no reranker can better; unjudged ones, and
    those judged bad, stand last in the order in which they were. Equal grades keep theirs.
    """
    ordered = CompactRun()
    for query_id in candidates:
        grades = qrels.get(query_id, {})
        ordered[query_id] = _ordered(candidates[query_id], grades)
    return ordered


def _ordered(candidates: Ranking, grades: Mapping[str, int | None]) -> Ranking:
    def worth(hit: Hit) -> int:
        return max(grades.get(hit.document_id) or 0, 0)

    hits = sorted(candidates.hits, key=worth, reverse=True)  # stable
    return Ranking(
        ORACLE,
        tuple(
            Hit(hit.document_id, rank, float(worth(hit))) for rank, hit in enumerate(hits, start=1)
        ),
    )
