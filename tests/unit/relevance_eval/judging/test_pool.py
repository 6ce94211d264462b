"""Pooling: the best of every run, without its origin, in an order that is nobody's ranking."""

from pathlib import Path

import pytest

from relevance_eval.judging.pool import (
    MAXIMUM_DOCUMENTS,
    AskedQuery,
    Pool,
    PoolError,
    joined,
    pool_runs,
    shares,
    shuffled,
)
from relevance_eval.judging.pool_file import read_pool, write_pool
from tandem.errors import SourceError
from tandem.judgments import Qrels, Run
from tandem.rankings import Ranking

QUERIES = {"q1": AskedQuery("snow", "how it falls"), "q2": AskedQuery("rain")}


def run(**found: str) -> Run:
    """A run: query -> ids of one letter each, best first."""
    return {
        query_id: Ranking.from_scores("run", [(name, -at) for at, name in enumerate(ids)])
        for query_id, ids in found.items()
    }


RUNS = {"words": run(q1="abc", q2="x"), "meaning": run(q1="cd")}


def test_the_best_of_each_are_put_together() -> None:
    """Each document once, by id: neither rank nor run can be told."""
    pool = pool_runs(QUERIES, RUNS, depth=2, seed=7)
    assert {name: query.document_ids for name, query in pool.queries.items()} == {
        "q1": ("a", "b", "c", "d"),
        "q2": ("x",),
    }
    assert pool.queries["q1"].intent == "how it falls"
    assert (pool.seed, pool.depth, pool.runs) == (7, 2, ("words", "meaning"))
    assert pool.document_count == 5
    assert shares(QUERIES, RUNS, depth=2) == [("words", 3, 3, 0, 0), ("meaning", 2, 2, 1, 0)]
    assert shares(QUERIES, RUNS, depth=3) == [("words", 4, 3, 0, 0), ("meaning", 2, 1, 1, 0)]


def test_what_is_judged_is_not_judged_again() -> None:
    """But a document without a grade is; a query of which nothing is left goes."""
    judged: Qrels = {"q1": {"a": 0, "b": None, "c": 3}, "q2": {"x": 1}}
    pool = pool_runs(QUERIES, RUNS, depth=2, judged=judged)
    assert {name: query.document_ids for name, query in pool.queries.items()} == {"q1": ("b", "d")}


def test_nothing_and_too_much_are_refused() -> None:
    """With what to do."""
    with pytest.raises(PoolError, match="nothing to judge") as nothing:
        pool_runs({"other": AskedQuery("snow")}, RUNS, depth=2)
    assert "ids" in nothing.value.hint
    many = {"q1": Ranking.from_scores("run", [(f"d{at}", at) for at in range(1_001)])}
    with pytest.raises(PoolError, match="1,001 documents"):
        pool_runs(QUERIES, {"deep": many}, depth=MAXIMUM_DOCUMENTS + 1)


def test_each_rater_has_an_order_of_their_own() -> None:
    """The same each time; another seed is another order; no order is that of the ids."""
    ids = tuple(f"d{at:02}" for at in range(40))
    found = {"q1": Ranking.from_scores("run", [(name, 1.0) for name in ids])}
    pool = pool_runs(QUERIES, {"run": found}, depth=40)
    other = pool_runs(QUERIES, {"run": found}, depth=40, seed=1)
    ann, ben = shuffled(pool, "q1", "ann"), shuffled(pool, "q1", "ben")
    assert ann == shuffled(pool, "q1", "ann")
    assert sorted(ann) == sorted(ben) == list(ids)
    assert len({tuple(ann), tuple(ben), tuple(shuffled(other, "q1", "ann")), ids}) == 4


def test_a_pool_grows_without_moving_what_was_there() -> None:
    """Old documents keep their order, old words theirs."""
    old = pool_runs(QUERIES, {"words": run(q1="abcdefgh")}, depth=8)
    new = pool_runs(
        {"q1": AskedQuery("ice", "other"), "q3": AskedQuery("wind")},
        {"meaning": run(q1="hxyz", q3="w")},
        depth=10,
        seed=5,
    )
    both = joined(old, new)
    assert both.queries["q1"].document_ids == tuple("abcdefghxyz")
    assert (both.queries["q1"].text, both.queries["q1"].intent) == ("snow", "how it falls")
    assert list(both.queries) == ["q1", "q3"]
    assert (both.seed, both.depth, both.runs) == (0, 10, ("words", "meaning"))
    kept = [name for name in shuffled(both, "q1", "ann") if name in "abcdefgh"]
    assert kept == shuffled(old, "q1", "ann")


def test_a_pool_is_a_file(tmp_path: Path) -> None:
    """Read back as it was, whatever its ids hold; written again in its place."""
    queries = {'q "1"\n': AskedQuery("Schnee\t❄", "")}
    found = {'q "1"\n': Ranking.from_scores("run", [("a b/c\n", 1.0), ("é", 1.0)])}
    pool = pool_runs(queries, {"run": found}, depth=9)
    path = tmp_path / "deep" / "pool.jsonl"
    write_pool(pool, path)
    assert read_pool(path) == pool
    write_pool(pool_runs(QUERIES, RUNS, depth=1), path)
    assert [*read_pool(path).queries] == ["q1", "q2"]
    assert [item.name for item in path.parent.iterdir()] == ["pool.jsonl"]


HEAD = '{"format": "tandem-pool-1", "seed": 0, "depth": 10, "runs": ["a"]}\n'
LINE = '{"query_id": "q1", "text": "snow", "intent": "", "document_ids": ["a"]}\n'


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", ":1: "),
        ("nothing\n", ":1: "),
        ('{"format": "other"}\n', ":1: "),
        ('{"format": "tandem-pool-1"}\n', ":1: "),
        (HEAD + LINE + "[]\n", ":3: "),
        (HEAD + LINE + LINE, ":3: .*twice"),
        (HEAD + LINE[:-12], ":2: "),
        (HEAD + LINE.replace('"a"', "1"), ":2: "),
        (HEAD + LINE.replace('"intent": "", ', ""), ":2: "),
    ],
)
def test_a_broken_file_names_its_line(tmp_path: Path, content: str, place: str) -> None:
    """Whatever broke it."""
    path = tmp_path / "pool.jsonl"
    path.write_text(content)
    with pytest.raises(SourceError, match=place):
        read_pool(path)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    """A file in the place of the folder."""
    (tmp_path / "here").write_text("a file")
    with pytest.raises(SourceError, match="cannot be written"):
        write_pool(Pool(0, 1, (), {}), tmp_path / "here" / "pool.jsonl")
