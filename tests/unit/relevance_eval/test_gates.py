"""The quality guard compares two searchers over one judgment list."""

import pytest

from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.gates import QualityGate
from relevance_eval.thresholds import Threshold
from tandem.errors import SearchUnavailable
from tandem.queries import Query
from tandem.rankings import Degradation, Ranking, SearchResult

JUDGED = JudgedQueries("list", {"q1": "one", "q2": "two"}, {"q1": {"a": 1}, "q2": {"b": 1}})


def may_fall_by(tolerance: float) -> tuple[Threshold, ...]:
    """What a setting says."""
    return (Threshold("nDCG@10", "may_fall_by", tolerance, "quality.tolerance"),)


class Fixed:
    """A searcher with one answer."""

    def __init__(self, *document_ids: str) -> None:
        scores = [(name, 1.0 / rank) for rank, name in enumerate(document_ids, start=1)]
        self._page = Ranking.from_scores("fixed", scores)

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        return SearchResult(query, self._page, {}, "fixed", 1)


@pytest.mark.parametrize(
    ("candidate", "tolerance", "passes"),
    [
        (("a", "b"), 0.0, True),
        (("b", "a"), 0.0, True),
        (("a", "x", "b"), 0.0, False),
        (("a", "x", "b"), 0.07, True),
        (("x", "a", "b"), 0.07, False),
        ((), 1.0, True),
        ((), 0.5, False),
    ],
)
def test_it_may_fall_by_the_tolerance(
    candidate: tuple[str, ...], tolerance: float, passes: bool
) -> None:
    """A list as good passes, a worse one as long as it is not worse by more; figures are told."""
    gate = QualityGate(JUDGED, Fixed("a", "b"), Fixed(*candidate), may_fall_by(tolerance))
    verdict = gate.examine()
    assert (verdict.gate, verdict.is_passed) == ("quality", passes)
    assert "0.8155 ->" in verdict.detail
    assert "2 queries" in verdict.detail


def test_every_threshold_counts() -> None:
    """Those that were missed are named with their place."""
    thresholds = (
        Threshold("nDCG@10", "may_fall_by", 0.5, "file:2"),
        Threshold("P@1", "minimum", 0.6, "file:5"),
        Threshold("R@100", "minimum", 1.0, "file:6"),
    )
    verdict = QualityGate(JUDGED, Fixed("a", "b"), Fixed("a", "b"), thresholds).examine()
    assert not verdict.is_passed
    assert verdict.detail == (
        "nDCG@10 0.8155 -> 0.8155, may fall by 0.5; file:5: P@1 0.5000, at least 0.6; "
        "R@100 1.0000, at least 1.0 (2 queries of list)"
    )


class Degraded(Fixed):
    """The right answer, but for one query a leg was missing."""

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        missing = (Degradation("vector", "timeout"),) if query.text == "two" else ()
        return SearchResult(query, self._page, {}, "fixed", 1, degraded=missing)


class Silent(Fixed):
    """No leg answers."""

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        raise SearchUnavailable(f"no leg could answer {query.text}")


@pytest.mark.parametrize("side", ["live", "new"])
def test_an_incomplete_answer_of_either_side_proves_nothing(side: str) -> None:
    """However good the figures are: they may be those of one leg."""
    whole = Fixed("a", "b")
    for other, said in (
        (Degraded("a", "b"), "(vector timeout in 1 of 2 queries)"),
        (Silent(), "no leg could answer one"),
    ):
        live, candidate = (other, whole) if side == "live" else (whole, other)
        verdict = QualityGate(JUDGED, live, candidate, may_fall_by(1.0)).examine()
        assert not verdict.is_passed
        assert f"the {side} indexes" in verdict.detail
        assert said in verdict.detail
