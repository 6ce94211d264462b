"""What all people did with documents, as of a position in the event log.

``rerank.behaviour`` keeps the numbers; here is what they mean. Everything is elementwise over the
documents, so that a document's numbers do not depend on those beside which it was asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int32]
Column = npt.NDArray[np.float64]

HALF_LIVES_DAYS = (1, 7, 30)
"""After so many days something that was done counts half for how popular a document is."""

DAY_SECONDS = 86_400.0

BANDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 50)
"""The last position of each band; what is below the last one is one more. People examine the
positions of a band about alike.
"""

CHOSEN, PURCHASED, CLICKED, RATED, SHOWN = range(5)
"""Columns of the counts: deeds that chose it; purchases; clicks on answers to a query; ratings;
and from ``SHOWN`` on, for each band, how often it was shown there.
"""

COLUMNS = SHOWN + len(BANDS) + 1

PRIOR_RATINGS = 5
"""Weight of the mean of all ratings in a document's, in ratings."""

PRIOR_CLICKS = 3
"""Weight of being clicked as often as expected, in expected clicks."""

PRIOR_SHOWN = 100
"""Weight of the click share of all positions in that of a band, in documents shown."""

PRIOR_A_DAY = 0.1
"""Added to both rates of a trend: what happens about never has none."""


def _no_counts(rows: int = 1) -> Counts:
    return np.zeros((rows, COLUMNS), np.int32)


def _no_weights(rows: int = 1) -> Column:
    return np.full((rows, len(HALF_LIVES_DAYS)), -np.inf)


@dataclass(frozen=True)
class Totals:
    """Of all documents: their ``counts``, the clicks whose position is known by band, and the sum
    of all ratings.
    """

    counts: Counts = field(default_factory=lambda: np.zeros(COLUMNS, np.int32))
    located: Counts = field(default_factory=lambda: np.zeros(len(BANDS) + 1, np.int32))
    rating_sum: float = 0.0

    @cached_property
    def rating_mean(self) -> float:
        """The mean of all ratings; NaN where there is none."""
        rated = int(self.counts[RATED])
        return self.rating_sum / rated if rated else float("nan")

    @cached_property
    def click_shares(self) -> tuple[float, ...]:
        """How often what is shown in a band is clicked, shrunk to the share of all bands; NaN until
        something that was shown was clicked.

        A click without a position counts as if it had been where the others were.
        """
        shown, clicks = self.counts[SHOWN:].tolist(), int(self.counts[CLICKED])
        if not clicks or not sum(shown):
            return (float("nan"),) * len(shown)
        overall, located = clicks / sum(shown), self.located.tolist()
        if not any(located):
            return (overall,) * len(shown)
        scale = clicks / sum(located)
        return tuple(
            (scale * hits + PRIOR_SHOWN * overall) / (seen + PRIOR_SHOWN)
            for hits, seen in zip(located, shown, strict=True)
        )


@dataclass(frozen=True, eq=False)
class Everyone:
    """What was done with some documents up to ``as_of``, seen at ``seconds`` since 1970.

    Arrays have a row for each of ``places`` (document_id -> row), and row 0, all zeros, for every
    other document. ``weights`` is float64 (rows, half-lives): log2 of the sum over what was done of
    2^(seconds / half-life), minus infinity for nothing.
    """

    as_of: int = 0
    seconds: float = 0.0
    places: Mapping[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=_no_counts)
    rating_sums: Column = field(default_factory=lambda: np.zeros(1))
    weights: Column = field(default_factory=_no_weights)
    totals: Totals = field(default_factory=Totals)

    def rows(self, document_ids: Iterable[str]) -> npt.NDArray[np.intp]:
        """The rows of documents, in their order."""
        return np.fromiter(map(self.places.get, document_ids, repeat(0)), np.intp)

    def _column(self, number: int) -> Column:
        return self.counts[:, number].astype(np.float64)

    @cached_property
    def chosen(self) -> Column:
        """How often each was clicked, put into a cart or bought."""
        return self._column(CHOSEN)

    @cached_property
    def purchased(self) -> Column:
        """How often each was bought."""
        return self._column(PURCHASED)

    @cached_property
    def clicked(self) -> Column:
        """How often each was clicked as the answer to a query."""
        return self._column(CLICKED)

    @cached_property
    def rated(self) -> Column:
        """How often each was rated."""
        return self._column(RATED)

    @cached_property
    def shown(self) -> Column:
        """How often each was shown."""
        return np.asarray(self.counts[:, SHOWN:].sum(axis=1, dtype=np.int64), dtype=np.float64)

    @cached_property
    def expected(self) -> Column:
        """How many clicks an average document would have had where each was shown; NaN until
        something that was shown was clicked.
        """
        total = np.zeros(len(self.counts))
        for band, share in enumerate(self.totals.click_shares):
            total += share * self.counts[:, SHOWN + band]
        return total

    @cached_property
    def click_through(self) -> Column:
        """Clicks over expected clicks (Zhang and Jones, 2007), shrunk to 1: how much more often
        each was clicked than others would have been at its positions. NaN as ``expected``.
        """
        return (self.clicked + PRIOR_CLICKS) / (self.expected + PRIOR_CLICKS)

    @cached_property
    def mean_rating(self) -> Column:
        """The mean of each one's ratings, shrunk to that of all; NaN until something was rated."""
        prior = PRIOR_RATINGS * self.totals.rating_mean
        return (self.rating_sums + prior) / (self.rated + PRIOR_RATINGS)

    @cached_property
    def popularity(self) -> Mapping[int, Column]:
        """Half-life in days -> how often each was chosen or rated, where what was done that long
        ago counts half. What is dated later than it is seen counts once, not more.
        """
        return {
            days: self._decayed(self.weights[:, column], days)
            for column, days in enumerate(HALF_LIVES_DAYS)
        }

    def _decayed(self, weights: Column, days: int) -> Column:
        exponents = weights - self.seconds / (days * DAY_SECONDS)
        most = self.chosen + self.rated
        # 2^31 and more is beyond every count
        return np.minimum(np.exp2(np.minimum(exponents, 31.0)), most)

    @cached_property
    def trend(self) -> Column:
        """log2 of how often a day something is done with each lately over how often it is in the
        long run: the shortest half-life against the longest. 0 where nothing is known.
        """
        short, long = min(HALF_LIVES_DAYS), max(HALF_LIVES_DAYS)
        lately, mostly = (
            # a steady rate r a day sums to r x half-life / ln 2
            self.popularity[days] * (np.log(2.0) / days) + PRIOR_A_DAY
            for days in (short, long)
        )
        return np.asarray(np.log2(lately / mostly), dtype=np.float64)
