"""What a person liked, as far as it is more than what everybody likes.

A rating says something of a person by what it is above or below what is usual: for the document,
and for this person, who may be strict. The rest is a *residual*, in standard deviations.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rerank.known import Known
from rerank.scene import Scene, Values
from rerank.tables import Rows

PRIOR_RATINGS = 5.0
"""Weight of being as strict as most people, in ratings."""

NOISE = 1.0
"""Variance of what is only chance in a residual, beside that of the factors."""


@dataclass(frozen=True, eq=False)
class Taste:
    """Of the documents of a person's past: their ``rows`` in the tables, -1 where they are not
    there, and ``residuals``, float64 (documents,), above 0 where it was liked. A document that was
    chosen and not rated has log2(1 + the choice's worth): 1 for a click, 2 for a purchase.
    """

    document_ids: tuple[str, ...]
    rows: Rows
    residuals: Values


def taste(scene: Scene) -> Taste:
    """The taste of whoever asks; without a past it is empty."""
    person, tables = scene.person, scene.tables
    ratings = person.ratings
    chosen = {name: value for name, value in person.worths.items() if name not in ratings}
    names = (*ratings, *chosen)
    rows = tables.rows(names)
    usual = person.rating_mean if np.isnan(tables.usual) else tables.usual
    rated = np.fromiter(ratings.values(), np.float64, len(ratings)) - usual
    rated -= tables.biases_of(rows[: len(ratings)])
    rated -= rated.sum() / (len(rated) + PRIOR_RATINGS)
    liked = np.log2(1.0 + np.fromiter(chosen.values(), np.float64, len(chosen)))
    return Taste(names, rows, np.concatenate([rated / tables.spread, liked]))


class Liked(NamedTuple):
    """What is known of the documents of the taste, with their residuals, float64 (documents,), in
    its order.
    """

    known: Known
    residuals: Values


def liked(scene: Scene) -> Liked:
    """Of whoever asks."""
    return scene.once(_liked)


def _liked(scene: Scene) -> Liked:
    tasted = scene.once(taste)
    known = scene.past.only(tasted.document_ids)
    places = np.flatnonzero(known.is_known)
    if len(places) == len(tasted.residuals):
        return Liked(known, tasted.residuals)
    return Liked(known.at(places), tasted.residuals[places])


def place(scene: Scene) -> Values | None:
    """Where whoever asks stands among the factors, float64 (k,): ridge regression of the residuals
    over the documents' factors; ``None`` where none of their documents has any.
    """
    known = scene.once(taste)
    is_held = known.rows >= 0
    factors = scene.tables.factors[known.rows[is_held]].astype(np.float64)
    if not factors.size:
        return None
    inner = factors.T @ factors + NOISE * np.eye(factors.shape[1])
    found = np.linalg.solve(inner, factors.T @ known.residuals[is_held])
    return np.asarray(found, dtype=np.float64)
