"""Asking a set of queries: in parallel, in order, with holes, and gone on with."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from relevance_eval.run_record import RunFile, read_record
from relevance_eval.running import IN_A_ROW, Asking, Holes, run_into
from tandem.errors import QueryError, SearchUnavailable
from tandem.queries import Query
from tandem.rankings import Degradation, Ranking, SearchResult

QUERIES = {f"q{number}": f"text{number}" for number in range(20)}


class Finder:
    """A ``Searcher`` that finds the query's own text; ``before`` may fail or wait."""

    def __init__(self, name: str = "finder", *degraded: Degradation) -> None:
        self.name = name
        self.degraded = degraded
        self.asked: list[Query] = []
        self.before: Callable[[str], None] = lambda _: None

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        self.asked.append(query)
        self.before(query.text)
        page = Ranking.from_scores(self.name, [(query.text, 1.0)])
        return SearchResult(query, page, {}, self.name, 1, self.degraded)


def ran(
    path: Path, asking: Asking, queries: dict[str, str] | None = None, workers: int = 3
) -> tuple[Holes, list[int]]:
    """The holes, and the steps of the progress."""
    steps: list[int] = []
    with RunFile(path, {}) as file:
        holes = run_into(file, asking, queries or QUERIES, workers, steps.append)
    return holes, steps


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the run is to be."""
    return tmp_path / "run.jsonl"


def test_every_query_stands_in_the_file_in_its_order(path: Path) -> None:
    """Several are under way at a time, and stages are asked beside it, to their own depth."""
    finder, words = Finder(), Finder("words")
    together = threading.Barrier(3)  # nobody gets past it before three have come

    def wait(text: str) -> None:
        together.wait(20)

    finder.before = wait
    queries = {"a": "text0", "b": "text1", "c": "text11"}
    holes, steps = ran(path, Asking(finder, 7, {"lexical": words}, 9), queries)
    record = read_record(path)
    assert not holes
    assert list(record.run) == ["a", "b", "c"]
    assert [page.document_ids for page in record.run.values()] == [
        ("text0",), ("text1",), ("text11",),
    ]  # fmt: skip
    assert record.lists["lexical"]["c"].document_ids == ("text11",)
    assert {query.limit for query in finder.asked} == {7}
    assert {query.limit for query in words.asked} == {9}
    assert not any(query.wants_highlights for query in (*finder.asked, *words.asked))
    assert steps == [0, 1, 1, 1]


def test_what_is_answered_is_not_asked_again(path: Path) -> None:
    """Stopped amid the run, it goes on with the rest alone."""
    finder = Finder()

    def stop(text: str) -> None:
        if text == "text9":
            raise KeyboardInterrupt

    finder.before = stop
    with pytest.raises(KeyboardInterrupt):
        ran(path, Asking(finder, 10), workers=1)
    first = list(read_record(path).run)
    assert first == list(QUERIES)[:9]
    again = Finder()
    holes, steps = ran(path, Asking(again, 10))
    assert not holes
    assert sorted(query.text for query in again.asked) == sorted(list(QUERIES.values())[9:])
    assert list(read_record(path).run) == list(QUERIES)
    assert steps == [9, *[1] * 11]


def test_a_query_without_an_answer_is_a_hole(path: Path) -> None:
    """The others are answered, and the next time it is asked again."""
    finder = Finder()

    def fail(text: str) -> None:
        if text in ("text3", "text4"):
            raise SearchUnavailable("nothing")

    finder.before = fail
    holes, steps = ran(path, Asking(finder, 10))
    assert holes.unanswered == {"q3": "nothing", "q4": "nothing"}
    assert not holes.incomplete
    assert sum(steps) == len(QUERIES)
    assert not ran(path, Asking(Finder(), 10))[0]
    assert set(read_record(path).run) == set(QUERIES)


def test_an_incomplete_answer_is_a_hole(path: Path) -> None:
    """Whichever list lacks something; it is told by what is missing."""
    late, broken = Degradation("vector", "timeout"), Degradation("rerank", "error")
    asking = Asking(Finder("order", broken), 10, {"vector": Finder("vector", late)}, 10)
    holes, _ = ran(path, asking)
    assert holes
    assert {part: len(names) for part, names in holes.incomplete.items()} == {
        "rerank error": 20,
        "vector timeout": 20,
    }
    assert read_record(path).degraded["q0"] == (broken, late)
    assert not ran(path, Asking(Finder(), 10))[0]


def test_a_leg_that_does_not_answer_leaves_the_answer(path: Path) -> None:
    """What the order was made of besides is there; without candidates nothing is."""
    silent = Finder()

    def fail(text: str) -> None:
        raise SearchUnavailable("no leg could answer")

    silent.before = fail
    holes, _ = ran(path, Asking(Finder(), 10, {"vector": silent, "candidates": Finder()}, 10))
    assert list(holes.incomplete) == ["vector unavailable"]
    record = read_record(path)
    assert set(record.run) == set(QUERIES)
    assert set(record.lists) == {"candidates"}
    with pytest.raises(SearchUnavailable, match="given up"):
        ran(path, Asking(Finder(), 10, {"candidates": silent}, 10))


def test_it_is_given_up_where_nobody_answers(path: Path) -> None:
    """After a few in a row, not after an hour; the rest is kept."""
    finder = Finder()

    def fail(text: str) -> None:
        if text not in ("text0", "text1"):
            raise SearchUnavailable("no leg could answer")

    finder.before = fail
    with pytest.raises(SearchUnavailable, match=f"given up: {IN_A_ROW} queries in a row") as told:
        ran(path, Asking(finder, 10), workers=1)
    assert "'q6': no leg could answer" in str(told.value)
    assert str(path) in told.value.hint
    assert list(read_record(path).run) == ["q0", "q1"]
    assert Counter(query.text for query in finder.asked).most_common(1)[0][1] == 1


def test_another_error_ends_the_run(path: Path) -> None:
    """A query that cannot be asked will not be better for being asked again."""
    finder = Finder()

    def fail(text: str) -> None:
        raise QueryError("too long", field="text")

    finder.before = fail
    with pytest.raises(QueryError, match="too long"):
        ran(path, Asking(finder, 10))
