"""``tandem eval convert`` and ``tandem eval gate``: what they leave, tell and refuse."""

import json
from pathlib import Path

import pytest

from api.app import invoke
from api.console import FOUND, PROBLEM
from relevance_eval.formats.registry import read_judgments, read_run
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.documents import Document
from tandem.errors import CollectionNotFound, InputError, SourceError
from tandem.schema import Schema

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Judgments, a run with ties, and a worse one."""
    (tmp_path / "qrels").write_text("q1 0 d1 2\nq1 0 d2 0\nq2 0 d3 1\n")
    (tmp_path / "a.run").write_text("q1 Q0 d1 1 2 a\nq1 Q0 d2 2 2 a\nq2 Q0 d3 1 9 a\n")
    (tmp_path / "b.run").write_text("q1 Q0 d1 1 2 b\n")
    (tmp_path / "demands.toml").write_text('[minimum]\n"P@1" = 0.5\n[may_fall_by]\n"P@1" = 0.1\n')
    return tmp_path


def test_judgments_are_converted_and_back(folder: Path, capsys: Captured) -> None:
    """Through every format, with what each loses; texts are not invented."""
    steps = ("a.jsonl.gz", "b.tsv", "c.csv", "d.qrels")
    source = folder / "qrels"
    for step in steps:
        assert invoke(["eval", "convert", str(source), str(folder / step)]) == FOUND
        source = folder / step
    assert read_judgments(source).qrels == {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1}}
    out, err = capsys.readouterr()
    assert f"{source}: 2 queries with 3 judgments" in out
    assert f"warning: {source}: query texts, which the format cannot hold" in err


def test_runs_are_converted(folder: Path, capsys: Captured) -> None:
    """For a program, with the findings; the format can be said."""
    command = ["eval", "convert", str(folder / "a.run"), str(folder / "a"), "--to", "jsonl"]
    assert invoke([*command, "--json"]) == FOUND
    told = json.loads(capsys.readouterr().out)
    assert (told["queries"], told["hits"]) == (2, 3)
    assert [item["kind"] for item in told["findings"]] == ["equal_scores"]
    assert "rank column counts" in told["findings"][0]["message"]
    assert read_run(folder / "a", "jsonl").run["q1"].document_ids == ("d1", "d2")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (["qrels", "a.run"], InputError, r"a\.run: is there already"),
        (["no", "new"], SourceError, "no: cannot be opened"),
        (["qrels", "new", "--from", "jsonl"], SourceError, "qrels:1: is not JSON"),
        (["qrels", "new", "--to", "xml"], SourceError, "unknown format 'xml'"),
        (["a.run", "new.csv"], SourceError, "has no runs"),
        (["a.run", "new", "--collection", "main"], InputError, "is a run, expected judgments"),
    ],
)
def test_what_cannot_be_converted(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: list[str],
    error: type[InputError],
    message: str,
) -> None:
    """Nothing is written."""
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    with pytest.raises(error, match=message):
        invoke(["eval", "convert", *given])
    assert sorted(folder.iterdir()) == before


def test_judged_documents_that_a_collection_lacks(folder: Path, capsys: Captured) -> None:
    """Unknown ones and deleted ones."""
    catalog = Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "embeddings.sqlite"))
    made = catalog.releases.create_generation(
        "main", Schema(), analysis="a", embedder="e", dimension=2, passage_tokens=128
    )
    catalog.releases.promote("main", made.number, parent=None)
    catalog.documents.append("main", "s", [Document("d1", "t", "b"), Document("d2", "t", "b")])
    catalog.documents.delete("main", ["d2"])
    catalog.close()
    given = ["eval", "convert", str(folder / "qrels"), "--data-dir", str(folder), "-c"]
    assert invoke([*given, "main", str(folder / "new")]) == FOUND
    err = capsys.readouterr().err
    assert "judged documents that are not in the collection: 2 ('q1' 'd2', 'q2' 'd3')" in err
    with pytest.raises(CollectionNotFound, match="no collection 'other'"):
        invoke([*given, "other", str(folder / "newer")])
    assert not (folder / "newer").exists()


def test_the_gate(folder: Path, capsys: Captured) -> None:
    """It passes, or leaves with 1 and the line; what is odd in the files is told."""
    given = ["eval", "gate", *(str(folder / name) for name in ("demands.toml", "qrels"))]
    a, b = str(folder / "a.run"), str(folder / "b.run")
    assert invoke([*given, a, "--baseline", b]) == FOUND
    assert capsys.readouterr().out == (
        "passed  P@1 1.0000, at least 0.5\npassed  P@1 0.5000 -> 1.0000, may fall by 0.1\n"
    )
    assert invoke([*given, b, "--baseline", a]) == PROBLEM
    out, err = capsys.readouterr()
    failing = f"FAILED  {folder / 'demands.toml'}:4: P@1 1.0000 -> 0.5000, may fall by 0.1"
    assert failing in out.splitlines()
    assert "warning: run b: judged queries that the run lacks" in err
    assert invoke([*given, b, "--baseline", a, "--json"]) == PROBLEM
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is False
    assert [item["passed"] for item in told["thresholds"]] == [True, False]
    assert "query_without_answer" in [item["kind"] for item in told["findings"]]


def test_a_gate_is_not_passed_by_incomplete_answers(folder: Path, capsys: Captured) -> None:
    """Whatever the figures say."""
    line = {"query_id": "q1", "hits": [{"document_id": "d1", "score": 1.0}],
            "degraded": [["vector", "timeout"]]}  # fmt: skip
    (folder / "holes.jsonl").write_text(json.dumps(line))
    (folder / "low.toml").write_text('[minimum]\n"P@1" = 0.1\n')
    given = ["eval", "gate", *(str(folder / name) for name in ("low.toml", "qrels", "holes.jsonl"))]
    assert invoke(given) == PROBLEM
    assert capsys.readouterr().out.splitlines() == [
        "passed  P@1 0.5000, at least 0.1",
        f"FAILED  {folder / 'holes.jsonl'}: 1 answers are incomplete",
    ]


def test_a_gate_that_compares_needs_another_run(folder: Path) -> None:
    """The line that asks for it is named."""
    given = ["eval", "gate", *(str(folder / name) for name in ("demands.toml", "qrels", "a.run"))]
    with pytest.raises(InputError, match=r"demands\.toml:4: P@1 may fall by 0\.1, and there is no"):
        invoke(given)
