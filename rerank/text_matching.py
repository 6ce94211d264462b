"""Where the words of a query stand in the candidates' texts, found in one pass over all of them.

Places count searchable words: stop words are not among them, so two words that only those part are
neighbours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.facts import QueryWord, WordCodes, code
from rerank.known import Laid
from rerank.lookup import Ints, found_in
from rerank.scene import Scene, Values

MOST_TERMS = 24
"""Of a longer query the rarest words are looked for: it stays a matter of a millisecond."""

FAR = 1 << 30
"""The distance to a word that does not follow in the same text."""


Places = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Terms:
    """The distinct words of a query. ``codes`` and ``weights`` are theirs, in order of their first
    place; ``pairs`` are those that stand side by side in the query, as (first, second), each once.
    """

    codes: WordCodes
    weights: Values
    pairs: Ints

    def __len__(self) -> int:
        return len(self.weights)

    @cached_property
    def pair_weights(self) -> Values:
        """A pair weighs what its words do together."""
        weights: Values = self.weights[self.pairs].sum(axis=1)
        return weights


def terms(scene: Scene) -> Terms:
    """The query's terms; at most ``MOST_TERMS``."""
    return scene.once(_terms)


def _terms(scene: Scene) -> Terms:
    weights = {item.word: item.weight for item in scene.words}
    rarest = {*sorted(weights, key=lambda word: -weights[word])[:MOST_TERMS]}
    kept = {word: place for place, word in enumerate(word for word in weights if word in rarest)}
    return Terms(
        np.array([code(word) for word in kept], dtype=np.uint32),
        np.array([weights[word] for word in kept], dtype=np.float64),
        np.array(_pairs(scene.words, kept), dtype=np.intp).reshape(-1, 2),
    )


def _pairs(words: Sequence[QueryWord], kept: dict[str, int]) -> list[tuple[int, int]]:
    places = [kept.get(item.word) for item in words]
    pairs = {
        (first, second): None
        for first, second in pairwise(places)
        if first is not None and second is not None and first != second
    }
    return list(pairs)


def lengths(scene: Scene, field: str) -> Ints:
    """How many words the candidates have in a field; 0 where nothing is known of one."""
    found: Ints = scene.known.words.lengths[:, _column(scene, field)]
    return found


def _column(scene: Scene, field: str) -> int:
    return [item.name for item in scene.schema.text_fields].index(field)


def matches(scene: Scene, field: str) -> "Matches | None":
    """Where the terms stand in one field; ``None`` where the query has no word or there is no
    candidate whose content is known.
    """
    return scene.once(_matches, field)


def _matches(scene: Scene, field: str) -> "Matches | None":
    everywhere = occurrences(scene)
    return None if everywhere is None else Matches(everywhere, _column(scene, field))


def occurrences(scene: Scene) -> "Occurrences | None":
    """Where the terms stand in all fields; ``None`` as ``matches``."""
    return scene.once(_occurrences)


def _occurrences(scene: Scene) -> "Occurrences | None":
    asked = terms(scene)
    if not len(asked) or not scene.known.is_known.any():
        return None
    held = scene.known.words
    order = np.argsort(asked.codes)
    places, which = found_in(held.codes, asked.codes[order])
    texts = np.searchsorted(held.ends, places, side="right")
    return Occurrences(asked, scene.known.is_known, held, places, order[which], texts)


@dataclass(frozen=True, eq=False)
class Occurrences:
    """Of every place in the candidates' texts that holds a term, in order: the place, the term, and
    the text, which is candidate x fields + field; shape (occurrences,).
    """

    terms: Terms
    is_known: npt.NDArray[np.bool_]
    laid: Laid
    places: Ints
    which: Ints
    texts: Ints

    @cached_property
    def counts(self) -> Values:
        """How often each field holds each term, shape (candidates, fields, terms)."""
        shape = *self.laid.lengths.shape, len(self.terms)
        cells = np.bincount(self.texts * shape[2] + self.which, minlength=math.prod(shape))
        return cells.reshape(shape).astype(np.float64)

    @cached_property
    def is_held(self) -> npt.NDArray[np.bool_]:
        """Whether any field holds each term, shape (candidates, terms)."""
        held: npt.NDArray[np.bool_] = np.logical_or.reduce(self.counts > 0, axis=1)
        return held

    def told(self, values: Values) -> Values:
        """The values, NaN for candidates whose content is not known."""
        return np.where(self.is_known, values, np.nan)


class Matches:
    """Where terms stand in one field of the candidates.

    ``lengths``, in words, are the candidates', shape (candidates,), and ``counts`` how often each
    holds each term, shape (candidates, terms). ``places``, ``which``, ``rows`` and ``ends`` tell of
    every occurrence its place, its term, its candidate, and where that one's text ends, shape
    (occurrences,).
    """

    def __init__(self, everywhere: Occurrences, column: int) -> None:
        self.terms = everywhere.terms
        self.is_known = everywhere.is_known
        self.lengths = everywhere.laid.lengths[:, column]
        self.counts = everywhere.counts[:, column]
        self.told = everywhere.told
        self._everywhere = everywhere
        self._column = column

    @cached_property
    def begins(self) -> Ints:
        """Where the field of each candidate begins, shape (candidates,)."""
        laid = self._everywhere.laid
        ends: Ints = laid.ends.reshape(laid.lengths.shape)[:, self._column]
        return ends - self.lengths

    @cached_property
    def _here(self) -> Ints:
        fields = self._everywhere.laid.lengths.shape[1]
        return np.flatnonzero(self._everywhere.texts % fields == self._column)

    @cached_property
    def places(self) -> Ints:
        """Where each occurrence stands."""
        return self._everywhere.places[self._here]

    @cached_property
    def which(self) -> Ints:
        """The term of each."""
        return self._everywhere.which[self._here]

    @cached_property
    def rows(self) -> Ints:
        """The candidate of each."""
        rows: Ints = self._everywhere.texts[self._here] // self._everywhere.laid.lengths.shape[1]
        return rows

    @cached_property
    def ends(self) -> Ints:
        """Where the text of each ends."""
        return self._everywhere.laid.ends[self._everywhere.texts[self._here]]

    @cached_property
    def following(self) -> Places:
        """How many words after every occurrence each term stands next, 0 for the term itself,
        ``FAR`` where it does not in the same text; shape (terms, occurrences).
        """
        nearest = np.full((len(self.terms), len(self.places)), FAR, dtype=np.int32)
        nearest[self.which, np.arange(len(self.places))] = self.places
        nearest = np.minimum.accumulate(nearest[:, ::-1], axis=1)[:, ::-1]
        ends = self.ends.astype(np.int32)
        distances: Places = np.where(nearest < ends, nearest - self.places.astype(np.int32), FAR)
        return distances

    @cached_property
    def gaps(self) -> "_Gaps":
        """How far the words of the query's pairs stand apart, wherever one follows the other."""
        first, second = self.terms.pairs.T
        forward, pair = np.nonzero(self.which[:, np.newaxis] == first)
        backward, turned = np.nonzero(self.which[:, np.newaxis] == second)
        ahead = self.following[second[pair], forward]
        behind = self.following[first[turned], backward]
        return _Gaps(
            self.rows[np.concatenate([forward, backward])],
            np.concatenate([pair, turned]),
            np.concatenate([ahead, behind]),
            len(forward),
        )

    def pairs_within(self, distance: int, *, in_order: bool) -> Values:
        """The share of the query's pairs, by weight, whose words stand at most so many words apart
        in a candidate's text, the second one after the first, or in either order.
        """
        gaps, weights = self.gaps, self.terms.pair_weights
        is_near = gaps.distances <= distance
        if in_order:
            is_near[gaps.in_order :] = False
        held = np.zeros((len(self.lengths), len(weights)))
        held[gaps.rows[is_near], gaps.pairs[is_near]] = 1.0
        return share(held @ weights, weights.sum())

    def best_window(self, size: int) -> Values:
        """The largest share of the terms, by weight, that any so many words on end hold."""
        best = np.zeros(len(self.lengths))
        held = self.terms.weights @ (self.following < size)
        np.maximum.at(best, self.rows, held)
        return share(best, self.terms.weights.sum())

    def coverage(self) -> Values:
        """The share of the terms, by weight, that a candidate holds."""
        return share((self.counts > 0) @ self.terms.weights, self.terms.weights.sum())


class _Gaps(NamedTuple):
    """One entry wherever a word of a pair stands: its candidate, the pair, and how many words later
    the other one follows. The first ``in_order`` of them are of the pairs' first words.
    """

    rows: Ints
    pairs: Ints
    distances: Places
    in_order: int


def share(parts: Values, whole: float) -> Values:
    """Parts of a whole, at most 1; NaN where the whole is nothing."""
    if not whole > 0:
        return np.full_like(parts, np.nan)
    return np.minimum(parts / whole, 1.0)
