"""The order until a model is trained: a weighted sum of both legs' completed scores."""

from collections.abc import Mapping

from tandem.documents import Document
from tandem.fusion import weighted_sum
from tandem.queries import Query
from tandem.rankings import Ranking


class CompletedScoreReranker:
    """A ``Reranker`` by ``tandem.fusion.weighted_sum``; ``weights`` by leg, each 0 or more."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)

    def rerank(
        self,
        query: Query,  # noqa: ARG002 - scores already say what the query means to each leg
        candidates: Ranking,
        documents: Mapping[str, Document],  # noqa: ARG002 - and no content is looked at
    ) -> Ranking:
        """See ``Reranker``."""
        return weighted_sum(candidates, self._weights)
