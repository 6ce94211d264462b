"""A compact run against the mapping that it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevance_eval.compact import CompactRun, documents_of
from tandem.rankings import Hit, Ranking

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LISTS = st.lists(st.tuples(TEXTS, st.floats(allow_nan=False)), max_size=5)


def ranking(pairs: list[tuple[str, float]], name: str = "r") -> Ranking:
    """Those documents with those scores, in that order."""
    hits = (Hit(document, rank, score) for rank, (document, score) in enumerate(pairs, start=1))
    return Ranking(name, tuple(hits))


@given(st.dictionaries(TEXTS, LISTS, max_size=4))
def test_it_gives_back_what_was_put_in(lists: dict[str, list[tuple[str, float]]]) -> None:
    """Whatever the ids hold: line breaks, tabs, nothing at all; and whatever the order."""
    expected = {query_id: ranking(pairs) for query_id, pairs in lists.items()}
    run = CompactRun()
    run.update(expected)
    assert run == expected
    assert list(run) == list(expected)
    assert {query_id: list(documents_of(run, query_id)) for query_id in run} == {
        query_id: [document for document, _ in pairs] for query_id, pairs in lists.items()
    }


def test_a_query_can_be_replaced_and_removed() -> None:
    """As in any mapping; a list added by its parts is one that was put in."""
    run = CompactRun()
    run["q"] = ranking([("a", 1.0)])
    run.add("q", ["b", "c"], [2.0, 1.0], name="r")
    assert run["q"] == ranking([("b", 2.0), ("c", 1.0)])
    del run["q"]
    assert len(run) == 0
    with pytest.raises(KeyError):
        run["q"]


def test_whether_a_query_is_there_is_told_without_its_ranking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mapping would make a thousand hits to find that out."""
    run = CompactRun()
    run.add("q", ["a"], [1.0])
    monkeypatch.delattr(CompactRun, "document_ids")
    assert "q" in run
    assert "missing" not in run


def test_scores_that_do_not_fit_are_refused() -> None:
    """A list cut short would be a wrong list."""
    with pytest.raises(ValueError, match="2 documents with 1 scores"):
        CompactRun().add("q", ["a", "b"], [1.0])


def test_documents_of_any_run() -> None:
    """A plain mapping works the same; a missing query has none."""
    run = {"q": ranking([("a", 1.0)])}
    assert list(documents_of(run, "q")) == ["a"]
    assert list(documents_of(run, "missing")) == []
    assert list(documents_of(CompactRun(), "missing")) == []
