"""What is thought of the other documents with the same value of a field: of the same creator, of
the same kind.
"""

from collections.abc import Callable

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
    return _mean(scene, field, lambda table, row: float(table.residuals[row]))


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
    return _mean(scene, field, lambda table, row: float(table.counts[row]))


def _mean(scene: Scene, field: str, number: Callable[[ValueTable, int], float]) -> Values:
    """Over those of each candidate's values that the table knows."""
    found = scene.unknown()
    table = scene.tables.values.get(field)
    if table is None:
        return found
    for place, facts in enumerate(scene.documents):
        values = facts.keywords.get(field, ()) if facts is not None else ()
        rows = [table.rows[value] for value in values if value in table.rows]
        if rows:
            found[place] = sum(number(table, row) for row in rows) / len(rows)
    return found
