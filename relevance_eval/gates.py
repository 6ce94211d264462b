"""The quality guard: what goes live must not find worse than what is live."""

from relevance_eval.collections import QuerySet
from relevance_eval.execution import run_queries
from relevance_eval.measures import measure
from tandem.protocols import Searcher, Verdict

MEASURE = "nDCG@10"


class QualityGate:
    """Compares two searchers over a judgment list by nDCG@10.

    ``tolerance`` is how much the mean may fall, 0 to 1.
    """

    name = "quality"

    def __init__(
        self, judged: QuerySet, live: Searcher, candidate: Searcher, tolerance: float
    ) -> None:
        self._judged = judged
        self._live = live
        self._candidate = candidate
        self._tolerance = tolerance

    def examine(self) -> Verdict:
        """See ``Gate``."""
        before, after = (
            measure(self._judged.qrels, run_queries(searcher, self._judged.queries))[MEASURE]
            for searcher in (self._live, self._candidate)
        )
        detail = (
            f"{MEASURE} {before:.4f} -> {after:.4f} over {len(self._judged.queries)} queries of "
            f"{self._judged.name}, may fall by {self._tolerance}"
        )
        return Verdict(self.name, after >= before - self._tolerance, detail)
