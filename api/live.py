"""What is live: a searcher that follows the releases, and what takes up a new one."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from api.generation import OpenGeneration
from api.lasting import LastingTrouble
from api.searching import Searching
from query.pipeline import SearchPipeline
from tandem.catalog.releases import Release
from tandem.queries import Query
from tandem.rankings import SearchResult
from tandem.telemetry import logger

Held = AbstractContextManager[tuple[Release, OpenGeneration]]
"""A release and a generation, which is kept open until the block ends."""


class Holder(Protocol):
    """Who has the generations: the collection."""

    def held(self) -> Held:
        """The live release and its generation."""
        ...

    def held_generation(self, number: int) -> Held:
        """The generation of that number, or the live one where it is not open any more."""
        ...


class LiveSearcher:
    """A ``Searcher`` over whatever release is live when a query comes; it holds it meanwhile. A
    later page of a search is of the generation in which its hits were found.
    """

    def __init__(self, holder: Holder, searching: Searching, configuration: str | None) -> None:
        self._holder = holder
        self._searching = searching
        self._named = configuration
        self._configuration = searching.configuration(configuration)

    def check(self, query: Query) -> None:
        """Refuse what cannot be asked, before anything is done for it.

        Raises:
            QueryError: the query is not acceptable.
            FilterError: its filter is not.
        """
        with self._holder.held() as (release, opened):
            self._pipeline(release, opened).check(query)

    def search(self, query: Query) -> SearchResult:
        """See ``SearchPipeline``."""
        with self._holder.held() as (release, opened):
            pipeline = self._pipeline(release, opened)
            resumed = pipeline.resume(query, self._named)
            if resumed is None:
                return pipeline.search(query)
        with self._holder.held_generation(resumed.generation) as (release, opened):
            return self._pipeline(release, opened).page(resumed)

    def _pipeline(self, release: Release, opened: OpenGeneration) -> SearchPipeline:
        return self._searching.pipeline(release, opened, self._configuration)


class ReleaseWatch:
    """Takes up releases that another process made live; without the catalogue the last one stays.

    One thread a collection, for processes that live long.
    """

    def __init__(self, refresh: Callable[[], bool], every_seconds: float = 0.5) -> None:
        self._refresh = refresh
        self._every_seconds = every_seconds
        self._trouble = LastingTrouble("the live release cannot be taken up")
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="release-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(self._every_seconds):
            try:
                if self._refresh():
                    logger("api").info("another release is live")
                self._trouble.is_over()
            except BaseException as error:  # nobody would start the thread again
                self._trouble.tell(error)

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()
        self._thread.join(timeout=5)
