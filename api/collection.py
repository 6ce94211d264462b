"""A collection, opened: its generations, what follows them, and what searches the live one."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from api.generation import OpenGeneration
from api.live import LiveSearcher
from api.searching import Searching
from api.troubles import Troubles
from indexer.following import AnyFollower
from indexer.indexing import Indexer
from indexer.seats import Seat
from query.configurations import SearchConfiguration
from query.past_queries import PastQueries
from query.suggesting import BUDGET_MS, Suggested
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation, Release
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import TandemError
from tandem.lexical import LexicalIndex
from tandem.protocols import Embedder, VectorIndex
from tandem.settings import Settings
from tandem.telemetry import UNMETERED, Meter

CLOSING_SECONDS = 5.0
"""How long the end waits for a generation that is just being closed, after its last query."""

OpenGenerations = Callable[[Generation], OpenGeneration]


class OpenCollection:
    """A collection with the indexes of its live release open, and of every retained generation that
    this process follows.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        release: Release,
        opening: OpenGenerations,
        meter: Meter = UNMETERED,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.name = release.collection
        self._opening = opening
        self._lock = threading.Lock()  # held for moments only: every search takes it
        self._opening_lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._open: dict[int, OpenGeneration] = {}
        self._retired: list[OpenGeneration] = []
        self._unusable = Troubles("is left out")
        self.searching = Searching(settings.search, catalog, self.name, meter)
        self.release = release
        self.live = self.open_generation(catalog.releases.generation(release.generation))
        self.searching.take_up(release, self.live)
        self.live.name_followers(is_live=True)

    # --- the live generation ---

    @property
    def generation(self) -> Generation:
        """What the live indexes were built with."""
        return self.live.generation

    @property
    def lexical(self) -> Seat[LexicalIndex]:
        """The live lexical index."""
        return self.live.lexical

    @property
    def vector(self) -> Seat[VectorIndex]:
        """The live vector index."""
        return self.live.vector

    @property
    def embedder(self) -> Embedder:
        """The live generation's embedder."""
        return self.live.embedder

    @property
    def incomplete(self) -> frozenset[str]:
        """The live legs that are being built again, and find but a part until that is done."""
        return self.live.incomplete

    @property
    def faults(self) -> dict[str, TandemError]:
        """The legs whose index could not be opened, and why."""
        return self.live.faults

    @property
    def behind(self) -> int:
        """Changes in the log that the slower live index has not applied."""
        return self.catalog.documents.behind(self.name, self.live.applied())

    def failure_counts(self) -> dict[str, int]:
        """How many documents each live index refused for good."""
        names = self.live.index_names
        return {leg: self.catalog.checkpoints.failure_count(name) for leg, name in names.items()}

    # --- all of them ---

    def open_generation(self, generation: Generation) -> OpenGeneration:
        """The generation, opened once."""
        with self._opening_lock:
            if generation.number not in self._open:
                opened = self._opening(generation)
                opened.name_followers(is_live=False)
                self._open[generation.number] = opened
            return self._open[generation.number]

    def close_generation(self, number: int, then: Callable[[], None]) -> None:
        """Close a generation that is not live, after the last query that uses it, then go on."""
        with self._opening_lock:
            opened = self._open.pop(number, None)
            self._retired = [item for item in self._retired if not item.is_closed]
            self._retired += [] if opened is None else [opened]
        if opened is None:
            then()
        else:
            opened.retire(then)

    def close_dropped(self) -> None:
        """Close what another process has dropped, each after the last query that uses it. For a
        process that only searches: who follows closes what it drops.
        """
        retained = {item.number for item in self.catalog.releases.generations(self.name)}
        for number in {*self._open} - retained - {self.generation.number}:
            self.close_generation(number, lambda: None)

    @property
    def retained(self) -> list[OpenGeneration]:
        """Every generation that is not dropped and can be opened, the live one first: all of them
        follow the log, so that going back to one loses nothing.
        """
        return self._opened(self.catalog.releases.generations(self.name))

    @property
    def complete(self) -> list[OpenGeneration]:
        """Every retained generation that is not being built any more and can be opened, the live
        one first.
        """
        return self._opened(self._complete())

    def open_complete(self) -> None:
        """Have every complete generation open, for later pages of searches that another process
        answered from it. For a process that only searches: it may have begun after the next one
        went live.
        """
        self._opened(self._complete())

    def _complete(self) -> list[Generation]:
        known = self.catalog.releases.generations(self.name)
        return [item for item in known if item.state != "building"]

    def _opened(self, generations: Sequence[Generation]) -> list[OpenGeneration]:
        """Those of them that can be opened, the live one first, then the newer."""
        opened = [item for item in map(self._usable, reversed(generations)) if item is not None]
        return sorted(opened, key=lambda item: item is not self.live)

    def _usable(self, generation: Generation) -> OpenGeneration | None:
        """The generation; ``None`` if it cannot be opened, which must not stop the live one."""
        name = f"generation {generation.number} of {self.name}"
        if not self._unusable.may_try(name):
            return None
        try:
            opened = self.open_generation(generation)
        except TandemError as error:
            self._unusable.note(name, error)
            return None
        self._unusable.forget(name)
        return opened

    @property
    def followers(self) -> list[AnyFollower]:
        """One follower an index of every complete generation, the live ones first. One that is
        being built is left to the reindex: nobody who writes wants to wait for it.
        """
        return [follower for opened in self.complete for follower in opened.followers]

    @property
    def indexer(self) -> Indexer:
        """Indexes sources into this collection."""
        return Indexer(self.catalog.documents, self.name, self.followers, self.passed)

    def passed(self) -> int:
        """The sequence that every index of every retained generation has applied; 0 while one of
        them cannot be opened.
        """
        known = self.catalog.releases.generations(self.name)
        opened = self._opened(known)
        return min(item.applied() for item in opened) if len(opened) == len(known) else 0

    # --- going live ---

    def refresh(self) -> bool:
        """Take up the release that is live in the catalogue now; whether it is another one."""
        with self._refreshing:  # of two that refresh, none puts back what it read first
            release = self.catalog.releases.live(self.name) or self.release
            if is_changed := release != self.release:
                self._go_live(release)
            self.live.look_again()  # last, as it may wait for engines
            return is_changed

    def _go_live(self, release: Release) -> None:
        opened = self.open_generation(self.catalog.releases.generation(release.generation))
        self.searching.take_up(release, opened)
        with self._lock:
            self.live.name_followers(is_live=False)
            opened.name_followers(is_live=True)
            self.release, self.live = release, opened

    @contextmanager
    def held(self) -> Iterator[tuple[Release, OpenGeneration]]:
        """The live release and its generation, which is not closed before the block ends."""
        with self._lock:
            release, live = self.release, self.live
            live.enter()
        try:
            yield release, live
        finally:
            live.leave()

    @contextmanager
    def held_generation(self, number: int) -> Iterator[tuple[Release, OpenGeneration]]:
        """The generation of that number, or the live one where it is not open here any more; it is
        not closed before the block ends.
        """
        opened = self._open.get(number)
        with self._lock:
            release, held = self.release, self.live
            if opened is not None and opened.try_enter():
                held = opened
            else:
                held.enter()
        try:
            yield release, held
        finally:
            held.leave()

    def searcher(self, configuration: str | None = None) -> LiveSearcher:
        """Searches the live release by a named configuration: the default one where none is named,
        but for the later pages of a search, which are that search's.

        Raises:
            QueryError: there is no configuration of that name.
        """
        return LiveSearcher(self, self.searching, configuration)

    def configuration(self, name: str | None = None) -> SearchConfiguration:
        """The configuration of that name, or the default one.

        Raises:
            QueryError: there is none.
        """
        return self.searching.configuration(name)

    def suggest(
        self,
        prefix: str,
        filters: Mapping[str, Any],
        limit: int,
        past: PastQueries,
        forced: Mapping[str, Any] | None = None,
        budget_ms: float = BUDGET_MS,
    ) -> Suggested:
        """Titles of the live release, and past queries; see ``Suggester``, also for the errors."""
        with self.held() as (_, opened):
            suggester = self.searching.suggester(opened, past, budget_ms)
            return suggester.suggest(prefix, filters=filters, forced=forced, limit=limit)

    def begin_to_load(self) -> None:
        """Load the embedder in the background, while other things are opened."""
        if isinstance(self.embedder, LazyEmbedder):
            self.embedder.begin_to_load()

    def wait_until_loaded(self) -> TandemError | None:
        """Wait for the embedder, so that the first query's deadline does not pay for loading it.

        Without one, searches go on by words alone and say so; the reason is returned.
        """
        if isinstance(self.embedder, LazyEmbedder):
            return self.embedder.wait_until_loaded()
        return None

    def close(self) -> None:
        """Close every index."""
        self.searching.close()
        for opened in self._open.values():
            opened.retire()
        for opened in (*self._open.values(), *self._retired):
            opened.await_closed(CLOSING_SECONDS)
