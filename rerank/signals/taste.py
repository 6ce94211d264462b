"""How a person's own taste, as far as it is not everybody's, speaks for a document's content.

A past is what was rated or chosen. Without one, and of what nothing in it can be compared with, all
is unknown: somebody new gets the order that suits most people.
"""

import numpy as np

from rerank.attributes import keywords, keywords_of, numbers
from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from rerank.taste import liked
from tandem.fields import FieldType
from tandem.protocols import FloatMatrix

PRIOR_DEEDS = 5.0
"""Weight of having no taste for a value, in documents."""

PRIOR_NEAR = 1.0
"""The same for what lies near, in documents at the very place."""

PRIOR_ALIKE = 0.05
"""The same for vectors, in documents with the same vector: hardly any has one."""

SHARPNESS = 8.0
"""A document counts e^(-8 x (1 - cosine)): at a cosine of 0.7 a tenth of the same document."""

UNKNOWN = "nothing with the field was rated or chosen, or the document lacks it"
NO_VECTORS = "nothing of that kind with a vector is in their past, or the document has none"


@signal(
    "affinity",
    scope="person",
    unit="standard deviations of ratings",
    missing=UNKNOWN,
    reads=("events", "documents", "tables"),
    each=(FieldType.KEYWORD,),
)
def affinity(scene: Scene, field: str) -> Values:
    """How much more than usual the person likes documents with the same values of the field: the
    mean over the document's values, each shrunk to 0 where little with it was rated or chosen.
    """
    past, residuals = liked(scene)
    known = keywords_of(past, field)
    if not known.values:
        return scene.unknown()
    places: dict[str, int] = {}
    codes = [places.setdefault(value, len(places)) for value in known.values]
    sums = np.bincount(codes, np.repeat(residuals, known.counts))
    tastes = np.append(sums / (np.bincount(codes) + PRIOR_DEEDS), 0.0)  # the last one: none
    own = keywords(scene, field)
    return own.means(tastes[own.places(places)])


@signal(
    "closeness",
    scope="person",
    unit="standard deviations of ratings",
    missing=UNKNOWN,
    reads=("events", "documents", "tables"),
    each=(FieldType.INTEGER, FieldType.FLOAT, FieldType.DATETIME),
)
def closeness(scene: Scene, field: str) -> Values:
    """How much more than usual the person likes documents whose value of the field is near: their
    mean, weighted by e^(-(distance / width)^2), shrunk to 0 where little is near. The width is half
    the standard deviation of what people met.
    """
    past, residuals = liked(scene)
    width = scene.tables.widths.get(field)
    values = past.numbers(field)
    is_held = ~np.isnan(values)
    if width is None or not is_held.any():
        return scene.unknown()
    near = numbers(scene, field)[:, np.newaxis] / width - values[is_held] / width
    # 32 bits are enough once the difference is taken, which of times they are not
    weights = near.astype(np.float32)
    weights *= -weights
    return _smoothed(np.exp(weights, out=weights), residuals[is_held], PRIOR_NEAR)


@signal(
    "vector_taste",
    scope="person",
    unit="standard deviations of ratings",
    missing=NO_VECTORS,
    reads=("events", "engines", "tables"),
)
def vector_taste(scene: Scene) -> Values:
    """How much more than usual the person likes documents near in meaning: their mean, the nearest
    weighted most, shrunk to 0 where none is near.
    """
    rows, candidates = scene.vectors
    past, residuals = scene.once(_past_vectors)
    found = scene.unknown()
    if len(past) and len(rows):
        weights = candidates @ past.T
        weights -= 1.0
        weights *= SHARPNESS
        found[rows] = _smoothed(np.exp(weights, out=weights), residuals, PRIOR_ALIKE)
    return found


@signal(
    "liked_similarity",
    scope="person",
    unit="cosine",
    missing=NO_VECTORS,
    reads=("events", "engines", "tables"),
    low=-1.0,
    high=1.0,
)
def liked_similarity(scene: Scene) -> Values:
    """How near in meaning the document is on average to what the person chose, or rated above what
    is usual.
    """
    return _mean_similarity(scene, 1.0)


@signal(
    "disliked_similarity",
    scope="person",
    unit="cosine",
    missing=NO_VECTORS,
    reads=("events", "engines", "tables"),
    low=-1.0,
    high=1.0,
)
def disliked_similarity(scene: Scene) -> Values:
    """How near in meaning the document is on average to what the person rated below usual."""
    return _mean_similarity(scene, -1.0)


def _mean_similarity(scene: Scene, sign: float) -> Values:
    rows, candidates = scene.vectors
    past, residuals = scene.once(_past_vectors)
    is_chosen = sign * residuals > 0
    found = scene.unknown()
    if is_chosen.any() and len(rows):
        mean = is_chosen.astype(np.float32) @ past / np.float32(is_chosen.sum())
        found[rows] = np.clip(candidates @ mean, -1.0, 1.0)
    return found


def _past_vectors(scene: Scene) -> tuple[FloatMatrix, Values]:
    """The vectors of the documents of the past, (documents, dimension), and their residuals."""
    past, residuals = liked(scene)
    places, vectors = past.vectors
    return vectors, residuals[places]


def _smoothed(weights: FloatMatrix, residuals: Values, prior: float) -> Values:
    """The weighted mean of residuals for each candidate, shrunk to 0 by ``prior``; NaN where a
    candidate has no weights. ``weights``: (candidates, residuals).
    """
    beside = np.stack([residuals, np.ones(len(residuals))], axis=1).astype(np.float32)
    totals, sums = (weights @ beside).astype(np.float64).T
    found: Values = totals / (sums + prior)
    return found
