"""What a model sees and says travels with an order to each of its pages."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from query.frozen_content import decoded
from query.rules_reading import read_rules
from tandem.documents import Document
from tandem.errors import CatalogError
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Contribution, Ranking, Reranked, SearchResult
from tests.frozen_store import MemoryStore
from tests.pipeline_house import House, opened_house, raising


class ByLength:
    """A ``Reranker`` and ``Explainer`` with one feature, 1 for the first candidate, 2 for the next
    and so on; it keeps the order.
    """

    def __init__(self) -> None:
        self.explained: list[tuple[str, ...]] = []

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        features = None
        if query.wants_features or query.wants_explanation:
            places = np.arange(1, len(candidates) + 1, dtype=np.float32)
            features = FeatureMatrix(("place",), candidates.document_ids, places[:, None])
        return Reranked(candidates, as_of=41, features=features)

    def explain(self, features: FeatureMatrix) -> Mapping[str, tuple[Contribution, ...]]:
        """See ``Explainer``."""
        self.explained.append(features.document_ids)
        return {
            document_id: (Contribution("place", float(value), 1.0),)
            for document_id, (value,) in zip(features.document_ids, features.values, strict=True)
        }


@pytest.fixture
def order() -> ByLength:
    """The model."""
    return ByLength()


@pytest.fixture
def house(order: ByLength) -> Iterator[House]:
    """In the order of the candidates: b, a, d, c."""
    with opened_house() as opened:
        opened.store = MemoryStore()
        opened.reranker = opened.explainer = order
        yield opened


def pages(house: House, first: Query, later: Query) -> tuple[SearchResult, SearchResult]:
    """The first two, of two hits each."""
    page = house.pipeline().search(replace(first, limit=2))
    return page, house.pipeline().search(replace(later, limit=2, cursor=page.cursor))


def test_each_page_has_the_features_of_its_hits(house: House) -> None:
    """And how far the event log had been read for the order, as it was on the first page."""
    wanted = replace(Query("x"), wants_features=True)
    for page in pages(house, wanted, Query("")):
        assert page.as_of == 41
        assert page.features is not None
        assert page.features.document_ids == page.page.document_ids
        assert [row[0] for row in page.features.values] == [hit.rank for hit in page.page.hits]
        assert page.page.hits[0].contributions == ()


def test_nobody_wants_features(house: House) -> None:
    """Then none travel, none are kept, and nothing is explained."""
    assert house.store is not None
    for page in pages(house, Query("x"), replace(Query(""), wants_features=True)):
        assert (page.features, page.as_of) == (None, 41)
        assert "explanation" not in page.milliseconds
    (kept,) = house.store.kept.values()
    assert decoded(kept.content).features is None


def test_what_is_shown_is_explained_and_nothing_else(house: House, order: ByLength) -> None:
    """Page by page; an explanation gives nobody features to learn from."""
    wanted = replace(Query("x"), wants_explanation=True)
    shown = pages(house, wanted, replace(Query(""), wants_explanation=True))
    assert order.explained == [page.page.document_ids for page in shown]
    for page in shown:
        for hit in page.page.hits:
            assert hit.contributions == (Contribution("place", float(hit.rank), 1.0),)
        assert page.features is None
        assert page.milliseconds["explanation"] >= 0


def test_a_later_page_asks_for_its_own_explanation(house: House, order: ByLength) -> None:
    """Where it does not, nothing is explained there."""
    _, later = pages(house, replace(Query("x"), wants_explanation=True), Query(""))
    assert order.explained == [("b", "a")]
    assert all(hit.contributions == () for hit in later.page.hits)


def test_another_releases_model_explains_nothing(house: House, order: ByLength) -> None:
    """It has not made this order."""
    wanted = replace(Query("x", limit=2), wants_explanation=True)
    first = house.pipeline().search(wanted)
    house.release = 8
    order.explained.clear()
    later = house.pipeline().search(replace(wanted, text="", cursor=first.cursor))
    assert (order.explained, later.page.hits[0].contributions) == ([], ())


def test_what_a_rule_has_pinned_may_have_no_features(house: House, order: ByLength) -> None:
    """It was no candidate: the others are explained all the same."""
    house.rules = read_rules(b'[[rules]]\nname = "r"\nquery = "x"\npin = ["z"]', "rules.toml")
    wanted = replace(Query("x"), wants_explanation=True, wants_features=True)
    page = house.pipeline().search(wanted)
    assert page.page.document_ids == ("z", "b", "a", "d", "c")
    assert order.explained == [("b", "a", "d", "c")]
    assert page.page.hits[0].contributions == ()
    assert page.features is not None
    assert page.features.document_ids == ("b", "a", "d", "c")


def test_an_order_without_exact_scores_has_no_features(house: House, order: ByLength) -> None:
    """The reranker was not asked."""
    house.vector.on_score = raising(CatalogError("down"))
    page = house.pipeline().search(replace(Query("x"), wants_explanation=True))
    assert (page.as_of, page.features, order.explained) == (0, None, [])
