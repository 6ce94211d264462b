"""What was chosen in the last minutes, and a document: it counts for the very next search.

Without a session, or before anything was chosen in it, all but the count is unknown.
"""

from itertools import repeat

import numpy as np

from rerank.attributes import keywords
from rerank.known import Known
from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from tandem.fields import FieldType
from tandem.protocols import FloatVector

PRIOR_CHOICES = 2.0
"""Weight of knowing nothing, in clicks: after two clicks, both on one value, its share is 1/2."""


@signal(
    "session_count",
    scope="session",
    unit="deeds",
    missing="nobody is known to ask",
    reads=("events",),
    low=0.0,
    high=200.0,
)
def session_count(scene: Scene) -> Values:
    """How much was done in the session, or within the last half hour."""
    count = len(scene.person.session) if scene.person.is_known else np.nan
    return np.full(len(scene), count, dtype=np.float64)


@signal(
    "session_affinity",
    scope="session",
    unit="share",
    missing="nothing with the field was chosen in the session, or the document lacks it",
    reads=("events", "documents"),
    low=0.0,
    high=1.0,
    each=(FieldType.KEYWORD,),
)
def session_affinity(scene: Scene, field: str) -> Values:
    """The share of what was chosen in the session that has one of the document's values of the
    field, the best of them; shrunk to 0 where little was chosen.
    """
    weights, total = _weights_of_values(scene, field)
    if not total:
        return scene.unknown()
    own = keywords(scene, field)
    best = np.where(own.counts > 0, 0.0, np.nan)
    of_values = np.fromiter(map(weights.get, own.values, repeat(0.0)), np.float64, len(own.values))
    np.maximum.at(best, own.owners, of_values)
    return best / (total + PRIOR_CHOICES)


def _weights_of_values(scene: Scene, field: str) -> tuple[dict[str, float], float]:
    """What the session's documents with each value weigh, and all that have the field."""
    weights: dict[str, float] = {}
    total = 0.0
    chosen = scene.person.session_liking
    held = scene.once(_chosen).keywords(field)
    for values, liking in zip(held, chosen.values(), strict=True):
        if values:
            total += liking
        for value in values:
            weights[value] = weights.get(value, 0.0) + liking
    return weights, total


@signal(
    "session_similarity",
    scope="session",
    unit="cosine",
    missing="nothing with a vector was chosen in the session, or the document has none",
    reads=("events", "engines"),
    low=-1.0,
    high=1.0,
)
def session_similarity(scene: Scene) -> Values:
    """How near in meaning the document is to the mean of what was chosen in the session."""
    similarity = scene.unknown()
    rows, vectors = scene.vectors
    chosen = _mean_direction(scene)
    if chosen is not None and len(rows):
        similarity[rows] = np.clip(vectors @ chosen, -1.0, 1.0)
    return similarity


def _mean_direction(scene: Scene) -> FloatVector | None:
    """Where what was chosen in the session points to, weighted by its worth; length 1."""
    places, vectors = scene.once(_chosen).vectors
    if not len(places):
        return None
    worths = np.array([*scene.person.session_liking.values()], np.float32)
    mean = worths[places] @ vectors
    length = float(np.linalg.norm(mean))
    return mean / np.float32(length) if length else None


def _chosen(scene: Scene) -> Known:
    """What is known of what was chosen in the session."""
    return scene.past.only((*scene.person.session_liking,))
