"""``tandem eval pool`` and ``ratings``: from runs to a pool, from ratings to judgments."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.app import invoke
from api.console import FOUND, PROBLEM
from api.judging import desk_of
from relevance_eval.formats.registry import read_judgments
from relevance_eval.judging.desk import Desk, PoolNotFound
from relevance_eval.judging.ratings import Place
from tandem import settings
from tandem.errors import CollectionNotFound, InputError, QueryError, SourceError

Captured = pytest.CaptureFixture[str]
QUERIES = (
    '{"query_id": "q1", "text": "snow", "intent": "how it falls"}\n'
    '{"query_id": "q2", "text": "rain"}\n{"query_id": "q3", "text": "wind"}\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Queries, two runs of other engines, and nothing indexed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queries.jsonl").write_text(QUERIES)
    (tmp_path / "a.run").write_text("q1 Q0 d1 1 9 a\nq1 Q0 d2 2 8 a\nq2 Q0 d3 1 9 a\n")
    (tmp_path / "b.run").write_text("q1 Q0 d2 1 9 b\nq1 Q0 d4 2 8 b\nq1 Q0 d5 3 7 b\n")
    (tmp_path / "judged.csv").write_text("query,docid,rating\nsnow,d1,3\nsnow,d2,\n")
    return tmp_path


def desk() -> Desk:
    """The desk of the working folder."""
    return desk_of(settings.load())


def pool(*more: str) -> int:
    """Pool both runs."""
    given = ["queries.jsonl", "--run", "a.run", "--run", "b.run", *more]
    return invoke(["eval", "pool", *given])


def test_ids_that_do_not_meet(folder: Path, capsys: Captured) -> None:
    """What a run has for other queries is told, not dropped in silence."""
    (folder / "b.run").write_text("q1 Q0 d2 1 9 b\n01 Q0 d4 1 8 b\n02 Q0 d5 1 7 b\n")
    assert pool("--json") == FOUND
    assert [
        (share["lacking"], share["unasked"])
        for share in json.loads(capsys.readouterr().out)["runs"]
    ] == [(1, 0), (2, 2)]
    assert pool("--name", "again") == FOUND
    warned = "warning: b.run: queries that are not among those to judge, left out: 2;"
    assert warned in capsys.readouterr().err


def test_runs_are_pooled(folder: Path, capsys: Captured) -> None:
    """What each gave is told, and a query of which nothing was found."""
    assert pool("--depth", "2", "--name", "autumn") == FOUND
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "pool autumn: 4 documents of 2 queries",
        "  a.run: 3, 2 of them found by no other",
        "  b.run: 2, 1 of them found by no other",
    ]
    assert "warning: 1 queries have nothing to judge" in err
    assert "/judge" in err
    assert "warning: a.run: queries for which it has nothing: 1\n" in err
    assert "left out" not in err
    kept = desk().pool("autumn")
    assert kept.queries["q1"].document_ids == ("d1", "d2", "d4")
    assert kept.queries["q1"].intent == "how it falls"


def test_a_pool_is_added_to(folder: Path, capsys: Captured) -> None:
    """On purpose; without, nothing is asked at all."""
    assert invoke(["eval", "pool", "queries.jsonl", "--run", "a.run", "--json"]) == FOUND
    assert json.loads(capsys.readouterr().out)["documents"] == 3
    with pytest.raises(InputError, match="'pool' already"):
        pool()
    assert pool("--add", "--json") == FOUND
    told = json.loads(capsys.readouterr().out)
    assert (told["pool"], told["queries"], told["documents"]) == ("pool", 2, 5)
    assert told["runs"] == [
        {"run": "a.run", "documents": 3, "alone": 2, "lacking": 1, "unasked": 0},
        {"run": "b.run", "documents": 3, "alone": 2, "lacking": 2, "unasked": 0},
    ]


def test_what_is_judged_is_left_out(folder: Path) -> None:
    """Where that is asked for: to judge what a new run has found."""
    queries = read_judgments(folder / "judged.csv").qrels
    (name,) = queries
    (folder / "c.run").write_text(f"{name} Q0 d1 1 9 c\n{name} Q0 d2 2 8 c\n")
    given = ["eval", "pool", "judged.csv", "--run", "c.run"]
    assert invoke([*given, "--unjudged"]) == FOUND
    assert desk().pool("pool").queries[name].document_ids == ("d2",)
    assert invoke([*given, "--name", "all"]) == FOUND
    assert desk().pool("all").queries[name].document_ids == ("d1", "d2")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (["queries.jsonl"], InputError, "nothing to pool"),
        (["none.jsonl", "--run", "a.run"], SourceError, "none.jsonl"),
        (["queries.jsonl", "--run", "none"], SourceError, "none"),
        (["queries.jsonl", "--run", "a.run", "--name", "../x"], InputError, "no name of a pool"),
        (["queries.jsonl", "--configuration", "best"], QueryError, "no configuration 'best'"),
        (["queries.jsonl", "--configuration", "lexical"], CollectionNotFound, "no data folder"),
        (["blank.jsonl", "--run", "a.run"], InputError, "query 'q1' cannot be asked"),
        (["other.jsonl", "--run", "a.run"], InputError, "nothing to judge"),
    ],
)
def test_what_cannot_be_pooled(
    folder: Path, given: list[str], error: type[InputError], message: str
) -> None:
    """Nothing is left behind."""
    (folder / "blank.jsonl").write_text('{"query_id": "q1", "text": " "}\n')
    (folder / "other.jsonl").write_text('{"query_id": "x", "text": "snow"}\n')
    with pytest.raises(error, match=message):
        invoke(["eval", "pool", *given])
    assert not (folder / ".tandem").exists()


def rated(pool_name: str = "pool") -> None:
    """Two raters, who differ once; a third has looked at one document."""
    grades: dict[str, dict[Any, int | None]] = {
        "ann": {("q1", "d1"): 3, ("q1", "d2"): 0, ("q1", "d4"): None, ("q2", "d3"): 1},
        "ben": {("q1", "d1"): 2, ("q1", "d2"): 0, ("q2", "d3"): 1},
        "eve": {("q1", "d4"): None},
    }
    for rater, given in grades.items():
        for place, grade in given.items():
            desk().rate(pool_name, rater, Place(*place), grade)


def test_ratings_become_judgments(folder: Path, capsys: Captured) -> None:
    """The lower median; unjudged is not 0; one rater's own on request; texts go with them."""
    pool("--name", "autumn")
    rated("autumn")
    assert invoke(["eval", "ratings", "autumn", "--out", "new.jsonl"]) == FOUND
    read = read_judgments(folder / "new.jsonl")
    assert read.qrels == {"q1": {"d1": 2, "d2": 0, "d4": None}, "q2": {"d3": 1}}
    assert read.queries == {"q1": "snow", "q2": "rain"}
    capsys.readouterr()
    with pytest.raises(SourceError, match="format"):
        invoke(["eval", "ratings", "autumn", "--out", "new.foo", "--format", "foo"])
    assert capsys.readouterr().out == "", "an error says that nothing was done"
    given = ["eval", "ratings", "autumn", "--rater", "ann", "--out", "ann.qrels"]
    assert invoke(given) == FOUND
    assert read_judgments(folder / "ann.qrels").qrels["q1"] == {"d1": 3, "d2": 0}
    with pytest.raises(InputError, match="is there already"):
        invoke(given)
    with pytest.raises(InputError, match="'zoe' has rated nothing"):
        invoke(["eval", "ratings", "autumn", "--rater", "zoe"])


def test_agreement_is_told(folder: Path, capsys: Captured) -> None:
    """To people with an interval, to programs with the table."""
    pool()
    rated()
    capsys.readouterr()
    assert invoke(["eval", "ratings"]) == FOUND
    out = capsys.readouterr().out
    assert "  ann: 4 rated, 1 of them left unjudged" in out
    assert "graded: 3 documents, 1 with different grades" in out
    assert "ann and ben: the same grade for 67% of 3 documents of 2 queries" in out
    assert "  kappa, quadratic: 0.86, too few queries for an interval" in out
    assert "ann and eve: no document that both graded" in out
    assert invoke(["eval", "ratings", "--json"]) == FOUND
    told = json.loads(capsys.readouterr().out)
    assert told["raters"]["ann"] == {"rated": 4, "unjudged": 1}
    first = told["agreement"][0]
    assert (first["first"], first["second"], first["pairs"]) == ("ann", "ben", 3)
    assert first["table"][3][2] == 1
    assert first["kappas"]["quadratic"]["value"] == pytest.approx(0.857, abs=0.001)


def test_without_ratings_there_is_nothing_to_write(folder: Path, capsys: Captured) -> None:
    """Said with 1; a pool that there is not with what there is."""
    pool()
    capsys.readouterr()
    assert invoke(["eval", "ratings", "--out", "new.jsonl"]) == PROBLEM
    assert "open /judge" in capsys.readouterr().err
    assert not (folder / "new.jsonl").exists()
    with pytest.raises(PoolNotFound) as error:
        invoke(["eval", "ratings", "spring"])
    assert error.value.hint == "there are: pool"
