"""The quality guard: what goes live must not find worse than what is live."""

from collections import Counter
from collections.abc import Sequence

from relevance_eval.execution import run_queries
from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.measures import measure
from relevance_eval.thresholds import Threshold, hold, measures
from tandem.errors import SearchUnavailable
from tandem.protocols import Searcher, Verdict
from tandem.queries import Query
from tandem.rankings import SearchResult


class QualityGate:
    """Compares two searchers over a judgment list by ``thresholds``.

    Where a leg was missing in any answer of either, the figures say nothing, and the gate is not
    passed.
    """

    name = "quality"

    def __init__(
        self,
        judged: JudgedQueries,
        live: Searcher,
        candidate: Searcher,
        thresholds: Sequence[Threshold],
    ) -> None:
        self._judged = judged
        self._live = live
        self._candidate = candidate
        self._thresholds = thresholds

    def examine(self) -> Verdict:
        """See ``Gate``."""
        live, candidate = Watched(self._live), Watched(self._candidate)
        names = measures(self._thresholds)
        measured = []
        for name, searcher in (("live", live), ("new", candidate)):
            try:
                run = run_queries(searcher, self._judged.queries)
            except SearchUnavailable as error:
                return Verdict(self.name, False, f"the {name} indexes could not answer: {error}")
            if searcher.missing:
                return Verdict(self.name, False, self._degraded(name, searcher.missing))
            measured.append(measure(self._judged.qrels, run, names))
        before, after = measured
        outcomes = hold(self._thresholds, after, before)
        told = "; ".join(outcome.told for outcome in outcomes)
        detail = f"{told} ({len(self._judged.queries):,} queries of {self._judged.name})"
        return Verdict(self.name, all(outcome.is_passed for outcome in outcomes), detail)

    def _degraded(self, name: str, missing: Counter[str]) -> str:
        told = ", ".join(f"{part} in {count:,}" for part, count in sorted(missing.items()))
        return (
            f"answers of the {name} indexes were incomplete ({told} of "
            f"{len(self._judged.queries):,} queries), so nothing can be compared"
        )


class Watched:
    """A searcher, and in how many answers which leg was ``missing``, with the reason."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self.missing: Counter[str] = Counter()

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        result = self._searcher.search(query)
        self.missing.update({f"{part.leg} {part.reason}" for part in result.degraded})
        return result
