"""Suggestions: titles and past queries together, and what is said when titles are late."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from query.past_queries import PastQueries
from query.retrieval import search_pools
from query.suggesting import MAXIMUM_SUGGESTIONS, Suggester, Suggestion, merge
from tandem.errors import EngineUnavailable, FilterError, QueryError
from tandem.lexical import LexicalIndex
from tandem.rankings import Degradation, Reason
from tests.builders import filters, schema_of
from tests.unit.query.test_past_queries import asked_by

SCHEMA = schema_of(genre="keyword")


class Titles:
    """An index that suggests given titles, or fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.titles: list[str] = ["Data bases", "Data Frames"]
        self.error: Exception | None = None
        self.released: threading.Event | None = None

    def suggest(self, prefix: str, **keywords: Any) -> Sequence[str]:
        """Noted."""
        self.asked.append((prefix, keywords))
        if self.released is not None:
            self.released.wait(30)
        if self.error is not None:
            raise self.error
        return self.titles


@pytest.fixture
def titles() -> Titles:
    """Two titles."""
    return Titles()


@pytest.fixture
def suggester(titles: Titles) -> Iterator[Suggester]:
    """With one public query, ``data frames``, and one that is not."""
    pools = search_pools(2)
    past = PastQueries()
    past.add([*asked_by("data frames", 5), *asked_by("data secret", 4), *asked_by("data sets", 5)])
    yield Suggester(cast("LexicalIndex", titles), SCHEMA, pools, past, budget_ms=5_000)
    pools.close()


def test_queries_and_titles(suggester: Suggester, titles: Titles) -> None:
    """Each once; the title that is a past query too is that."""
    found = suggester.suggest("data", limit=6)
    assert found.items == (
        Suggestion("data sets", "query"),
        Suggestion("data frames", "query"),
        Suggestion("Data bases", "title"),
    )
    assert found.degraded == ()
    assert found.milliseconds["total"] > 0
    prefix, keywords = titles.asked[0]
    assert (prefix, keywords["filters"], keywords["limit"]) == ("data", (), 6)
    assert 0 < keywords["timeout_seconds"] <= 5


def test_with_a_filter_there_are_titles_alone(suggester: Suggester, titles: Titles) -> None:
    """A past query may find nothing under it."""
    found = suggester.suggest("data", filters={"genre": "x"})
    assert [item.kind for item in found.items] == ["title", "title"]
    assert titles.asked[0][1]["filters"] == filters(SCHEMA, {"genre": "x"})


def test_under_a_filter_that_was_not_chosen(suggester: Suggester, titles: Titles) -> None:
    """Both hold; what others have asked is not told."""
    found = suggester.suggest("data", filters={"genre": "x"}, forced={"genre": "y"})
    assert [item.kind for item in found.items] == ["title", "title"]
    both = filters(SCHEMA, {"genre": "x"}) + filters(SCHEMA, {"genre": "y"})
    assert titles.asked[0][1]["filters"] == both
    with pytest.raises(FilterError, match=r"the key's filter\.other: no such field"):
        suggester.suggest("data", forced={"other": 1})


@pytest.mark.parametrize(
    ("error", "reason"),
    [(EngineUnavailable("gone"), "unavailable"), (ValueError("odd"), "error")],
)
def test_without_titles_past_queries_stay(
    suggester: Suggester, titles: Titles, error: Exception, reason: Reason
) -> None:
    """And the answer says what is missing."""
    titles.error = error
    found = suggester.suggest("data")
    assert [item.text for item in found.items] == ["data sets", "data frames"]
    assert found.degraded == (Degradation("lexical", reason),)


def test_titles_are_not_waited_for_long(titles: Titles) -> None:
    """They are late after the budget."""
    titles.released = threading.Event()
    pools = search_pools(1)
    late = Suggester(cast("LexicalIndex", titles), SCHEMA, pools, PastQueries(), budget_ms=20)
    assert late.suggest("data").degraded == (Degradation("lexical", "timeout"),)
    titles.released.set()
    pools.close()


@pytest.mark.parametrize("prefix", ["", "  ", "?!"])
def test_nothing_typed_suggests_nothing(suggester: Suggester, titles: Titles, prefix: str) -> None:
    """No engine is asked."""
    assert suggester.suggest(prefix).items == ()
    assert titles.asked == []


@pytest.mark.parametrize(
    ("prefix", "limit", "field"),
    [("x" * 4_001, 5, "text"), ("\ud800", 5, "text"), ("x", 0, "limit"), ("x", 51, "limit")],
)
def test_bad_input(suggester: Suggester, prefix: str, limit: int, field: str) -> None:
    """It is told which it is."""
    with pytest.raises(QueryError) as caught:
        suggester.suggest(prefix, limit=limit)
    assert caught.value.field == field
    with pytest.raises(FilterError):
        suggester.suggest("x", filters={"gener": "x"})


def test_queries_leave_half_of_the_places_to_titles() -> None:
    """Unless there are too few of them; what does not begin with it comes last."""
    past = ["ab 1", "ab 2", "ab 3", "x ab"]
    titles = ["ab t1", "ab t2"]
    made = merge("ab", titles, past, 4)
    assert [item.text for item in made] == ["ab 1", "ab 2", "ab t1", "ab t2"]
    made = merge("ab", titles, past, 10)
    assert [item.text for item in made] == ["ab 1", "ab 2", "ab 3", "ab t1", "ab t2", "x ab"]
    odd = merge("ab", titles, past, 3)
    assert [item.kind for item in odd] == ["query", "title", "title"]
    assert merge("ab", titles, past, 1) == (Suggestion("ab t1", "title"),)
    assert merge("ab", [], ["ab 1"], 1) == (Suggestion("ab 1", "query"),)
    assert merge("ab", ["AB  1"], ["ab 1"], MAXIMUM_SUGGESTIONS)[0].kind == "query"
