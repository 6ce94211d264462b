"""A server that is evaluated: patience, one release, and no impressions."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest

from relevance_eval.served import PAUSES, ServedSearcher
from tandem.client import Client, Refused, ServerFailed, ServerUnavailable
from tandem.errors import QueryError, ReleaseConflict, SearchUnavailable, TandemError
from tandem.queries import Query
from tandem.rankings import Ranking, SearchResult


class Server:
    """Fails with each of the errors, then answers by ``release``."""

    def __init__(self, *errors: TandemError, release: int = 3) -> None:
        self.errors = list(errors)
        self.release = release
        self.asked: list[dict[str, Any]] = []

    def search(self, query: Query, **how: Any) -> SearchResult:
        """See ``Client``."""
        self.asked.append(how)
        if self.errors:
            raise self.errors.pop(0)
        page = Ranking.from_scores("hybrid", [("a", 1.0)])
        return SearchResult(query, page, {}, "hybrid", self.release)


def asked(server: Server) -> tuple[SearchResult, list[float]]:
    """The answer, and how long was waited between tries."""
    waited: list[float] = []
    searcher = ServedSearcher(cast("Client", server), "rrf", 3, sleep=waited.append)
    return searcher.search(Query("text")), waited


def test_nothing_becomes_an_impression() -> None:
    """And nothing is told of documents but their ids."""
    server = Server()
    result, waited = asked(server)
    assert result.page.document_ids == ("a",)
    assert waited == []
    assert server.asked == [{"configuration": "rrf", "fields": (), "record": False}]


def test_patience() -> None:
    """What passes is waited for, longer each time."""
    server = Server(
        ServerUnavailable("refused"),
        ServerFailed("busy", told="overloaded"),
        SearchUnavailable("late"),
        Refused("slower", told="rate_limited"),
    )
    assert asked(server)[1] == list(PAUSES)


@pytest.mark.parametrize(
    "kind", [ServerUnavailable, partial(ServerFailed, told="overloaded"),
             partial(Refused, told="rate_limited")],
)  # fmt: skip
def test_patience_ends(kind: Callable[[str], TandemError]) -> None:
    """The last error is told, as one query's: the run goes on with the others."""
    server = Server(*[kind(f"refused {time}") for time in range(5)])
    with pytest.raises(SearchUnavailable, match="refused 4"):
        asked(server)
    assert len(server.asked) == len(PAUSES) + 1


@pytest.mark.parametrize(
    "error",
    [QueryError("bad", field="text"), ServerFailed("broken", told="internal"), Refused("no")],
)
def test_what_does_not_pass_is_told_at_once(error: TandemError) -> None:
    """Asking again would be no use."""
    server = Server(error)
    kind = SearchUnavailable if isinstance(error, ServerFailed) else type(error)
    with pytest.raises(kind, match=str(error)):
        asked(server)
    assert len(server.asked) == 1


def test_another_release_is_refused() -> None:
    """Half a run of each would measure neither."""
    with pytest.raises(ReleaseConflict, match=r"release 4 answers by now, .* with release 3"):
        asked(Server(release=4))
