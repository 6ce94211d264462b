"""The numbers of every document, in arrays that grow.

The same rows give the same bits, in whatever pieces they come: counts are whole numbers, and sums
are added to one row after the other. A document with a past takes about 220 bytes, and its id.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import chain, count, repeat

import numpy as np
import numpy.typing as npt

from rerank.deeds import CHOOSING, is_rating
from rerank.everyone import (
    BANDS,
    CHOSEN,
    CLICKED,
    COLUMNS,
    DAY_SECONDS,
    HALF_LIVES_DAYS,
    PURCHASED,
    RATED,
    SHOWN,
    Column,
    Counts,
    Everyone,
    Totals,
)
from tandem.behaviour import Deed, Shown

Places = npt.NDArray[np.intp]

FIRST_ROWS = 1_024


class Numbers:
    """What was done with documents. Row 0 is nobody's and stays empty."""

    def __init__(self) -> None:
        self._places: defaultdict[str, int] = defaultdict(count(1).__next__)
        self._counts: Counts = np.zeros((FIRST_ROWS, COLUMNS), np.int32)
        self._rating_sums: Column = np.zeros(FIRST_ROWS)
        self._weights: Column = np.full((FIRST_ROWS, len(HALF_LIVES_DAYS)), -np.inf)
        self._all: Counts = np.zeros(COLUMNS, np.int32)
        self._located: Counts = np.zeros(len(BANDS) + 1, np.int32)
        self._rating_sum: Column = np.zeros(1)

    def __len__(self) -> int:
        """How many documents have any."""
        return len(self._places)

    def of(self, document_ids: Collection[str], seconds: float, as_of: int) -> Everyone:
        """A copy of those of some documents, seen at ``seconds`` since 1970."""
        held = map(self._places.get, document_ids, repeat(0))
        rows = np.fromiter(chain([0], held), np.intp, 1 + len(document_ids))
        totals = Totals(self._all.copy(), self._located.copy(), float(self._rating_sum[0]))
        return Everyone(
            as_of,
            seconds,
            dict(zip(document_ids, range(1, len(rows)), strict=True)),
            self._counts[rows],
            self._rating_sums[rows],
            self._weights[rows],
            totals,
        )

    def add(self, deeds: Sequence[Deed], pages: Sequence[Shown]) -> None:
        """Add what was done, and what was shown; each deed has a document."""
        rated = [deed for deed in deeds if is_rating(deed)]
        chosen = [deed for deed in deeds if deed.action in CHOOSING]
        clicked = [deed for deed in chosen if deed.action == "click" and deed.query_id is not None]
        self._count(CHOSEN, self._rows(chosen))
        self._count(CLICKED, self._rows(clicked))
        self._count(PURCHASED, self._rows([deed for deed in chosen if deed.action == "purchase"]))
        self._add_ratings(rated)
        self._add_weights([deed for deed in deeds if deed.action in CHOOSING or is_rating(deed)])
        positions = [deed.position for deed in clicked if deed.position is not None]
        np.add.at(self._located, _bands(positions), 1)
        self._add_pages(pages)

    def _rows(self, deeds: Sequence[Deed]) -> Places:
        return self._rows_of([deed.document_id or "" for deed in deeds])

    def _rows_of(self, document_ids: Sequence[str]) -> Places:
        """The rows of documents; new ones get one."""
        places = self._places
        rows = np.array([places[item] for item in document_ids], dtype=np.intp)
        while len(places) >= len(self._rating_sums):
            self._grow()
        return rows

    def _grow(self) -> None:
        more = len(self._rating_sums)
        self._counts = np.concatenate([self._counts, np.zeros((more, COLUMNS), np.int32)])
        self._rating_sums = np.concatenate([self._rating_sums, np.zeros(more)])
        nothing = np.full((more, len(HALF_LIVES_DAYS)), -np.inf)
        self._weights = np.concatenate([self._weights, nothing])

    def _count(self, column: int, rows: Places) -> None:
        self._add_ones(rows * COLUMNS + column)
        self._all[column] += len(rows)

    def _add_ones(self, cells: Places) -> None:
        np.add.at(self._counts.reshape(-1), cells, 1)  # a view; in two dimensions it takes longer

    def _add_ratings(self, rated: Sequence[Deed]) -> None:
        rows = self._rows(rated)
        values = np.array([deed.value for deed in rated], dtype=np.float64)
        self._count(RATED, rows)
        np.add.at(self._rating_sums, rows, values)
        np.add.at(self._rating_sum, np.zeros_like(rows), values)

    def _add_weights(self, deeds: Sequence[Deed]) -> None:
        """Forward decay (Cormode and others, 2009): what a deed weighs at any later moment is its
        own 2^(seconds / half-life) over the moment's, so only those are summed, as logarithms.
        """
        rows = self._rows(deeds)
        days = np.array([deed.seconds for deed in deeds], dtype=np.float64) / DAY_SECONDS
        for column, half_life in enumerate(HALF_LIVES_DAYS):
            np.logaddexp2.at(self._weights[:, column], rows, days / half_life)

    def _add_pages(self, pages: Sequence[Shown]) -> None:
        rows = self._rows_of([*chain.from_iterable(page.document_ids for page in pages)])
        columns = SHOWN + _bands([*chain.from_iterable(page.positions for page in pages)])
        self._add_ones(rows * COLUMNS + columns)
        self._all += np.bincount(columns, minlength=COLUMNS).astype(np.int32)


def _bands(positions: Sequence[int]) -> Places:
    """The band in which each position lies."""
    return np.searchsorted(BANDS, np.array(positions, dtype=np.int64), side="left").astype(np.intp)
