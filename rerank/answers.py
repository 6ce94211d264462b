"""What the legs answered, as arrays over the candidates."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from rerank.scene import Scene, Values

LEXICAL: Final = "lexical"
VECTOR: Final = "vector"


class Leg(NamedTuple):
    """What a leg said of the candidates; NaN where it gave no rank or no score, and the shares that
    it added to the fused score.
    """

    ranks: Values
    scores: Values
    shares: Values


def leg(scene: Scene, name: str) -> Leg:
    """What the leg of that name said."""
    said = legs(scene).get(name)
    return said or Leg(scene.unknown(), scene.unknown(), np.zeros(len(scene)))


def legs(scene: Scene) -> Mapping[str, Leg]:
    """Leg -> what it said; those that said nothing are left out."""
    return scene.once(_legs)


def _legs(scene: Scene) -> dict[str, Leg]:
    hits = scene.candidates.hits
    said = [part for hit in hits for part in hit.evidence]
    if not said:
        return {}
    rows = np.repeat(np.arange(len(hits)), [len(hit.evidence) for hit in hits])
    names, *columns = zip(*said, strict=True)
    ranks, scores, shares = (np.array(column, np.float64) for column in columns)  # None is NaN
    found = {}
    for name in dict.fromkeys(names):
        places = np.flatnonzero([one == name for one in names])
        of_leg = Leg(scene.unknown(), scene.unknown(), np.zeros(len(scene)))
        for column, values in zip(of_leg, (ranks, scores, shares), strict=True):
            column[rows[places]] = values[places]
        found[name] = of_leg
    return found


def of_best(values: Values) -> Values:
    """Values, negative ones as 0, over the largest; NaN where none is above 0."""
    best = largest(values)
    return np.maximum(values, 0.0) / best if best > 0 else np.full_like(values, np.nan)


def below_best(values: Values) -> Values:
    """The largest value minus each."""
    return largest(values) - values


def largest(values: Values) -> float:
    """The largest value that is known; NaN where none is."""
    return float(np.fmax.reduce(values, initial=np.nan))
