"""Fields of documents as arrays, gathered once however many signals look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat

import numpy as np

from rerank.known import Known
from rerank.lookup import Ints
from rerank.scene import Scene, Values


@dataclass(frozen=True, eq=False)
class Keywords:
    """A keyword field of documents: their ``values`` one after another, and how many each has,
    shape (documents,).
    """

    values: Sequence[str]
    counts: Ints

    @cached_property
    def owners(self) -> Ints:
        """Whose each value is, by place."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def places(self, known: Mapping[str, int]) -> Ints:
        """The values' places; -1 for one that has none."""
        return np.fromiter(map(known.get, self.values, repeat(-1)), np.intp, len(self.values))

    def means(self, of_values: Values) -> Values:
        """Over each document's values, NaN where it has none."""
        sums = np.bincount(self.owners, of_values, len(self.counts))
        with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
            return sums / self.counts


def keywords_of(known: Known, field: str) -> Keywords:
    """Of a field; none of what is not known."""
    held = known.keywords(field)
    counts = np.fromiter(map(len, held), np.intp, len(held))
    return Keywords([*chain.from_iterable(held)], counts)


def keywords(scene: Scene, field: str) -> Keywords:
    """The candidates'."""
    return scene.once(_keywords, field)


def numbers(scene: Scene, field: str) -> Values:
    """The candidates'."""
    return scene.known.numbers(field)


def _keywords(scene: Scene, field: str) -> Keywords:
    return keywords_of(scene.known, field)
