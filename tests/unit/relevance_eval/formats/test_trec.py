"""TREC's judgments and runs, well-formed and not, and what TREC's own tools make of them."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance_eval.formats import trec, trec_table
from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.measures import measure
from tandem.errors import SourceError
from tandem.judgments import Qrels, Run
from tandem.rankings import Hit, Ranking


def given_file(tmp_path: Path, content: str | bytes, name: str = "list.txt") -> Path:
    """A file of that content."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def ranking(*hits: tuple[str, float]) -> Ranking:
    """Hits in the order given, whatever their scores."""
    return Ranking(
        "run", tuple(Hit(name, rank, score) for rank, (name, score) in enumerate(hits, 1))
    )


def test_judgments(tmp_path: Path) -> None:
    """Any white space parts columns; grades below 0 stay; the iteration says nothing."""
    path = given_file(tmp_path, "q1 0 d1 2\n\nq1\tQ0\td2\t-1\r\n  q2 1 d1 +0\n")
    judged = trec.read_judgments(path)
    assert judged.qrels == {"q1": {"d1": 2, "d2": -1}, "q2": {"d1": 0}}
    assert (judged.name, judged.queries, judged.findings) == ("list", {}, ())


def test_a_judgment_twice(tmp_path: Path) -> None:
    """The same again is told; another grade is refused, with both lines."""
    path = given_file(tmp_path, "q1 0 d1 2\nq1 0 d2 1\nq1 0 d1 2\n")
    (finding,) = trec.read_judgments(path).findings
    assert (finding.kind, finding.count) == ("repeated_judgment", 1)
    assert finding.message.endswith("counted once: 1 ('q1' 'd1' at line 3)")
    with pytest.raises(SourceError, match=r"list\.txt:2: .* is graded 0, and 2 at line 1"):
        trec.read_judgments(given_file(tmp_path, "q1 0 d1 2\nq1 0 d1 0\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no judgments in it"),
        (b"\n \n", "no judgments in it"),
        (b"q1 0 d1 1\nq1 0 d2\n", r":2: 3 columns, expected 4 separated by white space: query"),
        (b"q1 0 d1 good\n", r":1: grade 'good', expected 4 .* a whole number"),
        (b"q1 0 d1 0.5\n", ":1: grade '0.5'"),
        (b"q1 0 d1 1_0\n", ":1: grade '1_0'"),
        (b"q1 0 d1 nan\n", ":1: grade 'nan'"),
        ("q1 0 d1 ٣\n".encode(), ":1: grade '٣'"),
        (b"q1 0 d1 12345678901\n", ":1: grade '12345678901'"),
        (b"q1 0 d1 1\nq1 0 d\xe9 1\n", ":2: not UTF-8: byte 0xe9 at position 7"),
        ("q1 0 d1 1\n".encode("utf-16"), ":1: not UTF-8: byte 0xff at position 1"),
        (gzip.compress(b"q1 0 d1 1\n" * 9_000)[:-20], "the rest of the file cannot be read"),
    ],
)
def test_malformed_judgments(tmp_path: Path, content: bytes, message: str) -> None:
    """File, line, what is there and what was expected."""
    with pytest.raises(SourceError, match=message):
        trec.read_judgments(given_file(tmp_path, content))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A missing file and a folder."""
    with pytest.raises(SourceError, match=r"no\.txt: cannot be opened: No such file"):
        trec.read_judgments(tmp_path / "no.txt")
    with pytest.raises(SourceError, match="a folder, expected a file"):
        trec.read_judgments(tmp_path)


def test_runs_and_judgments_taken_for_each_other(tmp_path: Path) -> None:
    """The hint says what the file is."""
    run = given_file(tmp_path, "q1 Q0 d1 1 2.5 tag\n", "a.run")
    judgments = given_file(tmp_path, "q1 0 d1 1\n")
    assert (trec.is_run(run), trec.is_run(judgments)) == (True, False)
    with pytest.raises(SourceError, match="6 columns, expected 4") as error:
        trec.read_judgments(run)
    assert error.value.hint == "this looks like a run of TREC"
    with pytest.raises(SourceError, match="4 columns, expected 6") as error:
        trec.read_run(judgments)
    assert error.value.hint == "this looks like judgments of TREC"


@pytest.fixture(params=["line by line", "as a table"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are read in both ways, which agree."""
    monkeypatch.setattr(trec, "LARGE_BYTES", 0 if request.param == "as a table" else 2**30)


@pytest.mark.usefixtures("either_way")
def test_a_run_is_ordered_by_score(tmp_path: Path) -> None:
    """Equal scores by the rank column, then by id; lines may stand anywhere."""
    lines = ["q1 Q0 d1 2 1.0 bm25", "q2 Q0 d9 1 5 bm25", "q1 Q0 d2 1 1.0 bm25"]
    lines += ["q1 Q0 d4 3 -1e-3 bm25", "q1 Q0 d3 3 -1e-3 bm25", "q1 Q0 d0 0 7 bm25"]
    read = trec.read_run(given_file(tmp_path, "\n".join(lines)))
    assert read.name == "bm25"
    assert read.run["q1"].document_ids == ("d0", "d2", "d1", "d3", "d4")
    assert [hit.rank for hit in read.run["q1"].hits] == [1, 2, 3, 4, 5]
    assert read.run["q1"].scores() == {"d0": 7, "d1": 1, "d2": 1, "d3": -0.001, "d4": -0.001}
    assert read.run["q2"].document_ids == ("d9",)
    assert [(item.kind, item.count) for item in read.findings] == [("equal_scores", 1)]


@pytest.mark.usefixtures("either_way")
def test_ranks_that_contradict_scores_and_further_tags(tmp_path: Path) -> None:
    """Both are told; scores and the first tag count."""
    path = given_file(tmp_path, "q1 Q0 d1 1 1 a\nq1 Q0 d2 2 2 b\n")
    read = trec.read_run(path)
    assert (read.name, read.run["q1"].document_ids) == ("a", ("d2", "d1"))
    assert [item.kind for item in read.findings] == ["several_tags", "rank_against_score"]
    assert "the scores count: 1 ('q1')" in read.findings[1].message


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"q1 Q0  1 2.5 t\n", ":1: 5 columns"),
        (b"q1  d1 1 2.5 t\n", ":1: 5 columns"),
        (b"q1 Q0 d\t1 1 2.5 t\n", ":1: 7 columns"),
        ("q1 Q0 d\u00a01 1 2.5 t\n".encode(), ":1: 7 columns"),
        (b"q1 Q0 d1 1 2.5 t\n\nq1 Q0 d1 2 1 t\n", ":3: document 'd1' is there twice"),
        (b"", "no query in it"),
        (b"q1 Q0 d1 1 2.5 t\nq1 Q0 d2 2 1\n", r":2: 5 columns, expected 6"),
        (b"q1 Q0 d1 1 2.5 my tag\n", ":1: 7 columns, expected 6"),
        (b"q1 Q0 d1 1 1 t\nq1 Q0 d2 2 NaN t\n", ":2: score 'NaN', expected a finite number"),
        (b"q1 Q0 d1 1 -inf t\n", ":1: score '-inf'"),
        (b"q1 Q0 d1 1 1e999 t\n", ":1: score '1e999'"),
        (b"q1 Q0 d1 1 1_0 t\n", ":1: score '1_0'"),
        (b"q1 Q0 d1 1 high t\n", ":1: score 'high'"),
        (b"q1 Q0 d1 first 1 t\n", ":1: rank 'first', expected a whole number"),
        (b"q1 Q0 d1 1.0 1 t\n", ":1: rank '1.0'"),
        (b"q1 Q0 d1 1" + b"0" * 20 + b" 1 t\n", ":1: rank '1000"),
        (
            b"q1 Q0 d1 1 3 t\nq2 Q0 d1 1 3 t\nq1 Q0 d1 2 2 t\n",
            r":3: document 'd1' is there twice for query 'q1', first at line 1",
        ),
        (b"q1 Q0 d\xff 1 1 t\n", ":1: not UTF-8"),
    ],
)
def test_malformed_runs(tmp_path: Path, content: bytes, message: str) -> None:
    """File, line, what is there and what was expected."""
    with pytest.raises(SourceError, match=message):
        trec.read_run(given_file(tmp_path, content))


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_run_is_read_as_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    """Over several blocks, a query's lines apart from each other; packed or not."""
    monkeypatch.setattr(trec, "LARGE_BYTES", 1)
    monkeypatch.setattr(trec_table, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr(trec, "_read_lines", None)
    rows = [(place % 3, place, 100.0 - place) for place in range(400)]
    content = "".join(
        f"q{query} Q0 d{place} {place} {score!r} t\r\n" for query, place, score in rows
    )
    path = tmp_path / ("a.run.gz" if packed else "a.run")
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    read = trec.read_run(path)
    assert (read.name, read.findings) == ("t", ())
    for query in range(3):
        found = read.run[f"q{query}"]
        assert found.document_ids == tuple(f"d{place}" for place in range(query, 400, 3))
        assert found.scores() == {f"d{at}": 100.0 - at for at in range(query, 400, 3)}


def test_what_judgments_lose(tmp_path: Path) -> None:
    """Unjudged documents, queries without a grade and texts are told, with their number."""
    qrels: Qrels = {"q1": {"d1": 1, "d2": None, "d3": None}, "q2": {"d1": None}, "q3": {}}
    path = tmp_path / "qrels"
    findings = trec.write_judgments(JudgedQueries("x", {"q1": "one"}, qrels), path)
    assert path.read_text() == "q1 0 d1 1\n"
    assert {item.kind: item.count for item in findings} == {
        "unjudged_left_out": 3,
        "query_left_out": 2,
        "text_left_out": 1,
    }


@pytest.mark.parametrize("name", ["a b", "", "a\u00a0b", "a\n", "\t"])
def test_ids_that_would_break_columns(tmp_path: Path, name: str) -> None:
    """Nothing is written, and nothing is left behind."""
    for qrels in ({name: {"d": 1}}, {"q": {name: 1}}):
        with pytest.raises(SourceError, match="white space in it"):
            trec.write_judgments(JudgedQueries("x", {}, qrels), tmp_path / "qrels")
    with pytest.raises(SourceError, match="white space in it"):
        trec.write_run({"q": ranking((name, 1.0))}, tmp_path / "run", "x")
    with pytest.raises(SourceError, match="surrogates not allowed in an id or a text"):
        trec.write_run({"q": ranking(("\ud800", 1.0))}, tmp_path / "run", "x")
    assert not list(tmp_path.iterdir())


def test_what_a_run_loses(tmp_path: Path) -> None:
    """Queries that found nothing, and scores by which other tools would order otherwise."""
    run = {
        "empty": Ranking("run"),
        "falls": ranking(("a", 2.0), ("b", -1.5)),
        "equal": ranking(("b", 1.0), ("a", 1.0), ("c", 0.5)),
        "alike to 32 bits": ranking(("b", 1.0 + 1e-12), ("a", 1.0)),
        "pinned": ranking(("a", 0.1), ("b", 3.0)),
        "huge": ranking(("a", 1e300), ("b", 1e299)),
    }
    run = {name.replace(" ", "-"): item for name, item in run.items()}
    findings = trec.write_run(run, tmp_path / "run", "my run")
    assert {item.kind: item.count for item in findings} == {
        "query_left_out": 1,
        "scores_lowered": 4,
    }
    read = trec.read_run(tmp_path / "run")
    assert (read.name, read.findings) == ("my-run", ())
    assert {name: item.document_ids for name, item in read.run.items()} == {
        name: item.document_ids for name, item in run.items() if name != "empty"
    }
    assert read.run["falls"].scores() == {"a": 2.0, "b": -1.5}
    assert read.run["equal"].scores() == pytest.approx({"b": 1.0, "a": 1.0, "c": 0.5})
    assert read.run["pinned"].scores() == pytest.approx({"a": 0.1, "b": 0.1})
    assert read.run["huge"].scores() == pytest.approx({"a": 1e38, "b": 1e38})


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_ir_measures_own_command_line_reads_what_is_written(tmp_path: Path, suffix: str) -> None:
    """It finds what is measured here, though scores are equal or out of order."""
    qrels: Qrels = {
        "q1": {"a": 2, "b": 1, "c": 0, "z": None},
        "q2": {"b": 1},
        "q3": {"a": -1, "c": 3},
    }
    run: Run = {
        "q1": ranking(("c", 1.0), ("b", 1.0), ("a", 1.0)),
        "q2": ranking(("x", 0.1), ("b", 5.0)),
        "q3": ranking(("a", 3.0), ("b", 2.0), ("c", 1.0)),
    }
    qrels_file, run_file = tmp_path / f"qrels{suffix}", tmp_path / f"run{suffix}"
    trec.write_judgments(JudgedQueries("x", {}, qrels), qrels_file)
    trec.write_run(run, run_file, "x")
    names = ["nDCG@10", "AP", "RR@10"]
    command = [sys.executable, "-m", "ir_measures", str(qrels_file), str(run_file), *names]
    told = subprocess.run([*command, "-p", "12"], check=True, capture_output=True, text=True)
    figures = dict(line.split("\t") for line in told.stdout.splitlines())
    assert {name: float(value) for name, value in figures.items()} == pytest.approx(
        measure(qrels, run, names), abs=1e-9
    )
    assert trec.read_judgments(qrels_file).qrels["q3"] == qrels["q3"]
    assert trec.read_run(run_file).run["q2"].document_ids == ("x", "b")


names = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=5)
grades = st.integers(-5, 10)
finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=40)
@given(st.dictionaries(names, st.dictionaries(names, grades, min_size=1), min_size=1))
def test_judgments_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, qrels: dict[str, dict[str, int | None]]
) -> None:
    """Whatever ids without white space are called."""
    path = tmp_path_factory.mktemp("trec") / "qrels"
    assert trec.write_judgments(JudgedQueries("x", {}, qrels), path) == ()
    assert trec.read_judgments(path).qrels == qrels


@settings(max_examples=40)
@given(st.dictionaries(names, st.dictionaries(names, finite, min_size=1), min_size=1))
def test_runs_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, scores: dict[str, dict[str, float]]
) -> None:
    """The order is kept always, the scores where they fall."""
    run = {query_id: Ranking.from_scores("x", found.items()) for query_id, found in scores.items()}
    path = tmp_path_factory.mktemp("trec") / "run"
    findings = trec.write_run(run, path, "x")
    read = trec.read_run(path).run
    assert {name: item.document_ids for name, item in read.items()} == {
        name: item.document_ids for name, item in run.items()
    }
    for item in read.values():
        seen = np.array([hit.score for hit in item.hits], np.float32)
        assert (seen[1:] < seen[:-1]).all()
    if not findings:
        assert {name: item.hits for name, item in read.items()} == {
            name: item.hits for name, item in run.items()
        }
