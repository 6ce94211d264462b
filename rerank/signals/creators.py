"""What is thought of the other documents with the same value of a field: of the same creator, of
the same kind.
"""

import numpy as np

from rerank.attributes import place_of, records
from rerank.lookup import places_of
from rerank.scene import Scene, Values
from rerank.signals.registry import signal
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
    return scene.once(_means)[0][:, place_of(scene, field)]


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
    return scene.once(_means)[1][:, place_of(scene, field)]


def _means(scene: Scene) -> tuple[Values, Values]:
    """Residuals and counts, each over those of a candidate's values that the tables know, of every
    keyword field: (candidates, fields).
    """
    own, known = records(scene), scene.tables.of_values
    shape, size = own.counts.shape, own.counts.size
    places = places_of(own.codes, known.codes)
    is_held = places >= 0
    places, cells = places[is_held], own.cells[is_held]
    held = np.bincount(cells, minlength=size)
    with np.errstate(invalid="ignore"):  # 0 / 0, where none is known, is NaN
        residuals = np.bincount(cells, known.residuals[places], size) / held
        counts = np.bincount(cells, known.counts[places], size) / held
    return residuals.reshape(shape), counts.reshape(shape)
