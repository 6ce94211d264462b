"""A pipeline over stand-in legs: two lists of scores, and what may fail or hang."""

import threading
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from query.configurations import configurations
from query.frozen import FrozenPages
from query.legs import Legs
from query.parts import Parts
from query.pipeline import SearchPipeline
from query.questions import Fields
from query.retrieval import search_pools
from query.rules import NO_RULES
from query.synonyms import Rewrite
from rerank.completed_scores import CompletedScoreReranker
from tandem.documents import Document
from tandem.filters import Filter, matches
from tandem.fusion import LegFusion
from tandem.lexical import Matching, Place, Tally
from tandem.protocols import Explainer, Reranker
from tandem.queries import Sort
from tandem.rankings import Correction, Ranking
from tests.builders import schema_of
from tests.frozen_store import MemoryStore

SCHEMA = schema_of(genre="keyword", year="integer")
WORDS = {"a": 9.0, "b": 6.0, "c": 3.0}
MEANING = {"a": 0.2, "b": 0.8, "c": 0.1, "d": 0.4}
PATIENCE_MS = 1_000
"""For a query of which one part hangs: on a busy machine, too, all else comes in time."""


@dataclass
class StandIn:
    """A leg over given scores, and its only question; ``found`` says how many it returns by
    itself, ``asked`` how it was asked. Each document has a title that matches; ``counted`` lists
    what was to be counted, and ``lacks`` what is not there to be.
    """

    correction: ClassVar[Correction | None] = None
    applied: ClassVar[tuple[str, ...]] = ()

    name: str
    scores: Mapping[str, float]
    found: int = 100
    on_retrieve: Callable[[], None] = lambda: None
    on_score: Callable[[], None] = lambda: None
    on_tally: Callable[[], None] = lambda: None
    on_show: Callable[[], None] = lambda: None
    asked: list[Any] = field(default_factory=list)
    counted: list[Matching] = field(default_factory=list)
    lacks: set[str] = field(default_factory=set)
    shown: list[tuple[str, ...]] = field(default_factory=list)

    def ask(self, text: str, variants: Sequence[str] = ()) -> "StandIn":
        """See ``WordLeg``."""
        self.asked.append(text)
        return self

    def ask_twice(
        self, text: str, rewrite: Rewrite, *, corrects: bool, within: Sequence[Filter] = ()
    ) -> "StandIn":
        """See ``WordLeg``; nothing is corrected here."""
        return self.ask(text)

    def ask_like(self, seed: Document, fields: Sequence[str]) -> "StandIn":
        """See ``WordLeg`` and ``MeaningLeg``."""
        return self.ask(f"like {seed.document_id}")

    def matching(self) -> Matching:
        """See ``WordQuestion``."""
        return Matching("these words")

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """See ``WordQuestion``: a, and the body of b."""
        self.on_show()
        self.shown.append(tuple(document_ids))
        marked = {"a": {"title": "<mark>A</mark>"}, "b": {"body": "<mark>B</mark>"}}
        return {name: fields for name, fields in marked.items() if name in document_ids}

    def passages(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """See ``MeaningQuestion``."""
        self.on_show()
        self.shown.append(tuple(document.document_id for document in documents))
        return {document.document_id: f"<{document.body}>" for document in documents}

    def tally(
        self,
        matching: Matching,
        filters: Sequence[Filter],
        fields: Sequence[str],
        timeout_seconds: float,
    ) -> Tally:
        """See ``WordLeg``: seventy words match."""
        self.on_tally()
        self.counted.append(matching)
        matched = 0 if matching.text is None else 70
        total = matched + len({*matching.also} - self.lacks)
        return Tally(total, {name: {"x": total} for name in fields})

    def browse(
        self,
        sort: Sort,
        filters: Sequence[Filter],
        after: Place | None,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[Place]:
        """See ``WordLeg``: by name."""
        self.asked.append((sort, tuple(filters), after, limit))
        self.on_retrieve()
        names = sorted(self.scores)
        first = 0 if after is None else bisect_right(names, after.document_id)
        return [Place(None, name) for name in names[first : first + limit]]

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        self.asked.append((tuple(filters), limit, timeout_seconds))
        self.on_retrieve()
        ranking = Ranking.from_scores(self.name, self.scores.items())
        return ranking.top(min(limit, self.found))

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        self.asked.append(tuple(document_ids))
        self.on_score()
        return {name: self.scores[name] for name in document_ids if name in self.scores}


class House:
    """A pipeline and what it is made of."""

    def __init__(self) -> None:
        self.lexical = StandIn("lexical", WORDS)
        self.vector = StandIn("vector", MEANING, found=2)
        self.pools = search_pools(2)
        self.reranker: Reranker = CompletedScoreReranker({"lexical": 0.4, "vector": 0.6})
        self.fetched: list[tuple[str, ...]] = []
        self.depth = 100
        self.is_in_process = True
        self.released = threading.Event()
        self.deleted: set[str] = set()
        self.unindexed: set[str] = set()
        self.on_log: Callable[[tuple[str, ...]], object] = lambda _: None
        self.store: MemoryStore | None = None
        self.rules = NO_RULES
        self.release = 7
        self.explainer: Explainer | None = None

    def indexed(self, document_ids: Collection[str], _seconds: float) -> Mapping[str, Document]:
        """See ``DocumentSource``; noted."""
        self.fetched.append(tuple(document_ids))
        return self._held([name for name in document_ids if name not in self.unindexed])

    def logged(
        self, document_ids: Collection[str], filters: Sequence[Filter] = ()
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``; noted."""
        self.fetched.append(tuple(document_ids))
        self.on_log(tuple(document_ids))
        found = self._held(document_ids)
        return {name: item for name, item in found.items() if matches(item, filters)}

    def _held(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        return {
            name: Document(name, name, f"body of {name}")
            for name in document_ids
            if name not in self.deleted
        }

    def pipeline(self, configuration: str = "hybrid") -> SearchPipeline:
        """As bootstrapping would make it."""
        known = configurations(
            {"lexical": LegFusion(), "vector": LegFusion()}, depth=self.depth, budget_ms=5_000
        )
        store, frozen = self.store, None
        if store is not None:
            frozen = FrozenPages(
                lambda: store, self.pools, collection="main", generation=3, seconds=900.0
            )
        return SearchPipeline(
            Parts(
                release=self.release,
                schema=SCHEMA,
                configuration=known[configuration],
                legs=Legs(self.lexical, self.vector),
                pools=self.pools,
                reranker=self.reranker,
                documents=self,
                frozen=frozen,
                rules=self.rules,
                explainer=self.explainer,
            )
        )

    def hang(self) -> None:
        """Wait until the test is over."""
        self.released.wait(30)


@contextmanager
def opened_house() -> Iterator[House]:
    """Two healthy legs: words know a, b, c; meaning returns b, d and can score a and c too."""
    built = House()
    yield built
    built.released.set()
    built.pools.close()


def raising(error: Exception) -> Callable[[], None]:
    """A call that raises."""

    def call() -> None:
        raise error

    return call
