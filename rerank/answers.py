"""What the legs answered, as arrays over the candidates."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from rerank.scene import Scene, Values

LEXICAL: Final = "lexical"
VECTOR: Final = "vector"


SHARES: Final = 2
"""Where the shares stand in a ``Leg``."""


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
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    of_legs = np.full((len(columns), len(places), len(hits)), np.nan)
    of_legs[SHARES] = 0.0
    which = np.fromiter(map(places.__getitem__, names), np.intp, len(names))
    of_legs[:, which, rows] = np.array(columns, np.float64)  # None becomes NaN
    return {name: Leg(*of_legs[:, place]) for name, place in places.items()}


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
