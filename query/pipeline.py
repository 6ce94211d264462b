"""One query from text to page. Each stage takes what the one before gave."""

from query.arranging import Arranger
from query.browsing import browse, place_of
from query.clock import Clock
from query.cursors import ranking_cursor
from query.documents import QueryDocuments
from query.frozen import Resumed
from query.paging import Pager
from query.parts import Parts
from query.understanding import Understood, check_bounds, forced_filters, understand
from tandem.errors import BadCursor
from tandem.queries import Query
from tandem.rankings import SearchResult


class SearchPipeline:
    """A ``Searcher`` over one release and one configuration. Thread-safe."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def check(self, query: Query) -> None:
        """Refuse what cannot be asked, before anything is done for it.

        Raises:
            QueryError: the query is not acceptable.
            FilterError: its filter is not.
        """
        if ranking_cursor(query) is not None:
            check_bounds(query)  # the rest is what it was on the first page
            return
        self._understand(query)

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``. A cursor of a frozen ranking gives its next page, an empty text browses
        the collection.

        Raises:
            QueryError: the query is not acceptable.
            FilterError: its filter is not.
            BadCursor: its cursor is none, or another query's.
            CursorExpired: the ranking that it names is not kept any more.
            SearchUnavailable: no leg could answer.
        """
        resumed = self.resume(query)
        return self._search(query) if resumed is None else self.page(resumed)

    def resume(self, query: Query, configuration: str | None = None) -> Resumed | None:
        """The search of which the query asks a later page, if it does; see ``FrozenPages``."""
        frozen = self._parts.frozen
        if query.cursor is None:
            return None
        if frozen is not None:
            return frozen.resume(query, configuration, self._clock(query))
        if ranking_cursor(query) is not None:
            raise BadCursor("cursor: nothing is frozen here", hint="ask for a larger limit")
        return None

    def page(self, resumed: Resumed) -> SearchResult:
        """A later page, with the documents of this generation."""
        parts = self._parts
        forced = forced_filters(resumed.arranged.query, parts.schema)
        source = QueryDocuments(parts.documents, parts.pools, forced)
        return Pager(parts, source, resumed.clock).later(resumed)

    def _search(self, query: Query) -> SearchResult:
        parts, clock = self._parts, self._clock(query)
        with clock.stopwatch.stage("understanding"):
            understood = self._understand(query)
        source = QueryDocuments(parts.documents, parts.pools, understood.forced)
        if understood.sort is not None:
            return browse(parts, query, understood, source, clock)
        arranged, questions = Arranger(parts, source, clock).arrange(query, understood)
        return Pager(parts, source, clock).first(arranged, questions)

    def _understand(self, query: Query) -> Understood:
        understood = understand(query, self._parts.schema)
        if understood.sort is not None:
            place_of(query, understood, self._parts.schema)
        elif query.cursor is not None:
            raise BadCursor(
                "cursor: it was given for browsing, and here is a text",
                hint="leave the text empty, or ask for the first page",
            )
        return understood

    def _clock(self, query: Query) -> Clock:
        return Clock.start(query.budget_ms or self._parts.configuration.budget_ms)
