"""Searches while an index is being built again: what it has is found, and nothing is counted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from query.past_queries import PastQueries
from query.pipeline import SearchPipeline
from query.suggesting import Suggester
from tandem.documents import Document
from tandem.queries import Query
from tandem.rankings import Degradation, Part, SearchResult
from tests.small_collection import SCHEMA, SmallCollection

BOTH = frozenset({"lexical", "vector"})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SmallCollection]:
    """Two documents, of which the first alone is said to be there by now."""
    names = ("red shoe", "red boots")
    made = SmallCollection(
        tmp_path, [Document(name, name, name, {"brand": "acme"}) for name in names]
    )
    yield made
    made.close()


def searched(
    shop: SmallCollection, query: Query, configuration: str, incomplete: frozenset[str]
) -> SearchResult:
    """A search while those legs lack something."""
    parts = replace(shop.pipeline(configuration)._parts, incomplete=incomplete)
    return SearchPipeline(parts).search(query)


def missing(*legs: Part) -> tuple[Degradation, ...]:
    """All of it because something is built again."""
    return tuple(Degradation(leg, "rebuilding") for leg in legs)


@pytest.mark.parametrize(
    ("configuration", "incomplete", "told"),
    [
        ("lexical", BOTH, missing("lexical")),
        ("hybrid", BOTH, missing("lexical", "vector")),
        ("hybrid", frozenset({"lexical"}), missing("lexical")),
        ("semantic", BOTH, missing("vector", "facets")),
    ],
)
def test_what_there_is_is_found_and_not_counted(
    shop: SmallCollection,
    configuration: str,
    incomplete: frozenset[str],
    told: tuple[Degradation, ...],
) -> None:
    """The reply says so, on every page."""
    query = Query("shoe", facets=("brand",), limit=1)
    result = searched(shop, query, configuration, incomplete)
    assert result.page.document_ids == ("red shoe",)
    assert result.degraded == told
    assert (result.total, result.facets) == (None, None)


def test_words_are_counted_while_only_meaning_is_built_again(shop: SmallCollection) -> None:
    """They are all there."""
    result = searched(shop, Query("shoe"), "hybrid", frozenset({"vector"}))
    assert result.degraded == missing("vector")
    assert result.total == 2
    assert searched(shop, Query("shoe"), "lexical", frozenset({"vector"})).degraded == ()


def test_an_order_that_does_not_know_everything_yet(shop: SmallCollection) -> None:
    """It orders searches alone: what is similar lacks nothing, nor does an order by legs."""
    incomplete = frozenset({"rerank"})
    similar = Query("", surface="similar", seed_document_id="red shoe")
    assert searched(shop, Query("shoe"), "hybrid", incomplete).degraded == missing("rerank")
    assert searched(shop, Query("shoe"), "lexical", incomplete).degraded == ()
    assert searched(shop, similar, "hybrid", incomplete).degraded == ()


def test_browsing(shop: SmallCollection) -> None:
    """It is the lexical index that is browsed."""
    result = searched(shop, Query(""), "semantic", BOTH)
    assert (len(result.page), result.total, result.facets) == (2, None, None)
    assert result.degraded == missing("lexical", "facets")


def test_what_is_not_there_yet_is_no_typing_error(shop: SmallCollection) -> None:
    """Nobody is told that they meant something else."""
    query = Query("shoez")
    assert searched(shop, query, "lexical", frozenset()).correction is not None
    assert searched(shop, query, "lexical", BOTH).correction is None


@pytest.mark.parametrize("is_whole", [True, False])
def test_suggestions(shop: SmallCollection, is_whole: bool) -> None:
    """Titles that are there come, and it is told that others may be missing."""
    suggester = Suggester(shop.lexical, SCHEMA, shop.pools, PastQueries(), is_whole=is_whole)
    found = suggester.suggest("red s")
    assert [item.text for item in found.items] == ["red shoe"]
    assert found.degraded == (() if is_whole else missing("lexical"))
