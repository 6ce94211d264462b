"""The order until a model is trained: a weighted sum of both legs' completed scores."""

from collections.abc import Mapping

from tandem.documents import Document
from tandem.fusion import weighted_sum
from tandem.queries import Query
from tandem.rankings import Ranking, Reranked


class CompletedScoreReranker:
    """A ``Reranker`` by ``tandem.fusion.weighted_sum``; ``weights`` by leg, each 0 or more."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)

    def rerank(
        self,
        query: Query,  # noqa: ARG002 - scores already say what the query means to each leg
        candidates: Ranking,
        documents: Mapping[str, Document],  # noqa: ARG002 - and no content is looked at
        *,
        timeout_seconds: float,  # noqa: ARG002 - nothing is waited for
    ) -> Reranked:
        """See ``Reranker``."""
        return Reranked(weighted_sum(candidates, self._weights))
