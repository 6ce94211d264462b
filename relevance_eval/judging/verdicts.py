"""From what raters said to judgments."""

from collections.abc import Mapping
from statistics import median_low
from typing import NamedTuple

from relevance_eval.judging.pool import Pool
from relevance_eval.judging.ratings import Place
from tandem.judgments import Qrels


class Verdicts(NamedTuple):
    """The judgments of a pool. ``disputed`` places have raters of different grades."""

    qrels: Qrels
    graded: int
    disputed: int


def verdicts(pool: Pool, said: Mapping[str, Mapping[Place, int | None]]) -> Verdicts:
    """One grade a document: the median of those that its raters gave, the lower of the middle two
    where they are even in number, so that a dispute makes nothing better than somebody found it.

    A document that was left unjudged by all who looked at it is unjudged (``None``); one at which
    nobody looked is not in it, nor a query without any.
    """
    qrels: dict[str, dict[str, int | None]] = {}
    graded = disputed = 0
    for query in pool.queries.values():
        for document_id in query.document_ids:
            place = Place(query.query_id, document_id)
            looked = [grades[place] for grades in said.values() if place in grades]
            given = [grade for grade in looked if grade is not None]
            if looked:
                grade = median_low(given) if given else None
                qrels.setdefault(query.query_id, {})[document_id] = grade
            graded += bool(given)
            disputed += len(set(given)) > 1
    return Verdicts(qrels, graded, disputed)
