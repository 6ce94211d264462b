"""What the legs of the search answered, and what fusion made of it."""

import numpy as np

from rerank.answers import LEXICAL, VECTOR, below_best, leg, legs, of_best
from rerank.scene import Scene, Values
from rerank.signals.registry import signal

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
    for said in legs(scene).values():
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
    for said in legs(scene).values():
        found += ~np.isnan(said.ranks)
    return found
