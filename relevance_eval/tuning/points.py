"""The fusions that are tried, and the values by which each orders the documents of a query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from relevance_eval.tuning.answers import CUTOFF, LEGS, LegTable
from tandem.fusion import FLOORS
from tandem.normalisation import NORMALISATIONS, Floats, Fusion, normalised
from tandem.scoring import DEFAULT, LexicalScoring

CONSTANTS = (1.0, 5.0, 10.0, 20.0, 40.0, 60.0, 100.0)
DIVISIONS = tuple(round(0.05 * step, 2) for step in range(1, 20))
DEPTHS = (20, 50, 100, 200, 500)

PART_STEP = 0.15
CONSTANT_STEP = 0.75
"""How far neighbours lie apart; k on a logarithmic scale that is flat near 0."""

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Leg:
    """What a point says of one leg: ``weight / (k + rank)`` of it in reciprocal rank fusion, which
    chooses the candidates, and its ``share`` in the sum of normalised scores.
    """

    k: float = 60.0
    weight: float = 1.0
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Point:
    """A fusion: candidates are the best ``depth`` of both legs by reciprocal rank fusion, ordered
    by it, or by the weighted sum of their scores, normalised as ``fusion`` says. ``scoring`` is how
    words score, which the answers tell that are fused.
    """

    fusion: Fusion = "rrf"
    depth: int = 100
    lexical: Leg = field(default_factory=Leg)
    vector: Leg = field(default_factory=Leg)
    scoring: LexicalScoring = DEFAULT

    @property
    def legs(self) -> tuple[Leg, Leg]:
        """In the order of the arrays."""
        return self.lexical, self.vector

    def settings(self) -> dict[str, Any]:
        """The settings of ``[search]`` that say this."""
        told: dict[str, Any] = {"fusion": self.fusion, "depth": self.depth}
        for name, leg in zip(LEGS, self.legs, strict=True):
            told[name] = {"k": leg.k, "weight": leg.weight, "share": leg.share}
        words = self.scoring
        told["lexical"] |= {
            "weights": dict(words.weights),
            "phrase": words.phrase,
            "proximity": words.proximity,
        }
        return told

    def __str__(self) -> str:
        one, other = self.legs
        if self.fusion == "rrf":
            said = f"k {one.k:g} and {other.k:g}, weights {one.weight:g} and {other.weight:g}"
        else:
            said = f"shares {one.share:g} and {other.share:g}"
        words = "" if self.scoring == DEFAULT else f", words scored by {self.scoring}"
        return f"{self.fusion}, depth {self.depth}, {said} (lexical and vector){words}"


def grid(deepest: int) -> Sequence[Point]:
    """Every fusion that is tried; ``deepest`` is how many documents were asked of each leg. Both
    legs count in each of them, and of two that are as good the first is taken.
    """
    depths = sorted({min(depth, deepest) for depth in (100, *DEPTHS)}, key=lambda d: (d < 100, d))
    return [point for depth in depths for point in _of_depth(depth)]


def _of_depth(depth: int) -> Iterator[Point]:
    yield Point("rrf", depth)
    for kind, share in product(NORMALISATIONS, DIVISIONS):
        rest = round(1.0 - share, 2)
        yield Point(kind, depth, Leg(share=share), Leg(share=rest))
    for k, other, weight in product(CONSTANTS, CONSTANTS, (0.3, 0.4, 0.5, 0.6, 0.7)):
        rest = round(1.0 - weight, 2)
        yield Point("rrf", depth, Leg(k, weight), Leg(other, rest))


def neighbours(points: Sequence[Point]) -> tuple[Booleans, Booleans]:
    """Which points are near which, shape (points, points): of one fusion, a leg's part of both
    within 0.15, each k within a factor of about 2; at any depth, and at the same one.
    """
    kinds = np.array([point.fusion for point in points])
    depths = np.array([point.depth for point in points])
    parts = np.array([_part(point) for point in points])
    near = (kinds[:, None] == kinds) & (np.abs(parts[:, None] - parts) < PART_STEP + 1e-9)
    for place in range(len(LEGS)):
        constants = np.log([point.legs[place].k + 5.0 for point in points])
        near &= np.abs(constants[:, None] - constants) < CONSTANT_STEP
    return near, near & (depths[:, None] == depths)


def _part(point: Point) -> float:
    """What the lexical leg counts of both together, 0 to 1; half where neither does."""
    one, other = ((leg.weight if point.fusion == "rrf" else leg.share) for leg in point.legs)
    return one / (one + other) if one + other > 0 else 0.5


class Fuser:
    """Values of points over one table. What the points of one kind and depth share is computed
    once: ask for them one after another.
    """

    def __init__(self, table: LegTable) -> None:
        self._table = table
        self._normalised = lru_cache(maxsize=1)(self._legs)

    def values(self, point: Point) -> Floats:
        """Shape (queries, documents), ``-inf`` where a document is no candidate; of ranks alone,
        not below the places that are measured.
        """
        if point.fusion == "rrf":
            return self._fused(point) if point.depth >= CUTOFF else self._candidates(point)
        legs = self._normalised(replace(point, lexical=_shared(point.lexical, 1.0),
                                        vector=_shared(point.vector, 1.0)))  # fmt: skip
        lexical, vector = point.legs
        return np.asarray(lexical.share * legs[0] + vector.share * legs[1])

    def leg(self, place: int) -> Floats:
        """One leg's own list."""
        ranks = self._table.ranks[:, place]
        return np.where(ranks > 0, -ranks.astype(np.float64), -np.inf)

    def _legs(self, point: Point) -> tuple[Floats, Floats]:
        """Normalised scores of each leg."""
        kind, no_candidate = point.fusion, np.isneginf(self._candidates(point))
        assert kind != "rrf", "its scores are not looked at"
        lexical, vector = (
            normalised(np.where(no_candidate, np.nan, self._table.scores[:, place]), kind,
                       floor=FLOORS[name])
            for place, name in enumerate(LEGS)
        )  # fmt: skip
        lexical[no_candidate] = -np.inf
        return lexical, vector

    def _candidates(self, point: Point) -> Floats:
        """Reciprocal rank fusion keeps as many as each leg is asked for."""
        return _kept(self._fused(point), point.depth)

    def _fused(self, point: Point) -> Floats:
        ranks = self._table.ranks
        found = (ranks > 0) & (ranks <= point.depth)
        total = np.zeros(self._table.gains.shape)
        for place, leg in enumerate(point.legs):
            share = leg.weight / (leg.k + np.maximum(ranks[:, place], 1))
            total += np.where(found[:, place], share, 0.0)
        return np.where(found.any(axis=1), total, -np.inf)


def _shared(leg: Leg, share: float) -> Leg:
    return replace(leg, share=share)


def _kept(values: Floats, depth: int) -> Floats:
    """The best ``depth`` of each query, the others ``-inf``."""
    if values.shape[1] <= depth:
        return values
    beyond = np.argsort(-values, axis=1, kind="stable")[:, depth:]
    kept = values.copy()
    np.put_along_axis(kept, beyond, -np.inf, axis=1)
    return kept
