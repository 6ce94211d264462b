"""What ratings say beyond who met what and what documents hold: they move factors and biases.

The kernels place a document by its company and its content alone. Ratings tell more: by alternating
least squares people are folded in over the factors, as serving folds them in, then documents over
the people who rated them, each shrunk to where the kernels had placed it: "Regression-based latent
factor models" (D. Agarwal, B.-C. Chen, 2009), with kernels for the regression. Biases are then of
what the people's taste leaves of the ratings.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.taste import NOISE
from rerank.training.opinions import PRIOR_DOCUMENT, PRIOR_PERSON, Opinions, Places

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

PRIOR_FACTORS = 200.0
"""Weight of where the kernels place a document, beside 1, that of one rating by a person who stands
1 away from where nobody's taste is known. Found by cross-validation over the training users of
MovieLens, as is the next; half of it and twice as much do nearly as well.
"""

ROUNDS = 2
"""More of them learn no more of taste, and begin to learn chance."""


class Refined(NamedTuple):
    """By row of a document: ``biases``, float64 (documents,), and ``factors``, float32
    (documents, k).
    """

    biases: Floats
    factors: Floats32


def refined(said: Opinions, placed: Floats32) -> Refined:
    """Where ratings pull documents that the kernels ``placed``; what nobody rated stays there."""
    is_rated = ~np.isnan(said.ratings)
    if not is_rated.any():
        return Refined(said.document_biases, placed)
    people, documents = said.people[is_rated], said.documents[is_rated]
    above = said.ratings[is_rated] - said.usual
    home = placed.astype(np.float64)
    nowhere = np.zeros((said.person_count, home.shape[1]))
    biases, factors = said.document_biases, home
    for _ in range(ROUNDS):
        rest = above - biases[documents]
        strictness = _shrunk_means(people, rest, said.person_count, PRIOR_PERSON)
        residuals = (rest - strictness[people]) / said.spread
        tastes = _ridge(people, _Known(factors, documents), residuals, nowhere, NOISE).places
        factors, fitted = _ridge(documents, _Known(tastes, people), residuals, home, PRIOR_FACTORS)
        left = above - strictness[people] - said.spread * fitted
        biases = _shrunk_means(documents, left, len(home), PRIOR_DOCUMENT)
    return Refined(biases, factors.astype(np.float32))


def _shrunk_means(owners: Places, values: Floats, count: int, prior: float) -> Floats:
    found: Floats = np.bincount(owners, values, count) / (
        np.bincount(owners, minlength=count) + prior
    )
    return found


class _Known(NamedTuple):
    """What is held for known in a regression: the row of ``places``, (others, k), of each target's
    other side.
    """

    places: Floats
    rows: Places


class _Solved(NamedTuple):
    """``places``, (owners, k), and what they make of the targets, (targets,)."""

    places: Floats
    fitted: Floats


def _ridge(owners: Places, known: _Known, targets: Floats, home: Floats, weight: float) -> _Solved:
    """Least squares of each owner's targets over what is known, shrunk by ``weight`` to where the
    owner is at home.
    """
    places, fitted = home.copy(), np.zeros(len(targets))
    order = np.argsort(owners, kind="stable")
    ends = np.cumsum(np.bincount(owners, minlength=len(home)))
    penalty = weight * np.eye(home.shape[1])
    for owner in np.unique(owners).tolist():
        own = order[ends[owner - 1] if owner else 0 : ends[owner]]
        inputs = known.places[known.rows[own]]
        rest = targets[own] - inputs @ home[owner]
        places[owner] += np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ rest)
        fitted[own] = inputs @ places[owner]
    return _Solved(places, fitted)
