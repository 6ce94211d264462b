"""A server that is evaluated: one release, and no impressions."""

from typing import Any, cast

import pytest

from relevance_eval.served import ServedSearcher
from tandem.client import Client, Refused, ServerFailed, ServerUnavailable
from tandem.errors import QueryError, ReleaseConflict, SearchUnavailable, TandemError
from tandem.queries import Query
from tandem.rankings import Ranking, SearchResult


class Server:
    """Fails with the error where there is one, else answers by ``release``."""

    def __init__(self, error: TandemError | None = None, *, release: int = 3) -> None:
        self.error = error
        self.release = release
        self.asked: list[dict[str, Any]] = []

    def search(self, query: Query, **how: Any) -> SearchResult:
        """See ``Client``."""
        self.asked.append(how)
        if self.error is not None:
            raise self.error
        page = Ranking.from_scores("hybrid", [("a", 1.0)])
        return SearchResult(query, page, {}, "hybrid", self.release)


def asked(server: Server) -> SearchResult:
    """The answer."""
    return ServedSearcher(cast("Client", server), "rrf", 3).search(Query("text"))


def test_nothing_becomes_an_impression() -> None:
    """And nothing is told of documents but their ids."""
    server = Server()
    assert asked(server).page.document_ids == ("a",)
    assert server.asked == [{"configuration": "rrf", "fields": (), "record": False}]


@pytest.mark.parametrize(
    "error",
    [
        ServerUnavailable("refused"),
        ServerFailed("busy", told="overloaded"),
        SearchUnavailable("late"),
    ],
)
def test_a_server_that_fails(error: TandemError) -> None:
    """It is told as one query's failure: the run goes on with the others."""
    with pytest.raises(SearchUnavailable, match=str(error)):
        asked(Server(error))


@pytest.mark.parametrize("error", [QueryError("bad", field="text"), Refused("no")])
def test_what_no_query_could_have(error: TandemError) -> None:
    """It ends the run."""
    with pytest.raises(type(error), match=str(error)):
        asked(Server(error))


def test_another_release_is_refused() -> None:
    """Half a run of each would measure neither."""
    with pytest.raises(ReleaseConflict, match=r"release 4 answers by now, .* with release 3"):
        asked(Server(release=4))
