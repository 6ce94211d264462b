"""The event log swept once, in order: what queries of the past knew of people.

However many queries are wanted, the log is read once; at each one's position the same code has
folded the same rows as when it was answered.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rerank.behaviour import Behaviour, Past
from rerank.scene import Scene
from rerank.scenes import Asked, people_of
from rerank.tables import Tables
from rerank.training.pasts import Pasts
from tandem.behaviour import BehaviourLog, Rows
from tandem.catalog.event_rows import Recorded
from tandem.events import Impression
from tandem.queries import Query
from tandem.rankings import Hit, Ranking
from tandem.schema import Schema

ROWS_A_PIECE = 10_000


class Wanted(NamedTuple):
    """A query whose features are wanted as of a position in the log."""

    asked: Asked
    as_of: int


def wanted_of(pages: Iterable[Recorded[Impression]], schema: Schema) -> list[Wanted]:
    """The queries that were shown, each with the documents of all its pages, best position first.

    All pages of a query are of one order, made for the first one: its time and ``as_of`` count.
    """
    by_query: dict[str, list[Impression]] = {}
    for page in pages:
        by_query.setdefault(page.what.query_id, []).append(page.what)
    return [_wanted(shown, schema) for shown in by_query.values()]


def _wanted(pages: Sequence[Impression], schema: Schema) -> Wanted:
    first = min(pages, key=lambda page: page.first_position)
    exposures = sorted(
        (exposure for page in pages for exposure in page.exposures),
        key=lambda exposure: exposure.position,
    )
    hits: dict[str, Hit] = {}
    for name, position in ((item.document_id, item.position) for item in exposures):
        hits.setdefault(name, Hit(name, position, 1 / position))
    query = Query(
        first.query_text,
        first.query_id,
        first.surface,
        user_id=first.user_id,
        client_id=first.client_id,
        session_id=first.session_id,
        issued_at=first.timestamp,
    )
    ranking = Ranking("impression", tuple(hits.values()))
    return Wanted(Asked(query, schema, ranking), first.as_of)


def sweep(
    log: BehaviourLog, wanted: Iterable[Wanted], tables: Tables | None = None
) -> Iterator[tuple[Wanted, Scene]]:
    """Each wanted query's scene as far as people made it, in order of ``as_of``."""
    queue = deque(sorted(wanted, key=lambda item: item.as_of))
    pasts = Pasts(item.asked.who for item in queue)
    known = Tables() if tables is None else tables
    behaviour = Behaviour()

    def take(piece: Rows) -> None:
        behaviour.take(piece)
        pasts.take(piece.rows)

    while queue:
        rows, through = log.rows(behaviour.position, ROWS_A_PIECE)
        if through == behaviour.position:  # the log ends: what is as of later sees all of it
            through = queue[-1].as_of
        begin = 0
        while queue and queue[0].as_of <= through:
            item = queue.popleft()
            end = bisect_right(rows, item.as_of, begin, key=lambda row: row.sequence)
            if end > begin or item.as_of > behaviour.position:
                take(Rows(rows[begin:end], item.as_of))
            begin = end
            yield item, _people(item, behaviour, pasts, known)
        take(Rows(rows[begin:], max(through, behaviour.position)))


def _people(item: Wanted, behaviour: Behaviour, pasts: Pasts, tables: Tables) -> Scene:
    asked = item.asked
    ids = asked.candidates.document_ids
    if not asked.is_by_somebody:
        return people_of(asked, behaviour.of(ids, asked.seconds), None, tables)
    past = Past(asked.who, pasts.of(asked.who), behaviour.position)
    both = behaviour.beside(past, ids, asked.seconds)
    assert both is not None  # the past ends where the fold stands
    return people_of(asked, *both, tables)
