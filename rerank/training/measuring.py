"""How good scores are, group by group, all groups at once.

nDCG: K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, in the
form of C. Burges et al., "Learning to rank using gradient descent", 2005: gain 2^grade - 1,
discount 1 / log2(rank + 1). AUC: the share of pairs of a good and another document that stand in
the right order, a tie counting half (F. Wilcoxon, 1945; H. Mann, D. Whitney, 1947).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rerank.training.groups import TrainingSet

DEPTH = 10

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Measuring:
    """Measures of scores that are given as (documents of all groups,), in the groups' order.

    A measure is (groups,), NaN where a group cannot tell: nothing in it is of use, or, for AUC,
    all of it is. Equal scores rank in the order of ``document_id``, as the pages do.

    Raises:
        ValueError: there is no group, or one without documents.
    """

    data: TrainingSet
    depth: int = DEPTH

    def __post_init__(self) -> None:
        if not min(self.data.sizes, default=0):
            raise ValueError("expected groups that hold documents")

    def ndcg(self, scores: Floats) -> Floats:
        """The nDCG at ``depth``."""
        order = np.lexsort((self._places, -scores, self._groups))
        return _over(self._dcg(order), self._ideal)

    def expected_ndcg(self) -> Floats:
        """The mean nDCG of all orders of a group, which is that of drawing one by lot."""
        sizes = np.array(self.data.sizes)
        reached = np.cumsum(self._discounts(np.arange(sizes.max())))
        mean_gain = self._sums(self._gains) / sizes
        return _over(mean_gain * reached[sizes - 1], self._ideal)

    def auc(self, scores: Floats, at_least: int = 1) -> Floats:
        """AUC of the documents whose grade is ``at_least`` so much against the others."""
        good = self.data.grades >= at_least
        order = np.lexsort((scores, self._groups))
        grouped, ordered = self._groups[order], scores[order]
        is_first = np.ones(len(order), dtype=bool)
        is_first[1:] = (grouped[1:] != grouped[:-1]) | (ordered[1:] != ordered[:-1])
        firsts = np.flatnonzero(is_first)
        lengths = np.diff(np.append(firsts, len(order)))
        middles = np.repeat(firsts + (lengths - 1) / 2.0, lengths)
        ranks = np.empty(len(order))
        ranks[order] = middles - self._starts[grouped] + 1.0
        many = self._sums(good.astype(np.float64))
        others = np.array(self.data.sizes) - many
        above = self._sums(ranks * good) - many * (many + 1.0) / 2.0
        return _over(above, many * others)

    @cached_property
    def _groups(self) -> Integers:
        """The group of each document."""
        return np.repeat(np.arange(len(self.data), dtype=np.intp), self.data.sizes)

    @cached_property
    def _starts(self) -> Integers:
        """The place of each group's first document."""
        return np.cumsum([0, *self.data.sizes[:-1]], dtype=np.intp)

    @cached_property
    def _places(self) -> Integers:
        """Each document's place in its group by ``document_id``."""
        orders = [np.argsort(np.array(group.document_ids)) for group in self.data.groups]
        return np.concatenate([np.argsort(order) for order in orders])

    @cached_property
    def _gains(self) -> Floats:
        gains: Floats = np.exp2(self.data.grades.astype(np.float64)) - 1.0
        return gains

    @cached_property
    def _ideal(self) -> Floats:
        return self._dcg(np.lexsort((-self._gains, self._groups)))

    def _dcg(self, order: Integers) -> Floats:
        """``order`` holds the groups one after another, each in its order."""
        ranks = np.arange(len(order)) - self._starts[self._groups]
        return self._sums(self._gains[order] * self._discounts(ranks))

    def _discounts(self, ranks: npt.NDArray[np.int64]) -> Floats:
        """Of ranks counted from 0."""
        found: Floats = np.where(ranks < self.depth, 1.0 / np.log2(ranks + 2.0), 0.0)
        return found

    def _sums(self, values: Floats) -> Floats:
        """Over each group; groups stand one after another."""
        return np.bincount(self._groups, values, len(self.data)).astype(np.float64)


def _over(values: Floats, wholes: Floats) -> Floats:
    found = np.full(len(values), np.nan)
    np.divide(values, wholes, out=found, where=wholes > 0)
    return found
