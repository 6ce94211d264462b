"""A generation, opened: both its indexes, and who follows them."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from indexer.leased import LeasedFollower
from indexer.seats import Seat
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import LEXICAL, VECTOR
from query.legs import Legs, LexicalLeg, VectorLeg
from tandem.analysis import ANALYSES, Analysis
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation
from tandem.documents import Document
from tandem.embedding.cached_embedder import CachedEmbedder
from tandem.embedding.remembering_embedder import RememberingEmbedder
from tandem.errors import EngineError, ReleaseConflict, SettingsError, TandemError
from tandem.filters import Filter
from tandem.lexical import LexicalIndex
from tandem.protocols import Embedder, VectorIndex
from tandem.scoring import DEFAULT, LexicalScoring
from tandem.telemetry import logger

AnyLeased = LeasedFollower[LexicalIndex] | LeasedFollower[VectorIndex]


@dataclass
class OpenGeneration:
    """Both indexes of a generation. Closed when it is retired and no query uses it any more."""

    catalog: Catalog
    generation: Generation
    lexical: Seat[LexicalIndex]
    vector: Seat[VectorIndex]
    embedder: Embedder
    is_in_process: bool = True
    """See ``DocumentSource``."""

    asking: RememberingEmbedder = field(init=False)
    """What embeds queries."""

    followers: list[AnyLeased] = field(init=False)
    is_closed: bool = field(default=False, init=False)
    _users: int = 0
    _after: Callable[[], None] | None = None
    _closing: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """One follower an index."""
        self.asking = RememberingEmbedder(self.embedder)
        collection = self.generation.collection
        lexical = LeasedFollower(self.catalog, collection, self.lexical, LexicalWriter, LEXICAL)
        vector = LeasedFollower(self.catalog, collection, self.vector, self._vector_writer, VECTOR)
        self.followers = [lexical, vector]

    def _vector_writer(self, index: VectorIndex) -> VectorWriter:
        cached = CachedEmbedder(self.embedder, self.catalog.embeddings)
        return VectorWriter(index, cached, self.generation.passage_tokens)

    def name_followers(self, *, is_live: bool) -> None:
        """Tell the followers of the live generation from those of another one."""
        mark = "" if is_live else f"@{self.generation.number}"
        for follower, leg in zip(self.followers, (LEXICAL, VECTOR), strict=True):
            follower.name = leg + mark

    @property
    def index_names(self) -> dict[str, str]:
        """Leg -> the name of its index."""
        return {LEXICAL: self.generation.lexical_name, VECTOR: self.generation.vector_name}

    @property
    def rebuilding(self) -> dict[str, str]:
        """The legs that start from zero though they had been built, and why."""
        legs = {LEXICAL: self.lexical.opened.rebuilt, VECTOR: self.vector.opened.rebuilt}
        return {leg: reason for leg, reason in legs.items() if reason is not None}

    @property
    def incomplete(self) -> frozenset[str]:
        """The legs that are being built though the log held documents when that began: until they
        have those, searches find but a part.
        """
        legs = {LEXICAL: self.lexical.is_whole, VECTOR: self.vector.is_whole}
        return frozenset(leg for leg, is_whole in legs.items() if not is_whole)

    @property
    def faults(self) -> dict[str, TandemError]:
        """The legs whose index could not be opened, and why."""
        legs = {LEXICAL: self.lexical.opened.fault, VECTOR: self.vector.opened.fault}
        return {leg: fault for leg, fault in legs.items() if fault is not None}

    def refresh(self) -> None:
        """Make searchable what was applied; an engine that cannot do so now does it by itself."""
        try:
            self.lexical.index.refresh()
        except EngineError as error:
            logger("api").warning("%s is not refreshed: %s", self.lexical.name, error)

    def look_again(self) -> None:
        """Open what could not be opened before, such as an index that has been built meanwhile."""
        self.lexical.look_again()
        self.vector.look_again()

    def applied(self) -> int:
        """Everything up to this sequence is in both indexes."""
        return min(self.lexical.applied(), self.vector.applied())

    def legs(self, scoring: LexicalScoring = DEFAULT) -> Legs:
        """Both legs of a search, over the indexes as they are open now; words score so."""
        return Legs(
            LexicalLeg(self.lexical.index, scoring),
            VectorLeg(self.vector.index, self.asking, self.generation.passage_tokens),
        )

    def indexed(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        return self.lexical.index.documents(document_ids, timeout_seconds=timeout_seconds)

    def logged(
        self, document_ids: Collection[str], filters: Sequence[Filter] = ()
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        log = self.catalog.documents
        return log.documents(self.generation.collection, list(document_ids), filters)

    @contextmanager
    def in_use(self) -> Iterator[Self]:
        """It is not closed before the block ends; see ``enter``."""
        self.enter()
        try:
            yield self
        finally:
            self.leave()

    def enter(self) -> None:
        """A query begins to use it: until ``leave`` it is not closed.

        Raises:
            ReleaseConflict: it is retired: it may be closed already.
        """
        if not self.try_enter():
            named = f"generation {self.generation.number} of {self.generation.collection}"
            raise ReleaseConflict(
                f"{named} is closed",
                hint="see which generations there are, and ask again: tandem releases",
            )

    def try_enter(self) -> bool:
        """As ``enter``; whether it is not retired."""
        with self._lock:
            is_open = self._after is None
            self._users += is_open
            return is_open

    def leave(self) -> None:
        """The query has ended. Where it was the last one, closing is left to a thread of its own:
        it may wait for engines and the catalogue, and somebody waits for the query's answer.
        """
        with self._lock:
            self._users -= 1
            if self._after is None or self._users > 0:
                return
            name = f"close-generation-{self.generation.number}"
            self._closing = threading.Thread(target=self._close_late, name=name, daemon=True)
            self._closing.start()

    def retire(self, then: Callable[[], None] = lambda: None) -> None:
        """Close it now, or after the last query that uses it; ``then`` is called after that."""
        with self._lock:
            self._after = then
            is_idle = self._users == 0
        if is_idle:
            self._close()

    def await_closed(self, seconds: float) -> None:
        """Where the last query has just ended, wait until it is closed, but no longer than that."""
        if self._closing is not None:
            self._closing.join(seconds)

    def _close_late(self) -> None:
        try:
            self._close()
        except Exception as error:  # nobody waits for it who could be told
            logger("api").warning(
                "generation %s was not closed properly: %s; its indexes are removed at the next "
                "start if it was dropped",
                self.generation.number,
                error,
            )

    def _close(self) -> None:
        self.lexical.close()
        self.vector.close()
        assert self._after is not None, "it was retired"
        self._after()
        self.is_closed = True


def analysis_of(generation: Generation) -> Analysis:
    """The text analysis that a generation was built with.

    Raises:
        SettingsError: this version of Tandem does not have it.
    """
    if generation.analysis in ANALYSES:
        return ANALYSES[generation.analysis]
    raise SettingsError(
        f"generation {generation.number} of collection {generation.collection!r} was built with "
        f"the text analysis {generation.analysis!r}, this version of Tandem has "
        f"{', '.join(ANALYSES)}",
        hint="use the version that built it; if another one is live, a later tandem reindex drops "
        "it, if it is the live one, index into another data folder",
    )
