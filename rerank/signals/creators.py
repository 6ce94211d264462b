"""What is thought of the other documents with the same value of a field: of the same creator, of
the same kind.
"""

import numpy as np

from rerank.attributes import keywords
from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from rerank.tables import ValueTable
from tandem.fields import FieldType

UNKNOWN = "no document with one of its values was rated when the model was trained"


@signal(
    "value_rating",
    scope="everyone",
    unit="as rated",
    missing=UNKNOWN,
    reads=("documents", "tables"),
    each=(FieldType.KEYWORD,),
)
def value_rating(scene: Scene, field: str) -> Values:
    """How much better than usual documents with the same values of the field are rated, such as
    those of one creator: the mean over the values, each shrunk to 0 where it was rated seldom.
    """
    return scene.once(_means, field)[0]


@signal(
    "value_ratings",
    scope="everyone",
    unit="ratings",
    missing=UNKNOWN,
    reads=("documents", "tables"),
    low=0.0,
    each=(FieldType.KEYWORD,),
)
def value_ratings(scene: Scene, field: str) -> Values:
    """How often documents with the same values of the field were rated, on average over them."""
    return scene.once(_means, field)[1]


def _means(scene: Scene, field: str) -> tuple[Values, Values]:
    """Residuals and counts, each over those of a candidate's values that the table knows."""
    table = scene.tables.values.get(field, ValueTable())
    own = keywords(scene, field)
    rows = own.places(table.rows)
    is_held = rows >= 0
    if not is_held.any():
        return scene.unknown(), scene.unknown()
    rows, owners = rows[is_held], own.owners[is_held]
    held = np.bincount(owners, minlength=len(scene))
    with np.errstate(invalid="ignore"):  # 0 / 0, where none is known, is NaN
        residuals = np.bincount(owners, table.residuals[rows], len(scene)) / held
        counts = np.bincount(owners, table.counts[rows], len(scene)) / held
    return residuals, counts
