"""Fusion and completion of scores: pure functions, needed by the query path and by the tuner.

Ranks count from 1 everywhere. Engines differ here (k of 2, 60 or 61 for the same curve, weights
that divide the rank), which is why none of them fuses for Tandem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np

from tandem.normalisation import Normalisation, normalised
from tandem.rankings import Contribution, Evidence, Hit, Ranking

Scores = Mapping[str, float]

FLOORS: Final[Mapping[str, float]] = {"lexical": 0.0, "vector": -1.0}
"""The least that a leg can score: BM25 of no word, the cosine of opposites."""


@dataclass(frozen=True, slots=True)
class LegFusion:
    """How one leg counts in reciprocal rank fusion: ``weight / (k + rank)``."""

    k: float = 60.0
    weight: float = 1.0


def reciprocal_rank_fusion(
    rankings: Sequence[Ranking], legs: Mapping[str, LegFusion], *, limit: int
) -> Ranking:
    """Fuse rankings by position alone (Cormack, Clarke and Büttcher, SIGIR 2009).

    score(d) = sum over the legs that returned d of weight / (k + rank). A leg that did not return
    d adds nothing and leaves no evidence. Each ranking's ``name`` is its leg.
    """
    scores: dict[str, float] = {}
    found: dict[str, list[Evidence]] = {}
    for ranking in rankings:
        leg = legs[ranking.name]
        for document_id, rank, score, _, _ in ranking.hits:
            share = leg.weight / (leg.k + rank)
            scores[document_id] = scores.get(document_id, 0.0) + share
            found.setdefault(document_id, []).append(Evidence(ranking.name, rank, score, share))

    def evidence(document_id: str) -> tuple[Evidence, ...]:
        return tuple(found[document_id])

    return Ranking.from_scores("rrf", scores.items(), limit=limit, evidence=evidence)


def missing_scores(candidates: Ranking, leg: str) -> tuple[str, ...]:
    """The candidates about which ``leg`` has said nothing yet."""
    return tuple(
        hit.document_id for hit in candidates.hits if leg not in [part.leg for part in hit.evidence]
    )


def with_completed_scores(candidates: Ranking, completed: Mapping[str, Scores]) -> Ranking:
    """Add each leg's exact scores, without a rank, to the hits that it did not return.

    ``completed`` maps a leg to its scores. A document absent from them is one that the leg cannot
    match at all: it gets 0.
    """
    return Ranking(candidates.name, tuple(_completed(hit, completed) for hit in candidates.hits))


def _completed(hit: Hit, completed: Mapping[str, Scores]) -> Hit:
    known = [part.leg for part in hit.evidence]
    added = tuple(
        [
            Evidence(leg, None, scores.get(hit.document_id, 0.0), 0.0)
            for leg, scores in completed.items()
            if leg not in known
        ]
    )
    if not added:
        return hit
    return Hit(hit.document_id, hit.rank, hit.score, hit.evidence + added)


def weighted_sum(
    candidates: Ranking, weights: Mapping[str, float], kind: Normalisation = "best"
) -> Ranking:
    """Order candidates by their legs' scores, normalised over the candidates of this query.

    score(d) = sum over legs of weight x normalised score; ``kind`` is one of ``NORMALISATIONS``. A
    leg that is missing from a hit adds 0, and so does one that has no weight; the weights are not
    rescaled, so that one leg alone keeps its own order.
    """
    values = _normalised(candidates, kind)
    evidence: dict[str, tuple[Evidence, ...]] = {}
    contributions: dict[str, tuple[Contribution, ...]] = {}
    scores = []
    for place, hit in enumerate(candidates.hits):
        parts, total = [], 0.0
        for leg, _, score, _ in hit.evidence:
            value = None if score is None else values[leg][place]
            contribution = weights.get(leg, 0.0) * (value or 0.0)
            total += contribution
            parts.append(Contribution(leg, value, contribution))
        evidence[hit.document_id] = hit.evidence
        contributions[hit.document_id] = tuple(parts)
        scores.append((hit.document_id, total))
    return Ranking.from_scores(
        "hybrid",
        scores,
        evidence=evidence.__getitem__,
        contributions=contributions.__getitem__,
    )


def _normalised(candidates: Ranking, kind: Normalisation) -> dict[str, list[float]]:
    """Leg -> its normalised score of each candidate, in their order; 0 where it said nothing."""
    known: dict[str, list[float]] = {}
    for place, hit in enumerate(candidates.hits):
        for leg, _, score, _ in hit.evidence:
            row = known.setdefault(leg, [nan] * len(candidates.hits))
            row[place] = nan if score is None else score
    return {
        leg: normalised(np.array(row), kind, floor=FLOORS.get(leg, 0.0)).tolist()
        for leg, row in known.items()
    }
