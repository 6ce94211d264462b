"""Scores of one leg made comparable with another's, one query at a time.

Pure, over the last axis of an array: the query path gives it one query's candidates, the tuner all
queries of a judgment list at once. So what is tuned is what is searched with.
"""

from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Normalisation = Literal["best", "bounds", "min-max", "z-score", "dbsf"]
"""How scores are normalised over the candidates of one query:

best      max(score, 0) / largest: what a leg likes best gets 1; its zero stays
bounds    (score - floor) / (largest - floor), where floor is the least that the leg can ever give
          (S. Bruch, S. Gai, A. Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
          ACM TOIS 2023: TM2C2)
min-max   (score - least) / (largest - least): 0 to 1
z-score   (score - mean) / standard deviation
dbsf      the z-score / 6 + 1/2, cut off at 0 and 1: three standard deviations each way
          (distribution-based score fusion)

Where all candidates have the same score a leg tells none apart: the last three give all of them 0.
"""

Fusion = Literal["rrf", Normalisation]
"""How two legs' answers become one order: by ranks alone, or by the sum of normalised scores."""

ROUNDING: Final = 1e-12
"""A score that differs by less from the mean, as a part of it, is the mean."""

NORMALISATIONS: Final[tuple[Normalisation, ...]] = get_args(Normalisation)


def normalised(scores: Floats, kind: Normalisation, *, floor: float = 0.0) -> Floats:
    """Shape (..., candidates) in and out; NaN = not known, and 0 in what is returned.

    ``floor`` is the leg's least possible score, for ``bounds``: 0 of BM25, -1 of a cosine.
    """
    unknown = np.isnan(scores)
    count = np.maximum((~unknown).sum(axis=-1, keepdims=True), 1)
    if kind in {"z-score", "dbsf"}:
        mean = np.where(unknown, 0.0, scores).sum(axis=-1, keepdims=True) / count
        above = np.where(unknown, 0.0, scores - mean)
        farthest = np.abs(above).max(axis=-1, keepdims=True, initial=0.0)
        deviation = np.sqrt((above**2).sum(axis=-1, keepdims=True) / count)
        # the mean of equal scores may be off by a rounding, which would count as a deviation
        deviation = np.where(farthest > ROUNDING * np.abs(mean), deviation, 0.0)
        values = _ratio(above, deviation)
        return values if kind == "z-score" else _cut(values, deviation, unknown)
    known = scores
    if kind == "best":
        known, floor = np.maximum(scores, 0.0), 0.0
    largest = np.where(unknown, -np.inf, known).max(axis=-1, keepdims=True, initial=-np.inf)
    if kind == "min-max":
        least = np.where(unknown, np.inf, known).min(axis=-1, keepdims=True, initial=np.inf)
    else:
        least = np.full_like(largest, floor)
    has_any = np.isfinite(largest)
    least = np.where(has_any, least, 0.0)
    span = np.where(has_any, largest, 0.0) - least
    return _ratio(np.where(unknown, 0.0, known - least), span)


def _cut(values: Floats, deviation: Floats, unknown: npt.NDArray[np.bool_]) -> Floats:
    says_nothing = unknown | (deviation <= 0)
    return np.where(says_nothing, 0.0, np.clip(values / 6.0 + 0.5, 0.0, 1.0))


def _ratio(values: Floats, span: Floats) -> Floats:
    """0 where the span is. A quotient does not overflow, as a product with 1 / span could."""
    return np.divide(values, span, out=np.zeros_like(values), where=span > 0)
