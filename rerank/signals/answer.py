"""What the legs of the search answered, and what fusion made of it."""

from typing import NamedTuple

import numpy as np

from rerank.scene import Scene, Values
from rerank.signals.registry import signal

LEXICAL = "lexical"
VECTOR = "vector"
BLEND = {LEXICAL: 0.4, VECTOR: 0.6}
"""What the legs' scores are worth in the order that nothing has trained, by default."""

NOTHING = (None, None, 0.0)
NOT_SCORED = "the leg gave no score, not even a completed one"
NOT_RETURNED = "the leg did not return the document"


@signal(
    "lexical_score",
    scope="text",
    unit="BM25",
    low=0.0,
    missing=NOT_SCORED,
    reads=("answer",),
    rises=1,
)
def lexical_score(scene: Scene) -> Values:
    """The lexical leg's score, completed where that leg did not return the document."""
    return leg(scene, LEXICAL).scores


@signal(
    "lexical_share",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing=f"{NOT_SCORED}, or its best score is 0",
    reads=("answer",),
    rises=1,
)
def lexical_share(scene: Scene) -> Values:
    """The lexical score, divided by the best one of this query."""
    return of_best(leg(scene, LEXICAL).scores)


@signal(
    "lexical_gap",
    scope="text",
    unit="BM25",
    low=0.0,
    missing=NOT_SCORED,
    reads=("answer",),
    rises=-1,
)
def lexical_gap(scene: Scene) -> Values:
    """How far the lexical score is below the best one of this query."""
    return below_best(leg(scene, LEXICAL).scores)


@signal(
    "lexical_rank",
    scope="text",
    unit="rank",
    low=1.0,
    missing=NOT_RETURNED,
    reads=("answer",),
    rises=-1,
)
def lexical_rank(scene: Scene) -> Values:
    """The document's rank in the lexical leg's answer."""
    return leg(scene, LEXICAL).ranks


@signal(
    "vector_score",
    scope="text",
    unit="cosine",
    low=-1.0,
    high=1.0,
    missing=NOT_SCORED,
    reads=("answer",),
    rises=1,
)
def vector_score(scene: Scene) -> Values:
    """The cosine of the query and the document's best passage, completed where the vector leg did
    not return the document.
    """
    return leg(scene, VECTOR).scores


@signal(
    "vector_share",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing=f"{NOT_SCORED}, or its best score is not above 0",
    reads=("answer",),
    rises=1,
)
def vector_share(scene: Scene) -> Values:
    """The vector score, negative ones as 0, divided by the best one of this query."""
    return of_best(leg(scene, VECTOR).scores)


@signal(
    "vector_gap",
    scope="text",
    unit="cosine",
    low=0.0,
    high=2.0,
    missing=NOT_SCORED,
    reads=("answer",),
    rises=-1,
)
def vector_gap(scene: Scene) -> Values:
    """How far the vector score is below the best one of this query."""
    return below_best(leg(scene, VECTOR).scores)


@signal(
    "vector_rank",
    scope="text",
    unit="rank",
    low=1.0,
    missing=NOT_RETURNED,
    reads=("answer",),
    rises=-1,
)
def vector_rank(scene: Scene) -> Values:
    """The document's rank in the vector leg's answer."""
    return leg(scene, VECTOR).ranks


@signal(
    "fused_score",
    scope="text",
    unit="sum of 1 / (k + rank)",
    low=0.0,
    missing="never",
    reads=("answer",),
    rises=1,
)
def fused_score(scene: Scene) -> Values:
    """Reciprocal rank fusion: what the ranks in both legs are worth together."""
    fused = np.zeros(len(scene))
    for said in scene.once(_legs).values():
        fused += said.shares
    return fused


@signal(
    "fused_rank",
    scope="text",
    unit="rank",
    low=1.0,
    missing="never",
    reads=("answer",),
    rises=-1,
)
def fused_rank(scene: Scene) -> Values:
    """The document's rank among the candidates as they come from fusion."""
    return np.array([hit.rank for hit in scene.candidates.hits], dtype=np.float64)


@signal(
    "legs_found",
    scope="text",
    unit="legs",
    low=0.0,
    missing="never",
    reads=("answer",),
    rises=1,
)
def legs_found(scene: Scene) -> Values:
    """How many legs returned the document."""
    found = np.zeros(len(scene))
    for said in scene.once(_legs).values():
        found += ~np.isnan(said.ranks)
    return found


@signal(
    "blended_score",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="never",
    reads=("answer",),
    rises=1,
)
def blended_score(scene: Scene) -> Values:
    """The score of the order that nothing has trained, by default: 0.4 of the lexical share and 0.6
    of the vector one; what is missing of them counts as 0.
    """
    return scene.once(_blended)


@signal(
    "blended_gap",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="never",
    reads=("answer",),
    rises=-1,
)
def blended_gap(scene: Scene) -> Values:
    """How far the blended score is below the best one of this query."""
    return below_best(scene.once(_blended))


@signal(
    "blended_rank",
    scope="text",
    unit="rank",
    low=1.0,
    missing="never",
    reads=("answer",),
    rises=-1,
)
def blended_rank(scene: Scene) -> Values:
    """The document's rank by blended score; equal scores share the better one."""
    blended = scene.once(_blended)
    better: Values = np.searchsorted(np.sort(-blended), -blended).astype(np.float64)
    return better + 1.0


@signal(
    "blended_lead",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="never",
    reads=("answer",),
)
def blended_lead(scene: Scene) -> Values:
    """How far the blended score is above the next lower place's; the last one's is above 0."""
    blended = scene.once(_blended)
    order = np.argsort(-blended, kind="stable")
    lead = np.empty(len(scene))
    lead[order] = -np.diff(blended[order], append=0.0)
    return lead


@signal(
    "blended_spread",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="all candidates have the same blended score",
    reads=("answer",),
    rises=1,
)
def blended_spread(scene: Scene) -> Values:
    """Where the blended score stands between the lowest (0) and the best one (1) of this query."""
    blended = scene.once(_blended)
    spread = np.ptp(blended) if len(blended) else 0.0
    return (blended - blended.min()) / spread if spread > 0 else scene.unknown()


def _blended(scene: Scene) -> Values:
    blended = np.zeros(len(scene))
    for name, weight in BLEND.items():
        blended += weight * np.nan_to_num(of_best(leg(scene, name).scores))
    return blended


class Leg(NamedTuple):
    """What a leg said of the candidates; NaN where it gave no rank or no score, and the shares that
    it added to the fused score.
    """

    ranks: Values
    scores: Values
    shares: Values


def leg(scene: Scene, name: str) -> Leg:
    """What the leg of that name said."""
    said = scene.once(_legs).get(name)
    return said or Leg(scene.unknown(), scene.unknown(), np.zeros(len(scene)))


def _legs(scene: Scene) -> dict[str, Leg]:
    rows: dict[str, list[tuple[int | None, float | None, float]]] = {}
    for place, hit in enumerate(scene.candidates.hits):
        for name, rank, score, share in hit.evidence:
            if name not in rows:
                rows[name] = [NOTHING] * len(scene)
            rows[name][place] = rank, score, share
    # None becomes NaN
    return {name: Leg(*np.array(said, dtype=np.float64).T) for name, said in rows.items()}


def of_best(values: Values) -> Values:
    """Values, negative ones as 0, over the largest; NaN where none is above 0."""
    best = largest(values)
    return np.maximum(values, 0.0) / best if best > 0 else np.full_like(values, np.nan)


def below_best(values: Values) -> Values:
    """The largest value minus each."""
    return largest(values) - values


def largest(values: Values) -> float:
    """The largest value that is known; NaN where none is."""
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else np.nan
