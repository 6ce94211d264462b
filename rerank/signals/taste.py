"""How a person's own taste, as far as it is not everybody's, speaks for a document's content.

A past is what was rated or chosen. Without one, and of what nothing in it can be compared with, all
is unknown: somebody new gets the order that suits most people.
"""

import numpy as np

from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from rerank.taste import taste
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
    known = scene.once(taste)
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    for name, residual in zip(known.document_ids, known.residuals.tolist(), strict=True):
        facts = scene.facts.get(name)
        if facts is not None:
            for value in facts.keywords.get(field, ()):
                sums[value] = sums.get(value, 0.0) + residual
                counts[value] = counts.get(value, 0) + 1
    found = [np.nan] * len(scene)
    if not counts:
        return np.array(found)
    liked = {value: sums[value] / (counts[value] + PRIOR_DEEDS) for value in counts}
    for row, facts in enumerate(scene.documents):
        if facts is not None and (values := facts.keywords.get(field)):
            found[row] = sum([liked.get(value, 0.0) for value in values]) / len(values)
    return np.array(found)


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
    known = scene.once(taste)
    past = [
        scene.facts[name].numbers.get(field) if name in scene.facts else None
        for name in known.document_ids
    ]
    held = [
        (value, residual)
        for value, residual in zip(past, known.residuals, strict=True)
        if value is not None
    ]
    width = scene.tables.widths.get(field)
    if not held or width is None:
        return scene.unknown()
    values, residuals = np.array(held, dtype=np.float64).T
    own = [facts.numbers.get(field) if facts is not None else None for facts in scene.documents]
    numbers = np.array([np.nan if value is None else value for value in own])
    # 32 bits are enough once the difference is taken, which of times they are not
    distances = ((numbers[:, None] - values) / width).astype(np.float32)
    return _smoothed(np.exp(-(distances**2)), residuals, PRIOR_NEAR)


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
    return _smoothed(np.exp(SHARPNESS * (similarity - 1.0)), residuals, PRIOR_ALIKE)


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
    similarity, residuals = scene.once(_similarities)
    is_chosen = sign * residuals > 0
    if not is_chosen.any():
        return scene.unknown()
    total = similarity @ is_chosen.astype(similarity.dtype)
    mean: Values = np.clip(total.astype(np.float64) / is_chosen.sum(), -1.0, 1.0)
    return mean


def _similarities(scene: Scene) -> tuple[FloatMatrix, Values]:
    """The cosines of the candidates with the documents of the past, (candidates, documents), NaN
    for a candidate without a vector; and these documents' residuals.
    """
    known = scene.once(taste)
    past, residuals = [], []
    for name, residual in zip(known.document_ids, known.residuals.tolist(), strict=True):
        facts = scene.facts.get(name)
        if facts is not None and facts.vector is not None:
            past.append(facts.vector)
            residuals.append(residual)
    own = [facts.vector if facts is not None else None for facts in scene.documents]
    rows = [row for row, vector in enumerate(own) if vector is not None]
    cosines = np.full((len(scene), len(past)), np.nan, dtype=np.float32)
    if past and rows:
        candidates = np.array([vector for vector in own if vector is not None])
        cosines[rows] = candidates @ np.array(past).T
    return cosines, np.array(residuals, dtype=np.float64)


def _smoothed(weights: Values | FloatMatrix, residuals: Values, prior: float) -> Values:
    """The weighted mean of residuals for each candidate, shrunk to 0 by ``prior``; NaN where a
    candidate has no weights, or there is nothing to weigh. ``weights``: (candidates, residuals).
    """
    if not len(residuals):
        return np.full(len(weights), np.nan)
    total = weights @ residuals.astype(weights.dtype)
    found: Values = np.asarray(total / (weights.sum(axis=1) + prior), dtype=np.float64)
    return found
