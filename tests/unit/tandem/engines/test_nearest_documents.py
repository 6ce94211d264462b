"""Passages in, documents out: whatever the passages, each document once and none lost."""

from collections.abc import Collection, Iterator

from hypothesis import given
from hypothesis import strategies as st

from tandem.engines.nearest_documents import document_scores, nearest_documents, nearest_ranking

PASSAGES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([1.0, 0.5, 0.25, 0.0, -1.0]))
)


class Passages:
    """Answers from a list, best first, and remembers the pages asked for."""

    def __init__(self, passages: list[tuple[str, float]]) -> None:
        self._passages = sorted(passages, key=lambda passage: -passage[1])
        self.pages: list[tuple[int, frozenset[str]]] = []

    def __call__(self, page: int, excluded: Collection[str]) -> Iterator[tuple[str, float]]:
        """See ``NearestPassages``."""
        self.pages.append((page, frozenset(excluded)))
        kept = [passage for passage in self._passages if passage[0] not in excluded]
        yield from kept[:page]


def best(passages: list[tuple[str, float]]) -> dict[str, float]:
    """The oracle: each document's best passage."""
    found: dict[str, float] = {}
    for document_id, score in passages:
        found[document_id] = max(score, found.get(document_id, score))
    return found


@given(PASSAGES, st.integers(1, 5))
def test_every_document_once(passages: list[tuple[str, float]], page: int) -> None:
    """Best first, by its best passage, whatever the first page holds."""
    found = list(nearest_documents(Passages(passages), page))
    assert dict(found) == best(passages)
    assert len(found) == len(dict(found))
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


@given(PASSAGES, st.integers(1, 9))
def test_the_ranking_is_the_best_in_order_of_id(
    passages: list[tuple[str, float]], limit: int
) -> None:
    """Exactly ``limit`` where there are as many; ties at the limit by id."""
    ranking = nearest_ranking(Passages(passages), limit)
    ordered = sorted(best(passages).items(), key=lambda item: (-item[1], item[0]))
    assert [(hit.document_id, hit.score) for hit in ranking.hits] == ordered[:limit]
    assert ranking.name == "vector"


def test_a_greedy_document_costs_rounds_not_places() -> None:
    """Its passages fill a page, it is excluded, and the page doubles."""
    passages = Passages([("greedy", 1.0)] * 100 + [("a", 0.5), ("b", 0.25)])
    assert nearest_ranking(passages, 2).document_ids == ("greedy", "a")
    assert passages.pages == [(6, frozenset()), (12, frozenset({"greedy"}))]


def test_a_first_page_that_suffices_is_the_only_one() -> None:
    """No second request where the first answer holds a document beyond the limit."""
    passages = Passages([(name, 1.0 - number / 10) for number, name in enumerate("abcdefg")])
    assert nearest_ranking(passages, 2).document_ids == ("a", "b")
    assert len(passages.pages) == 1


def test_scores_stop_with_the_last_document() -> None:
    """What was asked for is found: nobody looks for more."""
    passages = Passages([(name, 1.0) for name in "ab" for _ in range(16)])
    assert document_scores(passages, 2) == {"a": 1.0, "b": 1.0}
    assert len(passages.pages) == 1
