"""What people of the same taste tell of a document, out of the tables that training fitted.

A document that nobody had met by then is in no table and unknown here: the signals of content are
there for it.
"""

import numpy as np

from rerank.lookup import found_in
from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from rerank.taste import place, taste

PRIOR_CLOSENESS = 1.0
"""Weight of having no taste for the like, in documents met by the very same people."""

UNMET = "nobody had met it when the model was trained"
NO_PAST = f"the person rated and chose nothing that people had met, or {UNMET}"


@signal(
    "rating_bias",
    scope="everyone",
    unit="as rated",
    missing=f"{UNMET}, or nothing was rated",
    reads=("tables",),
    rises=1,
)
def rating_bias(scene: Scene) -> Values:
    """How much better than usual the document is rated, beside how strict those are who rated it
    and how much it is to their taste; shrunk to 0 where few did.
    """
    tables = scene.tables
    if np.isnan(tables.usual):
        return scene.unknown()
    rows = scene.table_rows
    return np.where(rows >= 0, tables.biases_of(rows), np.nan)


@signal(
    "factor_taste",
    scope="person",
    unit="standard deviations of ratings",
    missing=NO_PAST,
    reads=("events", "tables"),
)
def factor_taste(scene: Scene) -> Values:
    """How much more than usual the person will like the document: by the factors into which
    training took apart who met what and what it holds, the person folded in from their own past.
    """
    return scene.once(_factor_taste)


def _factor_taste(scene: Scene) -> Values:
    where = scene.once(place)
    if where is None:
        return scene.unknown()
    rows = scene.table_rows
    found: Values = (scene.tables.factors[rows].astype(np.float64) * where).sum(axis=1)
    return np.where(rows >= 0, found, np.nan)


@signal(
    "expected_rating",
    scope="person",
    unit="as rated",
    missing=f"{NO_PAST}, or nothing was rated",
    reads=("events", "tables"),
    rises=1,
)
def expected_rating(scene: Scene) -> Values:
    """How much better than usual this person will rate the document: as everybody does, and by
    what ``factor_taste`` adds for them.
    """
    tables = scene.tables
    if np.isnan(tables.usual):
        return scene.unknown()
    bias = tables.biases_of(scene.table_rows)
    return bias + tables.spread * scene.once(_factor_taste)


@signal(
    "neighbour_taste",
    scope="person",
    unit="standard deviations of ratings",
    missing=NO_PAST,
    reads=("events", "tables"),
)
def neighbour_taste(scene: Scene) -> Values:
    """How much more than usual the person likes the documents that the same people met as this one:
    their mean, weighted by how many people they share, shrunk to 0 where they are few.
    """
    known, tables = scene.once(taste), scene.tables
    is_held = known.rows >= 0
    rows = scene.table_rows
    if not is_held.any():
        return scene.unknown()
    order = np.argsort(known.rows[is_held], kind="stable")
    past, residuals = known.rows[is_held][order], known.residuals[is_held][order]
    neighbours = tables.neighbours[rows]
    places, which = found_in(neighbours.ravel(), past)
    owners, columns = np.divmod(places, neighbours.shape[1])
    weights = tables.closeness[rows[owners], columns].astype(np.float64)
    total = np.bincount(owners, weights * residuals[which], len(scene))
    found = total / (np.bincount(owners, weights, len(scene)) + PRIOR_CLOSENESS)
    return np.where(rows >= 0, found, np.nan)
