"""The HTTP application over a stand-in of what is served."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.access import Access, Caller
from api.asked_writes import Action, AskedWrite
from api.batch_reply import BatchAtWork
from api.document_batch import DocumentBatch
from api.document_desk import Shown
from api.document_intake import DocumentIntake, Done, Written
from api.event_intake import Taken
from api.guard import Guard
from api.http_errors import CODES, answer_errors
from api.metrics import Sight
from api.routes.page import File
from api.routes.page import routes as page_routes
from api.serving import Serving
from api.web import create_web
from api.wire import ErrorReply
from api.wire_examples import ERASURE_REPLY, ERASURE_UNDER_WAY
from api.workers import Workers
from query.configurations import DEFAULT, SearchConfiguration, configurations, named
from query.suggesting import Suggested, Suggestion
from query.understanding import understand
from relevance_eval.judging.ratings import Place, Rating
from tandem.documents import Change, Document
from tandem.events import Event
from tandem.fusion import LegFusion
from tandem.queries import Query
from tandem.rankings import Contribution, Degradation, Evidence, Hit, Ranking, SearchResult
from tandem.schema import Schema
from tests.builders import document, schema_of

SCHEMA = schema_of(kind="keyword", year="integer")
KNOWN = configurations({"lexical": LegFusion()}, depth=10, budget_ms=1_000)
HITS = (
    Hit(
        "a",
        1,
        0.75,
        (Evidence("lexical", 1, 3.5, 0.5), Evidence("vector", None, None, 0.25)),
        (Contribution("lexical", 1.0, 0.75), Contribution("vector", None, 0.0)),
    ),
    Hit("b", 2, 0.5, (Evidence("lexical", 2, 2.5, 0.5),)),
)
DOCUMENTS = {"a": document("a", "about snow", title="Snow", kind="book", tags=("x", "y"))}


SEEN = Sight(
    catalogue_is_up=True,
    release={"collection": "main", "release": "3", "generation": "2", "model": "5"},
    behind={"lexical": (0, 0.0), "vector": (3, 1.5)},
    expected={"behaviour_clicks": 0.25},
)


class AnyPool:
    """A ``Desk`` that takes any rating of any pool, and keeps none."""

    def rate(self, name: str, rater: str, place: Place, grade: int | None) -> None:
        """See ``Desk``."""

    def undo(self, name: str, rater: str) -> Rating | None:
        """See ``Desk``."""
        return None


class AnyErasure:
    """An ``ErasureIntake`` that knows nobody, and is not done with those whose id is long."""

    def take(self, person: str) -> dict[str, Any]:
        """See ``ErasureIntake``."""
        is_done = len(person) < 100
        return {**(ERASURE_REPLY if is_done else ERASURE_UNDER_WAY), "user_id": person}


@dataclass
class AnyDocuments:
    """A ``DocumentDesk`` that takes every write at sequence 7, and has a document of every id."""

    log: list[AskedWrite] = field(default_factory=list)
    behind_by: tuple[Degradation, ...] = ()
    waited: list[tuple[int, float]] = field(default_factory=list)

    async def read(self, document_id: str, caller: Caller) -> Change:
        """See ``DocumentDesk``."""
        return Change(7, document_id, document(document_id, "about snow", title="Snow"))

    async def write(self, asked: AskedWrite, caller: Caller) -> Done:
        """See ``DocumentDesk``."""
        (done,) = self.write_all([asked], caller)
        return done

    def write_all(self, asked: Sequence[AskedWrite], caller: Caller) -> list[Done]:
        """See ``DocumentIntake``."""
        self.log += asked
        return [Done(item.document_id, RESULTS[item.action], 7) for item in asked]

    def unseen(self, document_ids: Iterable[str], caller: Caller) -> set[str]:
        """See ``DocumentDesk``."""
        return {*document_ids}.intersection(["hidden"] if caller.filter else [])

    async def shown(self, done: Done, seconds: float) -> Shown:
        """See ``DocumentDesk``: both legs."""
        self.waited.append((done.sequence, seconds))
        return Shown({"lexical": True, "vector": True}, {}, is_final=True)

    async def behind(self, sequence: int, seconds: float) -> tuple[Degradation, ...]:
        """See ``DocumentDesk``."""
        self.waited.append((sequence, seconds))
        return self.behind_by

    async def batch(self, caller: Callable[[], Caller]) -> BatchAtWork:
        """See ``DocumentDesk``; in one thread, which ends with the tests."""
        return BatchAtWork(DocumentBatch(cast("DocumentIntake", self), caller), WORKERS, 0)

    def is_stopping(self) -> bool:
        """No."""
        return False


RESULTS: Mapping[Action, Written] = {"put": "created", "patch": "updated", "delete": "deleted"}
WORKERS = Workers("stand-in", 1, 100)


@dataclass
class StandIn:
    """Serves two hits, of which one has a document, to every query that could be asked.

    ``before`` may fail in the place of the search; ``asked`` lists the queries, ``recorded`` what
    became impressions, ``told`` the events, ``budgets`` the time that suggestions were given.
    """

    name = "main"

    hits: tuple[Hit, ...] = HITS
    documents: Mapping[str, Document] = field(default_factory=lambda: DOCUMENTS)
    before: Callable[[], None] = lambda: None
    lacking: tuple[Degradation, ...] = ()
    asked: list[tuple[str, Query]] = field(default_factory=list)
    recorded: list[SearchResult] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)
    typed: list[tuple[str, Mapping[str, Any], int]] = field(default_factory=list)
    budgets: list[float] = field(default_factory=list)
    schema: Schema = SCHEMA
    result: Mapping[str, Any] = field(default_factory=dict)
    judging: Any = field(default_factory=AnyPool)
    seen: Sight = SEEN
    document_desk: AnyDocuments = field(default_factory=AnyDocuments)
    erasures: Any = field(default_factory=AnyErasure)

    @property
    def generation(self) -> Any:
        """See ``OpenCollection``."""
        return SimpleNamespace(schema=self.schema)

    @property
    def events(self) -> "StandIn":
        """See ``Serving``."""
        return self

    def take(self, events: Sequence[Event]) -> Taken:
        """See ``EventIntake``."""
        self.before()
        self.told += events
        return Taken(len(events), 0, [])

    def document(self, document_id: str) -> Document | None:
        """See ``Serving``."""
        self.before()
        return self.documents.get(document_id)

    def record(self, result: SearchResult) -> None:
        """See ``Serving``."""
        self.recorded.append(result)

    def keeps_features(self, query: Query) -> bool:
        """See ``Serving``: those of every other query, by the parity of its id."""
        return int(query.query_id, 16) % 2 == 0

    def collection(self) -> "StandIn":
        """See ``Serving``."""
        self.before()
        return self

    def searcher(self, configuration: str | None) -> "Searching":
        """See ``OpenCollection``."""
        return Searching(self, self.configuration(configuration))

    def configuration(self, name: str | None) -> SearchConfiguration:
        """See ``OpenCollection``."""
        return named(KNOWN, DEFAULT if name is None else name)

    def suggest(
        self,
        prefix: str,
        filters: Mapping[str, Any],
        limit: int,
        budget_ms: float,
        forced: Mapping[str, Any] | None,
    ) -> Any:
        """See ``Serving``."""
        self.before()
        self.budgets.append(budget_ms)
        self.typed.append((prefix, {**filters, **(forced or {})}, limit))
        items = (Suggestion("snow", "query"), Suggestion("Snow", "title"))
        return Suggested(items, (Degradation("lexical", "timeout"),), {"total": 0.25})

    def degraded(self) -> tuple[Degradation, ...]:
        """See ``Serving``."""
        return self.lacking

    def sight(self) -> Sight:
        """See ``Serving``."""
        return self.seen

    def readiness(self) -> dict[str, Any]:
        """See ``Serving``."""
        self.before()
        leg = {"engine": "memory", "version": "1", "state": "ok"}
        told = {
            "collection": "main",
            "release": 3,
            "taken_up": True,
            "catalogue": "ok",
            "rules": "ok",
        }
        return {**told, "legs": {"lexical": leg}}


@dataclass(frozen=True)
class Searching:
    """A ``Searcher`` that checks as the real one does."""

    served: StandIn
    configuration: SearchConfiguration

    def check(self, query: Query) -> None:
        """See ``LiveSearcher``."""
        understand(query, SCHEMA)

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        self.served.asked.append((self.configuration.name, query))
        return SearchResult(
            query=query,
            page=Ranking("page", self.served.hits),
            documents=self.served.documents,
            configuration=self.configuration.name,
            release=3,
            degraded=(Degradation("vector", "timeout"),),
            milliseconds={"total": 1.23456},
            **{"unread": frozenset("b"), **self.served.result},
        )


class _Whichever:
    """What the one application serves: to make one takes a quarter of a second."""

    def __init__(self) -> None:
        self.served = StandIn()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.served, name)


_WHICHEVER = _Whichever()


@cache
def _client() -> TestClient:
    return TestClient(create_web(cast("Serving", _WHICHEVER)))


def client_of(served: StandIn) -> TestClient:
    """Asks the application, which serves this from now on; no server is started."""
    _WHICHEVER.served = served
    return _client()


def web_with_pages(pages: Mapping[str, File]) -> TestClient:
    """Asks an application that serves those files alone; its errors are those of the whole."""
    web = FastAPI(openapi_url=None)
    web.include_router(page_routes(cast("Serving", StandIn()), (), pages))
    answer_errors(web, ["/"])
    return TestClient(Guard(Access(web)))


def fail_with(error: Exception) -> StandIn:
    """Served is nothing but that."""

    def fail() -> None:
        raise error

    return StandIn(before=fail)


def error_of(reply: Any) -> dict[str, Any]:
    """The error, after a look at its shape."""
    error = ErrorReply.model_validate_json(reply.content, strict=True).error
    assert reply.status_code == CODES[error.code].status
    assert reply.headers["content-type"] == "application/json"
    assert error.docs == f"docs/reference/http.md#{error.code}"
    return error.model_dump()
