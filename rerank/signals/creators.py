"""What is thought of the other documents with the same value of a field: of the same creator, of
the same kind.
"""

import numpy as np

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
    owners: list[int] = []
    rows: list[int] = []
    for place, facts in enumerate(scene.documents if table.values else ()):
        values = facts.keywords.get(field, ()) if facts is not None else ()
        known = [table.rows[value] for value in values if value in table.rows]
        owners += [place] * len(known)
        rows += known
    if not rows:
        return scene.unknown(), scene.unknown()
    held = np.bincount(owners, minlength=len(scene))
    with np.errstate(invalid="ignore"):  # 0 / 0, where none is known, is NaN
        residuals = np.bincount(owners, table.residuals[rows], len(scene)) / held
        counts = np.bincount(owners, table.counts[rows], len(scene)) / held
    return residuals, counts
