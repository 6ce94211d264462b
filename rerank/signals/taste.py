"""How a person's own taste, as far as it is not everybody's, speaks for a document's content.

A past is what was rated or chosen. Without one, and of what nothing in it can be compared with, all
is unknown: somebody new gets the order that suits most people.
"""

import numpy as np

from rerank.attributes import means, numbers, past_records, place_of, records, weighed
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

SIGNS = np.array([[1.0], [-1.0]])
"""Of what was liked, and of what was not."""

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
    return scene.once(_affinities)[:, place_of(scene, field)]


def _affinities(scene: Scene) -> Values:
    """To every keyword field, (candidates, fields)."""
    past, own = past_records(scene), records(scene)
    known = weighed(past, liked(scene).residuals)
    found = means(own, known.of(own.codes, known.sums / (known.counts + PRIOR_DEEDS)))
    found[:, ~past.counts.any(axis=0)] = np.nan
    return found


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
    width = scene.tables.widths.get(field)
    values, residuals = past_records(scene).number(field), liked(scene).residuals
    is_held = ~np.isnan(values)
    if width is None or not is_held.any():
        return scene.unknown()
    if not is_held.all():
        values, residuals = values[is_held], residuals[is_held]
    # 32 bits are enough for what lies around the past, which for times since 1970 they are not
    middle = values[0]
    past = ((values - middle) / width).astype(np.float32)
    own = ((numbers(scene, field) - middle) / width).astype(np.float32)
    weights = np.subtract.outer(own, past)
    weights *= -weights
    return _smoothed(np.exp(weights, out=weights), residuals, PRIOR_NEAR)


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
    return scene.once(_mean_similarities)[0]


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
    return scene.once(_mean_similarities)[1]


def _mean_similarities(scene: Scene) -> tuple[Values, Values]:
    """To what was liked and to what was not, on average; NaN where there is none of them."""
    rows, candidates = scene.vectors
    past, residuals = scene.once(_past_vectors)
    found = scene.unknown(), scene.unknown()
    if len(past) and len(rows):
        is_of = (SIGNS * residuals > 0).astype(np.float32)
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
            means = is_of @ past / is_of.sum(axis=1, keepdims=True)
        for values, similarities in zip(found, means @ candidates.T, strict=True):
            values[rows] = np.clip(similarities, -1.0, 1.0)
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
