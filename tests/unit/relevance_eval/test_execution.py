"""Asking a searcher every query of a set."""

import pytest

from relevance_eval.execution import run_queries
from tandem.errors import SearchUnavailable
from tandem.queries import Query
from tandem.rankings import Ranking, SearchResult


class Echo:
    """A ``Searcher`` that finds each query's own text."""

    def __init__(self) -> None:
        self.asked: list[Query] = []

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        self.asked.append(query)
        if query.text == "broken":
            raise SearchUnavailable("no leg could answer")
        hits = [] if query.text == "nothing" else [(query.text, 1.0)]
        return SearchResult(query, Ranking.from_scores("echo", hits), {}, "echo", 1)


def test_every_query_is_asked_in_order() -> None:
    """The run holds each query's page; one that found nothing is there, empty."""
    searcher = Echo()
    run = run_queries(searcher, {"2": "two", "0": "nothing", "1": "one"}, depth=7)
    assert list(run) == ["2", "0", "1"]
    assert [ranking.document_ids for ranking in run.values()] == [("two",), (), ("one",)]
    assert not any(query.wants_highlights for query in searcher.asked)
    assert [(query.text, query.limit) for query in searcher.asked] == [
        ("two", 7),
        ("nothing", 7),
        ("one", 7),
    ]


def test_a_search_that_fails_fails_the_run() -> None:
    """A run with holes would not compare."""
    with pytest.raises(SearchUnavailable):
        run_queries(Echo(), {"1": "one", "2": "broken"})
