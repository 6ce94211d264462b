"""From what somebody typed to what the legs are asked."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.understanding import check_searchable, understand
from tandem.errors import FilterError, InputError, QueryError
from tandem.filters import AnyOf
from tandem.queries import MAXIMUM_BUDGET_MS, MAXIMUM_LIMIT, MAXIMUM_TEXT_CHARACTERS, Query, Sort
from tests.builders import schema_of

SCHEMA = schema_of(genre="keyword", year="integer", price="float", seen="boolean", at="datetime")


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("read a file", "read a file"),
        ("  read \t a\n\n file  ", "read a file"),
        ("cafe\u0301", "caf\u00e9"),
        ("read\0file", "read file"),
        ("\u00a0read\u2003file\u3000", "read file"),
        ("x" * MAXIMUM_TEXT_CHARACTERS, "x" * MAXIMUM_TEXT_CHARACTERS),
        ("!?", "!?"),
    ],
)
def test_texts(typed: str, understood: str) -> None:
    """Characters are composed, white space is folded, nothing else changes."""
    assert understand(Query(typed), SCHEMA).text == understood


def test_filters_are_typed() -> None:
    """The filter is checked against the schema."""
    found = understand(Query("x", filters={"genre": "a"}), SCHEMA)
    assert found.filters == (AnyOf(SCHEMA.by_name["genre"], ("a",)),)
    with pytest.raises(FilterError, match=r"filter\.genres: no such field"):
        understand(Query("x", filters={"genres": "a"}), SCHEMA)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (Query("x" * 4_001), "4,001 characters, at most 4,000"),
        (Query("x" * 100_000), "100,000 characters, at most 4,000"),
        (Query("ab\ud800c"), "query: a lone surrogate at character 3"),
        (Query("x", limit=0), "limit is 0, expected 1 to 1,000"),
        (Query("x", limit=-1), "limit is -1, expected 1 to 1,000"),
        (Query("x", limit=MAXIMUM_LIMIT + 1), "limit is 1001, expected 1 to 1,000"),
        (Query("x", budget_ms=0), "budget_ms is 0, expected more than 0"),
        (Query("x", budget_ms=-5), "budget_ms is -5, expected more than 0"),
        (Query("x", budget_ms=math.nan), "budget_ms is nan"),
        (Query("x", budget_ms=math.inf), "budget_ms is inf, expected more than 0 and at most"),
        (Query("x", budget_ms=1e12), "at most 600,000"),
        (Query("x", user_id=" "), "user_id is blank"),
        (Query("x", client_id="\ud800"), "client_id: a lone surrogate at character 1"),
        (Query("x", session_id="é" * 257), "session_id has 514 bytes, at most 512"),
        (Query("x", sort=Sort("year")), "sort orders what is browsed"),
        (Query("", sort=Sort("yaer")), "sort: yaer: is not a field of this collection"),
        (Query("", sort=Sort("genre")), "sort: genre: is a keyword field"),
        (Query("", sort=Sort("title")), "sort: title: is a text field"),
        (Query("", sort=Sort("")), "sort: : is not a field"),
        (Query("x", facets=("genres",)), "facets: genres: is not a field"),
        (Query("x", facets=("genre", "price")), "facets: price: is a float field"),
    ],
)
def test_what_a_query_may_not_be(query: Query, message: str) -> None:
    """Each limit is named with what was found and what was expected."""
    with pytest.raises(QueryError) as raised:
        understand(query, SCHEMA)
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["", " \t\n\u3000", "\0"])
def test_without_a_text_the_collection_is_browsed(text: str) -> None:
    """By document_id, or by a field that has an order."""
    understood = understand(Query(text, filters={"genre": "a"}), SCHEMA)
    assert (understood.text, understood.sort) == ("", Sort())
    assert len(understood.filters) == 1
    for name in ("year", "price", "at"):
        sort = Sort(name, is_descending=True)
        assert understand(Query(text, sort=sort), SCHEMA).sort == sort
    assert understand(Query("x"), SCHEMA).sort is None


def test_who_may_not_sort_or_count_learns_by_what_one_may() -> None:
    """The error names the parameter, and the fields there are."""
    for query, field, known in (
        (Query("", sort=Sort("genre")), "sort", "year, price, at"),
        (Query("x", facets=("at",)), "facets", "genre, year, seen"),
    ):
        with pytest.raises(QueryError) as raised:
            understand(query, SCHEMA)
        assert raised.value.field == field
        assert known in raised.value.hint


def test_a_facet_that_is_named_twice_is_counted_once() -> None:
    """In the order in which they were named."""
    assert understand(Query("x", facets=("year", "genre", "year")), SCHEMA).facets == (
        "year",
        "genre",
    )


@pytest.mark.parametrize("text", ["", " \n", "\0", "\u200b", "x" * 4_001, "\ud800"])
def test_what_cannot_be_searched_for(text: str) -> None:
    """Where a text is needed, browsing is no answer."""
    with pytest.raises(QueryError):
        check_searchable(text)
    check_searchable("words")


def test_the_limits_are_inside() -> None:
    """The largest limit and budget are allowed."""
    query = Query("x", limit=MAXIMUM_LIMIT, budget_ms=MAXIMUM_BUDGET_MS)
    assert understand(query, SCHEMA).text == "x"


@given(st.text(st.characters(), max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """No text is another error, and what comes out is clean."""
    try:
        found = understand(Query(text), SCHEMA)
    except InputError:
        return
    understood = found.text
    assert understood == understood.strip()
    assert (understood == "") == (found.sort is not None)
    understood.encode()
    assert "\0" not in understood


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=4))
def test_any_filter_is_typed_or_refused(value: Any) -> None:
    """No filter value is another error."""
    try:
        assert understand(Query("x", filters={"genre": value}), SCHEMA).filters
    except FilterError as error:
        assert error.code == "bad_filter"  # noqa: PT017 - most values are refused, not all


@pytest.mark.parametrize("text", ["\u200b", "\x01", " \u200b\t\x07 "])
def test_a_text_that_shows_nothing_is_empty(text: str) -> None:
    """Control and format characters alone would match every document with a score of 0."""
    with pytest.raises(QueryError, match="the query is empty"):
        understand(Query(text), SCHEMA)
