"""How a person's own taste, as far as it is not everybody's, speaks for a document's content.

A past is what was rated or chosen. Without one, and of what nothing in it can be compared with, all
is unknown: somebody new gets the order that suits most people.
"""

import numpy as np
import numpy.typing as npt

from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from rerank.taste import liked_content
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
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    for facts, residual in scene.once(liked_content):
        for value in facts.keywords.get(field, ()):
            sums[value] = sums.get(value, 0.0) + residual
            counts[value] = counts.get(value, PRIOR_DEEDS) + 1.0
    if not counts:
        return scene.unknown()
    liked = {value: total / counts[value] for value, total in sums.items()}.get
    held = [facts.keywords.get(field) if facts is not None else None for facts in scene.documents]
    means = [
        sum([liked(value, 0.0) for value in values]) / len(values) if values else np.nan
        for values in held
    ]
    return np.array(means, dtype=np.float64)


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
    past = [(facts.numbers.get(field), residual) for facts, residual in scene.once(liked_content)]
    held = [(value, residual) for value, residual in past if value is not None]
    width = scene.tables.widths.get(field)
    if not held or width is None:
        return scene.unknown()
    values, residuals = np.array(held, dtype=np.float64).T
    own = [facts.numbers.get(field) if facts is not None else None for facts in scene.documents]
    numbers = np.array([np.nan if value is None else value for value in own])
    middle = values.mean()  # beside it 32 bits are fine enough, also of times
    own_place, places = (((each - middle) / width).astype(np.float32) for each in (numbers, values))
    apart = own_place[:, np.newaxis] - places
    np.multiply(apart, apart, out=apart)
    np.negative(apart, out=apart)
    return _smoothed(np.exp(apart, out=apart), residuals, PRIOR_NEAR)


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
    similarity, residuals = scene.once(_similarities)
    return _smoothed(np.exp(SHARPNESS * (similarity - 1)), residuals, PRIOR_ALIKE)


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
    similarity, residuals = scene.once(_similarities)
    return _mean_of(similarity, residuals > 0)


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
    similarity, residuals = scene.once(_similarities)
    return _mean_of(similarity, residuals < 0)


def _mean_of(similarity: FloatMatrix, wanted: npt.NDArray[np.bool_]) -> Values:
    """The mean over the wanted documents; NaN without any."""
    count = np.count_nonzero(wanted)
    if not count:
        return np.full(len(similarity), np.nan)
    means = similarity @ (wanted / np.float32(count)).astype(np.float32)
    return np.clip(means.astype(np.float64), -1.0, 1.0)


def _similarities(scene: Scene) -> tuple[FloatMatrix, Values]:
    """The cosines of the candidates with the documents of the past, (candidates, documents), NaN
    for a candidate without a vector; and these documents' residuals.
    """
    known = [(facts.vector, residual) for facts, residual in scene.once(liked_content)]
    past = [(vector, residual) for vector, residual in known if vector is not None]
    rows, candidates = scene.vectors
    cosines = np.full((len(scene), len(past)), np.nan, np.float32)
    if past and len(rows):
        met = np.concatenate([vector for vector, _ in past]).reshape(len(past), -1)
        cosines[rows] = candidates @ met.T
    return cosines, np.array([residual for _, residual in past])


def _smoothed(weights: FloatMatrix, residuals: Values, prior: float) -> Values:
    """The weighted mean of residuals for each candidate, shrunk to 0 by ``prior``; NaN where a
    candidate has no weights, or there is nothing to weigh. ``weights``: (candidates, residuals).
    """
    if not len(residuals):
        return np.full(len(weights), np.nan)
    both = np.stack([residuals, np.ones(len(residuals))], axis=1).astype(np.float32)
    sums, totals = (weights @ both).astype(np.float64).T
    found: Values = sums / (totals + prior)
    return found
