"""From the nearest passages to the nearest documents, each once, by its best passage."""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

from tandem.rankings import Ranking

LEG = "vector"
PASSAGES_PER_DOCUMENT = 3
"""First guess of how many of the nearest passages belong to one document."""

PASSAGES_PER_SCORED_DOCUMENT = 16
"""The same where the documents are given: most of their passages fit into one answer."""

MOST_TIES = 4_096
"""How many documents of equal score at the limit are put in order of id; beyond it luck decides."""

NearestPassages = Callable[[int, Collection[str]], Iterable[tuple[str, float]]]
"""(how many, without the passages of these documents) -> (document_id, score), best first. Fewer
than asked for means that there are no more.
"""


def nearest_documents(passages: NearestPassages, page: int) -> Iterator[tuple[str, float]]:
    """(document_id, score of its best passage), best first, each document once.

    Passages come nearest first, so the first one seen of a document is its best. When a page of
    passages is used up, the documents found are excluded and the page doubles: a document with a
    thousand near passages costs a few rounds, never a place in the list.
    """
    seen: set[str] = set()
    while True:
        excluded, found = frozenset(seen), 0
        for document_id, score in passages(page, excluded):
            found += 1
            if document_id not in seen:
                seen.add(document_id)
                yield document_id, score
        if found < page:
            return
        page *= 2


def nearest_ranking(passages: NearestPassages, limit: int) -> Ranking:
    """The ``limit`` nearest documents; those of equal score at the limit in order of id."""
    best: dict[str, float] = {}
    last = 0.0
    for document_id, score in nearest_documents(passages, limit * PASSAGES_PER_DOCUMENT):
        if len(best) >= limit and (score < last or len(best) >= limit + MOST_TIES):
            break
        best[document_id] = last = score
    return Ranking.from_scores(LEG, best.items(), limit=limit)


def document_scores(passages: NearestPassages, asked: int) -> dict[str, float]:
    """The scores of ``asked`` documents, where ``passages`` knows no others."""
    page = asked * PASSAGES_PER_SCORED_DOCUMENT
    return dict(islice(nearest_documents(passages, page), asked))
