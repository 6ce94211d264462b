"""The order until a model is trained: a weighted sum of both legs' completed scores."""

from collections.abc import Mapping

from tandem.documents import Document
from tandem.fusion import weighted_sum
from tandem.normalisation import Fusion
from tandem.queries import Query
from tandem.rankings import Ranking, Reranked


class CompletedScoreReranker:
    """A ``Reranker`` by ``tandem.fusion.weighted_sum``; ``weights`` by leg, each 0 or more. With
    the fusion ``rrf`` the candidates stay in their order, scored beside the best of them.
    """

    def __init__(self, weights: Mapping[str, float], fusion: Fusion = "best") -> None:
        self._weights = dict(weights)
        self._fusion = fusion

    def rerank(
        self,
        query: Query,  # noqa: ARG002 - scores already say what the query means to each leg
        candidates: Ranking,
        documents: Mapping[str, Document],  # noqa: ARG002 - and no content is looked at
        *,
        timeout_seconds: float,  # noqa: ARG002 - nothing is waited for
    ) -> Reranked:
        """See ``Reranker``."""
        if self._fusion == "rrf":
            return Reranked(_beside_the_best(candidates))
        return Reranked(weighted_sum(candidates, self._weights, self._fusion))


def _beside_the_best(candidates: Ranking) -> Ranking:
    """The same order on a scale of 0 to 1, as the other fusions have it: whoever adds to a score
    knows what it is worth.
    """
    best = max((hit.score for hit in candidates.hits), default=0.0) or 1.0
    hits = tuple(hit._replace(score=hit.score / best) for hit in candidates.hits)
    return Ranking("hybrid", hits)
