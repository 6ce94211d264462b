"""What both legs said about each query, as arrays: fetched once, fused in many ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tandem.judgments import Qrels
from tandem.normalisation import Floats

LEGS: Final = ("lexical", "vector")
"""The order of the legs in every array here."""

LEXICAL, VECTOR = range(len(LEGS))

CUTOFF: Final = 10
MEASURE: Final = "nDCG@10"

Integers = npt.NDArray[np.int64]


class LegAnswer(NamedTuple):
    """One query: every document that a leg returned, in order of ``document_ids``.

    ``scores``, shape (2, documents), are both legs' exact scores, 0 where a leg cannot match a
    document; ``ranks``, of the same shape, count from 1, 0 = not returned by that leg.
    """

    document_ids: tuple[str, ...]
    scores: Floats
    ranks: Integers


@dataclass(frozen=True, slots=True)
class LegTable:
    """All judged queries, padded to the one with the most documents: NaN scores, ranks of 0.

    ``scores`` and ``ranks``: shape (queries, 2, documents), documents of a query by id, so that a
    stable sort leaves ties as a ranking does. ``gains``: (queries, documents), the grades, 0 where
    unjudged or below. ``ideal``: (queries,), the DCG@10 of the best possible list. ``useful``: the
    places of the gains above 0, as rows and columns.
    """

    query_ids: tuple[str, ...]
    scores: Floats
    ranks: Integers
    gains: Floats
    ideal: Floats
    useful: tuple[Integers, Integers]

    def __len__(self) -> int:
        return len(self.query_ids)


def packed(answers: Mapping[str, LegAnswer], qrels: Qrels) -> LegTable:
    """The answers to judged queries with their grades.

    Raises:
        ValueError: a judged query was not answered.
    """
    missing = [query_id for query_id in qrels if query_id not in answers]
    if missing:
        raise ValueError(f"{len(missing)} judged queries have no answer, {missing[0]!r} first")
    chosen = [answers[query_id] for query_id in qrels]
    width = max((len(answer.document_ids) for answer in chosen), default=0)
    scores = np.full((len(chosen), len(LEGS), width), np.nan)
    ranks = np.zeros(scores.shape, dtype=np.int64)
    gains = np.zeros((len(chosen), width))
    ideal = np.zeros(len(chosen))
    for row, (answer, grades) in enumerate(zip(chosen, qrels.values(), strict=True)):
        order = np.argsort(np.array(answer.document_ids, dtype=object), kind="stable")
        count = len(order)
        scores[row, :, :count] = answer.scores[:, order]
        ranks[row, :, :count] = answer.ranks[:, order]
        found = [_gain(grades.get(answer.document_ids[place])) for place in order]
        gains[row, :count] = found
        best = sorted(map(_gain, grades.values()), reverse=True)[:CUTOFF]
        ideal[row] = np.array(best) @ discounts(len(best))
    rows, columns = np.nonzero(gains)
    return LegTable(tuple(qrels), scores, ranks, gains, ideal, (rows, columns))


def ndcg(table: LegTable, values: Floats) -> Floats:
    """nDCG@10 of every query where documents stand by ``values``, shape (queries, documents), the
    largest first, equal ones by id; ``-inf`` = no candidate.

    nDCG = DCG / ideal DCG, DCG = sum over ranks of grade / log2(rank + 1); 0 where nothing is
    relevant (K. Järvelin, J. Kekäläinen, ACM TOIS 2002, with linear gain, as trec_eval has it).
    Only what is relevant counts, so only its ranks are found: nothing is sorted.
    """
    rows, columns = table.useful
    lists = values[rows]
    own = lists[np.arange(len(rows)), columns][:, None]
    is_before = np.arange(values.shape[1]) < columns[:, None]
    ahead = ((lists > own) | ((lists == own) & is_before)).sum(axis=1)
    counts = (ahead < CUTOFF) & ~np.isneginf(own[:, 0])
    worth = discounts(CUTOFF)[np.minimum(ahead, CUTOFF - 1)]
    gained = np.where(counts, table.gains[rows, columns] * worth, 0.0)
    reached = np.bincount(rows, weights=gained, minlength=len(table))
    return np.divide(reached, table.ideal, out=np.zeros(len(table)), where=table.ideal > 0)


def discounts(count: int) -> Floats:
    """What a grade counts at ranks 1 to ``count``."""
    return np.asarray(1.0 / np.log2(np.arange(count) + 2.0), dtype=np.float64)


def _gain(grade: int | None) -> float:
    return float(max(grade or 0, 0))
