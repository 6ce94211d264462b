"""Browsing: without a text the collection itself is shown, as the filters leave it, sorted.

Pages follow each other by the place of their last document, so that none of what stays where it is
repeats or is skipped; nothing is frozen, and a document that changes meanwhile may move.
"""

from collections.abc import Sequence
from functools import partial

from query.arranging import no_leg
from query.clock import Clock
from query.configurations import LEXICAL
from query.cursors import BrowsingCursor, browsing_cursor
from query.documents import QueryDocuments
from query.parts import Parts
from query.tallying import counted
from query.understanding import Understood
from tandem.fields import FieldType
from tandem.lexical import Matching, Place
from tandem.queries import Query, Sort
from tandem.rankings import Hit, Ranking, SearchResult
from tandem.schema import Schema

NAME = "browsing"
EVERYTHING = Matching("")


def place_of(query: Query, understood: Understood, schema: Schema) -> BrowsingCursor | None:
    """Where the page begins; ``None`` for the first one.

    Raises:
        BadCursor: the query's cursor is none, or another list's.
    """
    sort = understood.sort or Sort()
    field = schema.by_name.get(sort.field or "")
    is_float = field is not None and field.type is FieldType.FLOAT
    return browsing_cursor(query, sort, is_float=is_float)


def browse(
    parts: Parts, query: Query, understood: Understood, source: QueryDocuments, clock: Clock
) -> SearchResult:
    """One page of the collection.

    Raises:
        BadCursor: the query's cursor is none, or another list's.
        SearchUnavailable: the lexical index did not answer.
    """
    sort, stage = understood.sort or Sort(), clock.stopwatch.stage
    before = place_of(query, understood, parts.schema)
    with stage("retrieval"):
        places = _places(parts, understood, before and before.place, query.limit + 1, clock)
    page, is_last = places[: query.limit], len(places) <= query.limit
    seen = before.seen if before is not None else 0
    with stage("tally"):
        tally, uncounted = counted(parts, understood, EVERYTHING, clock)
    hits = [Hit(place.document_id, seen + rank, 0.0) for rank, place in enumerate(page, start=1)]
    ranking = Ranking(NAME, tuple(hits))
    with stage("documents"):
        documents = source.fetch(ranking.document_ids, clock.documents())
    reached = seen + len(page)
    following = None if is_last else BrowsingCursor(page[-1], reached)
    return SearchResult(
        query=query,
        page=ranking,
        documents=documents,
        configuration=parts.configuration.name,
        release=parts.release,
        degraded=parts.rebuilding([LEXICAL]) + uncounted + source.degraded,
        milliseconds=clock.stopwatch.total(),
        total=tally and tally.total,
        facets=tally and tally.facets,
        reachable=max(reached, tally.total if tally else 0),
        cursor=following and following.written(query, sort),
        is_frozen=False,
        unread=source.unread,
    )


def _places(
    parts: Parts, understood: Understood, after: Place | None, limit: int, clock: Clock
) -> Sequence[Place]:
    call = partial(
        parts.legs.lexical.browse,
        understood.sort or Sort(),
        understood.filters,
        after,
        limit,
        clock.legs.remaining_seconds(),
    )
    timed = clock.stopwatch.timed(LEXICAL, call)
    answers = parts.pools.ask({LEXICAL: timed}, clock.legs)
    if LEXICAL not in answers.by_leg:
        raise no_leg(answers.degraded)
    return answers.by_leg[LEXICAL]
