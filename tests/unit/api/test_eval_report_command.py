"""``tandem eval report``: what it writes, and what it refuses."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.app import invoke
from api.console import FOUND
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.documents import Document
from tandem.errors import CollectionNotFound, InputError, SourceError
from tandem.events import Event
from tandem.schema import Schema

NOW = datetime(2026, 11, 26, tzinfo=UTC)
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Judged queries with texts, and two runs."""
    lines = [
        {"query_id": "q1", "query": "csv file", "judgments": [{"document_id": "d1", "grade": 2}]},
        {"query_id": "q2", "query": "sort", "judgments": [{"document_id": "d2", "grade": 1}]},
    ]
    (tmp_path / "judged.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "old.run").write_text("q1 Q0 d2 1 2 x\nq1 Q0 d1 2 1 x\n")
    (tmp_path / "new.run").write_text("q1 Q0 d1 1 2 x\nq2 Q0 d2 1 9 x\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*given: str) -> int:
    """The command over both runs."""
    return invoke(["eval", "report", "judged.jsonl", "old.run", "new.run", *given])


def test_three_files_are_written(folder: Path, capsys: Captured) -> None:
    """With one truth in them; runs are named by their files."""
    assert write("-o", "found.html", "-m", "nDCG@10") == FOUND
    told = json.loads((folder / "found.json").read_bytes())
    assert [run["name"] for run in told["runs"]] == ["old", "new"]
    assert list(told["formulas"]) == ["nDCG@10"]
    assert "<!doctype html>" in (folder / "found.html").read_text()
    assert "| old |" in (folder / "found.md").read_text()
    assert "found.html" in capsys.readouterr().out


def test_documents_of_the_collection_are_named(folder: Path) -> None:
    """And queries told apart by them, and by how well people know them."""
    catalog = Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "embeddings.sqlite"))
    made = catalog.releases.create_generation(
        "main", Schema(), analysis="a", embedder="e", dimension=2, passage_tokens=128
    )
    catalog.releases.promote("main", made.number, parent=None)
    catalog.documents.append("main", "s", [Document("d1", "A csv", "a file"), Document("d2", "z")])
    deeds = [Event(f"e{number}", "click", NOW, document_id="d1") for number in range(3)]
    catalog.events.append("main", "s", deeds)
    catalog.close()
    assert write("--data-dir", ".") == FOUND
    told = json.loads((folder / "report.json").read_bytes())
    assert told["titles"] == {"d1": "A csv", "d2": "z"}
    assert [query["slices"] for query in told["queries"]] == [
        {
            "query length": "2 to 3 words",
            "exact match": "a relevant document has every word",
            "cold documents": "people know a relevant document",
        },
        {
            "query length": "1 word",
            "exact match": "none has every word",
            "cold documents": "every relevant document is cold",
        },
    ]


def test_queries_without_a_judgment_are_left_out(folder: Path) -> None:
    """Listed without a grade, or with none at all: the report is of what was compared."""
    ungraded = [
        {"query_id": "q3", "query": "x", "judgments": []},
        {"query_id": "q4", "query": "y", "judgments": [{"document_id": "d1", "grade": None}]},
    ]
    with (folder / "judged.jsonl").open("a") as judgments:
        judgments.writelines(json.dumps(line) + "\n" for line in ungraded)
    assert write() == FOUND
    told = json.loads((folder / "report.json").read_bytes())
    assert [query["id"] for query in told["queries"]] == ["q1", "q2"]
    assert sum(row["queries"] for row in told["slices"]) == told["queries_judged"] == 2
    assert dict(map(tuple, told["curves"]["new"]["nDCG"]))[1.0] == 1.0


@pytest.mark.parametrize("given", [["--data-dir", "nowhere"], ["--collection", "other"]])
def test_a_collection_that_is_named_must_be_there(folder: Path, given: list[str]) -> None:
    """A slip of the pen is not a report without titles."""
    (folder / "data").mkdir()
    files = (file_url(folder / "data" / f"{name}.sqlite") for name in ("documents", "embeddings"))
    Catalog(*files).close()
    with pytest.raises(CollectionNotFound):
        write("--data-dir", "data", *given)
    assert not list(folder.glob("report*"))


def test_what_is_read_is_not_written_over(folder: Path) -> None:
    """The twins bear names that nobody typed."""
    judgments = (folder / "judged.jsonl").rename(folder / "judged.json").read_text()
    with pytest.raises(InputError, match=r"judged\.json would be written over"):
        invoke(["eval", "report", "judged.json", "old.run", "-o", "judged.html"])
    assert (folder / "judged.json").read_text() == judgments


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (["-o", "report.txt"], InputError, "ends with .html"),
        (["-o", "no/report.html"], SourceError, "there is no folder"),
        (["-m", "nDGC@10"], InputError, "nDGC"),
    ],
)
def test_what_cannot_be_written(
    folder: Path, given: list[str], error: type[Exception], message: str
) -> None:
    """Before anything is."""
    with pytest.raises(error, match=message):
        write(*given)
    assert not list(folder.glob("report*"))
