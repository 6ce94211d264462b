"""Whatever hangs, the reply comes within its budget and says what is missing."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations

import pytest

from api.personal import AskersProfiles, RememberedProfiles
from query.configurations import configurations
from query.frozen import FrozenPages
from query.legs import Legs
from query.parts import Parts
from query.pipeline import SearchPipeline
from query.questions import Fields
from query.retrieval import search_pools
from query.rules import Rule, Rules
from query.synonyms import Rewrite
from rerank.completed_scores import CompletedScoreReranker
from rerank.personal_order import PersonalOrder
from rerank.profiles import Profile
from tandem.documents import Document
from tandem.errors import SearchUnavailable
from tandem.filters import Filter, matches
from tandem.fusion import LegFusion
from tandem.lexical import Matching, Place, Tally
from tandem.queries import Query, Sort
from tandem.rankings import Correction, Ranking, SearchResult
from tests.builders import schema_of

BUDGET_MS = 2_000.0
"""Where a leg uses up its share, what is left must do for an overloaded machine, stage by stage."""

SLACK_MS = 250.0
"""How late an overloaded machine may wake a thread; what hangs here hangs for 30 seconds."""

PARTS = ("lexical", "vector", "completion", "index", "log")
LATER_PARTS = ("profile", "rules", "tally", "highlights", "passages", "store")
TOGETHER = [
    *[group for size in (1, 2, len(PARTS)) for group in combinations(PARTS, size)],
    *[(part,) for part in LATER_PARTS],
    *[(part, later) for part in ("vector", "log") for later in LATER_PARTS],
    LATER_PARTS,
]


def document(name: str) -> Document:
    """One of a kind of its own."""
    return Document(name, "", "body", {"kind": name})


RULES = Rules([Rule("first", "x", pin=("p",))])


class Engines:
    """Both legs and the documents; each part in ``hanging`` hangs. The index lacks
    document b, and p, which a rule pins.
    """

    def __init__(self) -> None:
        self.hanging: set[str] = set()
        self.takes_seconds = 0.0
        self.over = threading.Event()

    def reach(self, part: str) -> None:
        """Hang, or not."""
        if part in self.hanging:
            self.over.wait(30)
        time.sleep(self.takes_seconds)

    is_in_process = False

    def indexed(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        self.reach("index")
        return {name: document(name) for name in document_ids if name not in "bp"}

    def logged(
        self, document_ids: Collection[str], filters: Sequence[Filter] = ()
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        self.reach("log")
        if {*document_ids} == {"p"}:
            self.reach("rules")
        found = map(document, document_ids)
        return {item.document_id: item for item in found if matches(item, filters)}

    def profile(self, user_id: str, fields: Collection[str]) -> Profile:
        """See ``ReadProfile``: of somebody who likes what b is."""
        self.reach("profile")
        return Profile({"kind": {"b": 9}}, {"kind": 9})

    def keep(
        self, ranking_id: str, collection: str, generation: int, content: bytes, seconds: float
    ) -> None:
        """See ``FrozenStore``."""
        self.reach("store")

    def find(self, ranking_id: str) -> None:
        """See ``FrozenStore``; no later page is asked for here."""


FOUND = {"lexical": "ab", "vector": "bc"}


class FakeLeg:
    """One of them, and its only question."""

    correction: Correction | None = None
    applied: tuple[str, ...] = ()

    def __init__(self, name: str, found: str, engines: Engines) -> None:
        self.name = name
        self._found = found
        self._engines = engines

    def ask(self, text: str, variants: Sequence[str] = ()) -> "FakeLeg":
        """See ``WordLeg``."""
        return self

    def ask_twice(
        self, text: str, rewrite: Rewrite, *, corrects: bool, within: Sequence[Filter] = ()
    ) -> "FakeLeg":
        """See ``WordLeg``."""
        return self

    def ask_like(self, seed: Document, fields: Sequence[str]) -> "FakeLeg":
        """See ``WordLeg`` and ``MeaningLeg``."""
        return self

    def matching(self) -> Matching:
        """See ``WordQuestion``."""
        return Matching("x")

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """See ``WordQuestion``: a match in the title alone."""
        self._engines.reach("highlights")
        return {name: {"title": f"<mark>{name}</mark>"} for name in document_ids}

    def passages(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """See ``MeaningQuestion``."""
        self._engines.reach("passages")
        return {document.document_id: document.body for document in documents}

    def tally(
        self,
        matching: Matching,
        filters: Sequence[Filter],
        fields: Sequence[str],
        timeout_seconds: float,
    ) -> Tally:
        """See ``WordLeg``: two match."""
        self._engines.reach("tally")
        return Tally((0 if matching.text is None else 2) + len(matching.also), {})

    def browse(
        self,
        sort: Sort,
        filters: Sequence[Filter],
        after: Place | None,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[Place]:
        """See ``WordLeg``."""
        self._engines.reach("lexical")
        return [Place(None, name) for name in self._found]

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        self._engines.reach(self.name)
        return Ranking.from_scores(self.name, [(name, 1.0) for name in self._found])

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        self._engines.reach("completion")
        return dict.fromkeys(document_ids, 0.5)


@pytest.fixture
def engines() -> Iterator[Engines]:
    """All healthy."""
    made = Engines()
    yield made
    made.over.set()


@pytest.fixture
def search(engines: Engines) -> Iterator[Callable[..., SearchResult]]:
    """One search, ``hybrid``, of somebody."""
    profiles = RememberedProfiles(engines.profile, kept_seconds=0.0)
    legs = {name: FakeLeg(name, found, engines) for name, found in FOUND.items()}
    pools = search_pools()
    pipeline = SearchPipeline(
        Parts(
            release=1,
            schema=schema_of(kind="keyword"),
            configuration=configurations(
                {name: LegFusion() for name in legs}, depth=10, budget_ms=BUDGET_MS
            )["hybrid"],
            legs=Legs(legs["lexical"], legs["vector"]),
            pools=pools,
            reranker=PersonalOrder(
                CompletedScoreReranker({"lexical": 0.5, "vector": 0.5}),
                AskersProfiles(profiles, ("kind",)),
                share=1.0,
            ),
            documents=engines,
            frozen=FrozenPages(lambda: engines, pools, collection="c", generation=1, seconds=60.0),
            rules=RULES,
        )
    )
    yield lambda budget_ms=None: pipeline.search(
        Query("x", limit=2, budget_ms=budget_ms, user_id="somebody")
    )
    pools.close()
    profiles.close()


def expected(hanging: set[str]) -> dict[str, str]:
    """What the reply must name, all of it for ``timeout``."""
    missing = {"lexical", "vector"} & hanging
    if not missing and "completion" in hanging:  # a single leg has nothing to complete
        missing.add("completion")
    if "completion" not in missing:  # else nothing is reranked
        missing |= {"profile"} & hanging
        if "log" in hanging and "profile" not in hanging:
            missing.add("rerank")
    if {"log", "rules"} & hanging:  # the index lacks b and p
        missing.add("documents")
    if "lexical" not in missing and "tally" in hanging:
        missing.add("facets")
    if "lexical" not in missing and "highlights" in hanging:
        missing.add("highlights")
    if "vector" not in missing and "passages" in hanging:
        missing.add("highlights")
    if "store" in hanging and (
        not missing & {"lexical", "vector"} or not {"log", "rules"} & hanging
    ):
        missing.add("cursor")  # two hits of a leg alone are one page, and three with the pinned one
    return dict.fromkeys(missing, "timeout")


def test_nothing_hangs(search: Callable[..., SearchResult]) -> None:
    """So that what follows is due to what hangs."""
    result = search()
    assert result.degraded == ()
    assert result.page.document_ids == ("p", "b")
    assert result.documents.keys() == {"p", "b"}
    assert (result.total, len(result.highlights), result.reachable) == (4, 2, 4)
    assert result.cursor


@pytest.mark.parametrize("hanging", TOGETHER, ids="+".join)
def test_the_reply_comes_in_time(
    engines: Engines, search: Callable[..., SearchResult], hanging: tuple[str, ...]
) -> None:
    """Each part alone, and all of them together: a page within the budget, or an error in time
    where no leg is left.
    """
    engines.hanging.update(hanging)
    began = time.monotonic()
    if {"lexical", "vector"} <= engines.hanging:
        with pytest.raises(SearchUnavailable, match="lexical timeout, vector timeout"):
            search()
    else:
        result = search()
        assert {part.leg: part.reason for part in result.degraded} == expected(engines.hanging)
        assert result.page.hits
        if not {"profile", "log", "completion"} & engines.hanging:  # whatever else hangs
            assert next(name for name in result.page.document_ids if name != "p") == "b"
        if "log" not in hanging:
            assert result.documents.keys() == set(result.page.document_ids)
    assert (time.monotonic() - began) * 1_000 < BUDGET_MS + SLACK_MS


def test_queries_without_time_cost_the_next_one_nothing(
    engines: Engines, search: Callable[..., SearchResult]
) -> None:
    """One client asks a hundred times for an answer in a millisecond: another one gets its own."""
    engines.takes_seconds = 0.02
    for _ in range(100):
        with suppress(SearchUnavailable):  # a machine that wakes threads late may give some answers
            search(budget_ms=1)
    engines.takes_seconds = 0.0
    assert search().degraded == ()


def test_many_at_once(engines: Engines, search: Callable[..., SearchResult]) -> None:
    """More clients than threads, and the log hangs: nobody waits longer than for the budget."""
    engines.hanging.add("log")
    took: list[float] = []

    def ask() -> None:
        began = time.monotonic()
        search()
        took.append((time.monotonic() - began) * 1_000)

    clients = [threading.Thread(target=ask) for _ in range(16)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(20)
    assert len(took) == 16
    assert max(took) < BUDGET_MS + 4 * SLACK_MS
