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
    said: dict[str, list[list[float | None]]] = {}
    count = len(scene)
    for place, hit in enumerate(scene.candidates.hits):
        for name, rank, score, share in hit.evidence:
            if name not in said:
                said[name] = [[None] * count, [None] * count, [0.0] * count]
            ranks, scores, shares = said[name]
            ranks[place], scores[place], shares[place] = rank, score, share
    # None becomes NaN
    return {name: Leg(*(np.array(column, np.float64) for column in said[name])) for name in said}


def of_best(values: Values) -> Values:
    """Values, negative ones as 0, over the largest; NaN where none is above 0."""
    best = largest(values)
    return np.maximum(values, 0.0) / best if best > 0 else np.full_like(values, np.nan)


def below_best(values: Values) -> Values:
    """The largest value minus each."""
    return largest(values) - values


def largest(values: Values) -> float:
    """The largest value that is known; NaN where none is."""
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else np.nan
