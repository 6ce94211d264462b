"""What was chosen in the last minutes, and a document: it counts for the very next search.

Without a session, or before anything was chosen in it, all but the count is unknown.
"""

import numpy as np

from rerank.attributes import place_of, records, weighed
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
    return scene.once(_affinities)[:, place_of(scene, field)]


def _affinities(scene: Scene) -> Values:
    """To every keyword field, (candidates, fields)."""
    liking = scene.person.session_liking
    worths = np.array([*liking.values()], dtype=np.float64)
    chosen, own = scene.once(_chosen).records, records(scene)
    known = weighed(chosen, worths)
    best = np.where(own.counts > 0, 0.0, np.nan)
    np.maximum.at(best.reshape(-1), own.cells, known.of(own.codes, known.sums))
    totals = worths @ (chosen.counts > 0)
    return best / np.where(totals > 0, totals + PRIOR_CHOICES, np.nan)


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
