"""The HTTP application over a stand-in of what is served."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from starlette.testclient import TestClient

from api.serving import Serving
from api.web import create_web
from query.configurations import SearchConfiguration, configurations, named
from query.understanding import understand
from tandem.documents import Document
from tandem.fusion import LegFusion
from tandem.queries import Query
from tandem.rankings import Degradation, Evidence, Hit, Ranking, SearchResult
from tests.builders import document, schema_of

SCHEMA = schema_of(kind="keyword", year="integer")
KNOWN = configurations({"lexical": LegFusion()}, depth=10, budget_ms=1_000)
HITS = (
    Hit("a", 1, 0.75, (Evidence("lexical", 1, 3.5, 0.5), Evidence("vector", None, None, 0.25))),
    Hit("b", 2, 0.5, (Evidence("lexical", 2, 2.5, 0.5),)),
)
DOCUMENTS = {"a": document("a", "about snow", title="Snow", kind="book", tags=("x", "y"))}


@dataclass
class StandIn:
    """Serves two hits, of which one has a document, to every query that could be asked.

    ``before`` may fail in the place of the search; ``asked`` lists the queries.
    """

    hits: tuple[Hit, ...] = HITS
    documents: Mapping[str, Document] = field(default_factory=lambda: DOCUMENTS)
    before: Callable[[], None] = lambda: None
    lacking: tuple[Degradation, ...] = ()
    asked: list[tuple[str, Query]] = field(default_factory=list)

    def collection(self) -> "StandIn":
        """See ``Serving``."""
        self.before()
        return self

    def searcher(self, configuration: str) -> "Searching":
        """See ``OpenCollection``."""
        return Searching(self, named(KNOWN, configuration))

    def configuration(self, name: str) -> SearchConfiguration:
        """See ``OpenCollection``."""
        return named(KNOWN, name)

    def degraded(self) -> tuple[Degradation, ...]:
        """See ``Serving``."""
        return self.lacking

    def readiness(self) -> dict[str, Any]:
        """See ``Serving``."""
        self.before()
        leg = {"engine": "memory", "version": "1", "state": "ok"}
        told = {"collection": "main", "release": 3, "taken_up": True, "catalogue": "ok"}
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
