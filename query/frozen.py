"""The order of a search, frozen for its later pages, so that any worker can serve them.

It is kept for some minutes by whoever has the store: the catalogue. What was said of the whole
search (total, facets, what was missing) is kept with it; documents and highlights are not.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

from query.arranged import Arranged
from query.clock import Clock
from query.cursors import RankingCursor, canonical, new_ranking_id, ranking_cursor
from query.frozen_content import decoded, encoded
from query.retrieval import CURSOR, Answers, LegPools
from query.understanding import check_bounds, folded
from tandem.errors import BadCursor, CursorExpired, SearchUnavailable
from tandem.queries import Query


class Kept(Protocol):
    """A frozen ranking as the store has it."""

    @property
    def collection(self) -> str:
        """The collection that was searched."""
        ...

    @property
    def generation(self) -> int:
        """The number of the generation that was."""
        ...

    @property
    def content(self) -> bytes:
        """What was kept."""
        ...


class FrozenStore(Protocol):
    """Keeps frozen rankings for a while, for every worker."""

    def keep(
        self, ranking_id: str, collection: str, generation: int, content: bytes, seconds: float
    ) -> None:
        """Keep it for that long."""
        ...

    def find(self, ranking_id: str) -> Kept | None:
        """One that is still kept."""
        ...


class Resumed(NamedTuple):
    """A later page of a search: its order, where the page begins, and whose documents it shows.
    The query is the first page's, with the limit, the time and the like of this one.
    """

    arranged: Arranged
    generation: int
    cursor: RankingCursor
    clock: Clock


class FrozenPages:
    """Freezes the searches of one generation, and finds those of any. Thread-safe. The store is
    asked for in a thread of its own pool: opening it may take as long as asking it.
    """

    def __init__(
        self,
        store: Callable[[], FrozenStore],
        pools: LegPools,
        *,
        collection: str,
        generation: int,
        seconds: float,
    ) -> None:
        self._store = store
        self._pools = pools
        self._collection = collection
        self._generation = generation
        self._seconds = seconds

    def freeze(self, arranged: Arranged, clock: Clock) -> Callable[[], Answers[str]]:
        """Begin to keep it; what is returned waits for its id, named ``cursor``."""

        def keep() -> str:
            ranking_id, content = new_ranking_id(), encoded(arranged)
            self._store().keep(
                ranking_id, self._collection, self._generation, content, self._seconds
            )
            return ranking_id

        return self._pools.begin({CURSOR: clock.stopwatch.timed("freezing", keep)}, clock.whole)

    def resume(self, query: Query, configuration: str | None, clock: Clock) -> Resumed | None:
        """The search of which the query asks another page; ``None`` if it asks for none of these.

        ``configuration`` is the one that was asked for beside the cursor, if any was.

        Raises:
            BadCursor: it is none, or belongs to another query than the rest of this one.
            CursorExpired: what it names is not kept.
            SearchUnavailable: it cannot be told now.
        """
        cursor = ranking_cursor(query)
        if cursor is None:
            return None
        check_bounds(query)
        kept = self._find(cursor, clock)
        if kept is None or kept.collection != self._collection:
            raise CursorExpired(
                "the order from which the cursor takes its page is not kept any more",
                hint="ask for the first page again",
            )
        arranged = decoded(kept.content)
        check_belongs(query, configuration, arranged)
        if cursor.offset >= len(arranged.ranking):
            raise BadCursor("cursor: there is no page behind the last one")
        return Resumed(
            replace(arranged, query=_continued(query, arranged.query)),
            kept.generation,
            cursor,
            clock,
        )

    def _find(self, cursor: RankingCursor, clock: Clock) -> Kept | None:
        answers = self._pools.ask(
            {CURSOR: lambda: self._store().find(cursor.ranking_id)}, clock.whole
        )
        if answers.degraded:
            raise SearchUnavailable(
                f"the catalogue does not give the page's order: {answers.degraded[0].reason}",
                hint="ask again with the same cursor, or for the first page",
            )
        return answers.by_leg[CURSOR]


def check_belongs(query: Query, configuration: str | None, arranged: Arranged) -> None:
    """Refuse a cursor beside something that its search was not asked with. What is left out beside
    a cursor is what it was.

    Raises:
        BadCursor: it names what differs.
    """
    first = arranged.query
    differences = {
        "q": query.text and folded(query.text) != folded(first.text),
        "filter": query.filters and canonical(query.filters) != canonical(first.filters),
        "key": canonical(query.forced) != canonical(first.forced),  # never left out
        "facets": query.facets and {*query.facets} != {*first.facets},
        "sort": query.sort is not None,
        "configuration": configuration and configuration != arranged.configuration,
        "user_id": query.user_id and query.user_id != first.user_id,
        "client_id": query.client_id and query.client_id != first.client_id,
        "document": (query.surface, query.seed_document_id)
        != (first.surface, first.seed_document_id),
    }
    named = [name for name, differs in differences.items() if differs]
    if named:
        raise BadCursor(
            f"cursor: it belongs to a search with another {' and '.join(named)}",
            hint="give the parameters of the first page beside its cursor, or none of them",
        )


def _continued(query: Query, first: Query) -> Query:
    """The first page's query, for the page that ``query`` asks for. All pages of a search have one
    ``query_id``: positions count over all of them.
    """
    return replace(
        first,
        limit=query.limit,
        cursor=query.cursor,
        budget_ms=query.budget_ms,
        wants_highlights=query.wants_highlights,
        wants_explanation=query.wants_explanation,
        issued_at=query.issued_at,
        session_id=query.session_id or first.session_id,
    )
