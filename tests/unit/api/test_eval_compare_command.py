"""``tandem eval compare``, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli import run
from api.console import BAD_USE, FOUND

Captured = pytest.CaptureFixture[str]
Typed = Callable[..., tuple[int, str, str]]


def trec(name: str, places: list[int]) -> str:
    """A run that has the good document of each query at that place, behind others."""
    return "".join(
        f"q{query} Q0 {'good' if rank == place else f'x{rank}'} {rank} {10 - rank} {name}\n"
        for query, place in enumerate(places)
        for rank in range(1, 4)
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Judgments of twelve queries, with texts; one run finds second what the other finds first."""
    judgments = [{"document_id": "good", "grade": 1}]
    lines = (
        {"query_id": f"q{query}", "query": f"text {query}", "judgments": judgments}
        for query in range(12)
    )
    (tmp_path / "judged.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    (tmp_path / "old.run").write_text(trec("t", [2] * 10 + [1, 1]), "utf-8")
    (tmp_path / "new.run").write_text(trec("t", [1] * 12), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def typed(folder: Path, capsys: Captured) -> Typed:
    """Runs the verb in the folder; the exit code, and what was printed."""

    def run_it(*words: str) -> tuple[int, str, str]:
        code = run(["eval", "compare", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_it


def test_it_says_whether_to_believe_it(typed: Typed) -> None:
    """Means, the sentence, the tests, the queries that moved with both lists, the formula."""
    code, out, _ = typed("judged.jsonl", "old.run", "new.run", "-m", "RR@10", "-m", "P@1")
    assert code == FOUND
    assert out.startswith("12 queries of judged; decided by RR@10\n")
    assert "new is better than old by 0.4167 (95 %: 0.2917 to 0.5403) on RR@10, p = 0.002" in out
    assert "P@1      old -> new  +0.8333" in out
    assert "10/0/2" in out
    assert "q0 'text 0': RR@10 0.5000 -> 1.0000" in out
    assert "1  x1 [unjudged]  good [1]" in out
    assert "RR@10: 1 / rank of the first relevant document in the first 10" in out
    assert "note: 12 queries are few" in out


def test_as_data_it_says_the_same(typed: Typed) -> None:
    """For a program: every figure, query by query, and formulas."""
    code, out, _ = typed("judged.jsonl", "old.run", "new.run", "-m", "RR@10", "--json")
    data = json.loads(out)
    [found] = data["differences"]
    assert code == FOUND
    assert (data["primary"], data["queries"], data["judgments"]) == ("RR@10", 12, "judged")
    assert (found["first"], found["second"], found["is_believed"]) == ("old", "new", True)
    assert found["estimate"]["mean"] == pytest.approx(5 / 12)
    assert found["moved"][0] == {"query_id": "q0", "first": 0.5, "second": 1.0, "difference": 0.5}
    assert data["lists"]["q0"]["new"][0] == {"document_id": "good", "grade": 1}
    assert data["values"]["old"]["RR@10"]["q11"] == 1.0
    assert data["formulas"]["RR@10"].startswith("1 / rank")
    assert data["runs"][0]["means"]["RR@10"]["mean"] == pytest.approx(7 / 12)


def test_one_run_is_measured(typed: Typed) -> None:
    """With the usual measures, and no word of a comparison."""
    code, out, _ = typed("judged.jsonl", "old.run")
    assert code == FOUND
    assert "nDCG(dcg='exp-log2')@10" in out
    assert "->" not in out


def test_runs_of_one_name_are_told_apart(typed: Typed, folder: Path) -> None:
    """By their paths."""
    (folder / "other").mkdir()
    (folder / "other" / "old.run").write_text(trec("t", [1] * 12), "utf-8")
    _, out, _ = typed("judged.jsonl", "old.run", "other/old.run", "-m", "RR@10")
    assert "other/old.run is better than old.run" in out


@pytest.mark.parametrize(
    ("words", "reason", "hint"),
    [
        (("judged.jsonl", "old.run", "old.run"), "the run is given twice", "name each run once"),
        (("judged.jsonl", "old.run", "-m", "nDCG@0"), "measure 'nDCG@0'", "nDCG@10"),
        (("judged.jsonl", "none.run"), "none.run", ""),
        (("judged.jsonl", "alien.run"), "none of its 1 queries is judged", "the same ids"),
        (("judged.jsonl", "broken.run"), "broken.run:2", ""),
    ],
)
def test_what_cannot_be_compared(
    typed: Typed, folder: Path, words: tuple[str, ...], reason: str, hint: str
) -> None:
    """What was wrong, where, and what is next."""
    (folder / "alien.run").write_text("7 Q0 good 1 1.0 t\n", "utf-8")
    (folder / "broken.run").write_text("q0 Q0 good 1 1.0 t\nq1 Q0 good 1\n", "utf-8")
    code, out, err = typed(*words)
    assert (code, out) == (BAD_USE, "")
    assert reason in err
    assert hint in err
