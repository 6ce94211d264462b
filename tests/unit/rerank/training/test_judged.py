"""Groups out of judgments, from a searcher whose answers are made here."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from rerank.training.judged import groups
from tandem.errors import InputError, ModelError, SearchUnavailable
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Degradation, Ranking, SearchResult

QUERIES = {"1": "wing", "2": "shock wave", "3": "heat"}
FOUND = {"wing": "abc", "shock wave": "bcd", "heat": "cd"}


class Shelf:
    """A ``Searcher``; a document's features are its place in the alphabet and in the answer."""

    def __init__(self) -> None:
        self.asked: list[Query] = []

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        self.asked.append(query)
        found = FOUND[query.text]
        page = Ranking.from_scores("hybrid", [(name, -rank) for rank, name in enumerate(found)])
        values = [[ord(name) - ord("a"), rank] for rank, name in enumerate(found)]
        features = FeatureMatrix(("letter", "rank"), (*found,), np.array(values, np.float32))
        return SearchResult(query, page, {}, "hybrid", 1, features=features)


def test_a_group_a_judged_query() -> None:
    """Each has its candidates in order, their grades, and the features that came with them."""
    shelf = Shelf()
    made = groups(shelf, QUERIES, {"2": {"d": 2, "b": 1, "z": 3}, "1": {"c": 1}}, depth=7)
    assert made.names == ("letter", "rank")
    first, second = made.groups
    assert (first.group_id, first.document_ids, first.origin) == ("2", (*"bcd",), "judgments")
    assert first.grades.tolist() == [1, 0, 2]
    assert first.values.tolist() == [[1, 0], [2, 1], [3, 2]]
    assert (second.group_id, second.grades.tolist()) == ("1", [0, 0, 1])
    assert [(query.text, query.limit) for query in shelf.asked] == [("shock wave", 7), ("wing", 7)]
    assert all(query.wants_features and not query.wants_highlights for query in shelf.asked)
    assert all(query.user_id is None for query in shelf.asked)


def test_what_is_not_useful_has_grade_0() -> None:
    """TREC grades what harms below 0; ``None`` is a document that somebody listed unjudged."""
    made = groups(Shelf(), QUERIES, {"1": {"a": -2, "b": None, "c": 1}})
    assert made.groups[0].grades.tolist() == [0, 0, 1]


def test_a_query_without_an_order_to_learn_is_left_out() -> None:
    """None of its candidates is useful, or all are the same."""
    qrels = {"1": {"z": 1}, "3": {"c": 1, "d": 1}, "2": {"b": 1}}
    assert [group.group_id for group in groups(Shelf(), QUERIES, qrels).groups] == ["2"]


def test_nothing_to_learn_is_told() -> None:
    """As when the judgments are another collection's."""
    with pytest.raises(InputError, match="none of 2 judged queries") as told:
        groups(Shelf(), QUERIES, {"1": {"z": 1}, "2": {}})
    assert "this collection" in told.value.hint


def test_a_judged_query_has_a_text() -> None:
    """Else its judgments would be lost in silence."""
    with pytest.raises(InputError, match="'9' has no text"):
        groups(Shelf(), QUERIES, {"9": {"a": 1}})


class Altered(Shelf):
    """Answers one text otherwise."""

    def __init__(self, text: str, alter: Callable[[SearchResult], SearchResult]) -> None:
        super().__init__()
        self._text = text
        self._alter = alter

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        result = super().search(query)
        return self._alter(result) if query.text == self._text else result


JUDGED = {"1": {"a": 1}, "2": {"b": 1}}


def test_half_an_answer_is_not_learned_from() -> None:
    """Its features would say that what was not asked found nothing."""
    half = Altered("shock wave", partial(replace, degraded=(Degradation("vector", "timeout"),)))
    with pytest.raises(SearchUnavailable, match="'2' was answered only in part: vector timeout"):
        groups(half, QUERIES, JUDGED)


def test_a_searcher_without_features_is_told() -> None:
    """Such as a configuration that does not rerank."""
    with pytest.raises(ModelError, match="'1' came without features") as told:
        groups(Altered("wing", partial(replace, features=None)), QUERIES, JUDGED)
    assert "'hybrid'" in told.value.hint


def test_features_that_change_meanwhile_are_told() -> None:
    """One matrix cannot hold both."""
    other = FeatureMatrix(("letter",), ("b",), np.zeros((1, 1), np.float32))
    with pytest.raises(ModelError, match="'2' came with other features"):
        groups(Altered("shock wave", partial(replace, features=other)), QUERIES, JUDGED)
