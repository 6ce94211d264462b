"""Which format a path has."""

import gzip
from pathlib import Path

import pytest

from relevance_eval.formats import registry
from tandem.errors import SourceError

TREC = "q1 0 d1 2\n"
TREC_RUN = "q1 Q0 d1 1 2.5 bm25\n"
JSONL = '{"query_id": "q1", "judgments": [{"document_id": "d1", "grade": 2}]}\n'
JSONL_RUN = '{"query_id": "q1", "hits": [{"document_id": "d1", "score": 2.5}]}\n'
QUEPID = "query,docid,rating\nq1,d1,2\n"
BEIR = "query-id\tcorpus-id\tscore\nq1\td1\t2\n"


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("qrels", TREC),
        ("2019.qrels.txt", TREC),
        ("list.JSONL", JSONL),
        ("ratings.csv", QUEPID),
        ("test.tsv", BEIR),
    ],
)
def test_judgments_by_name(tmp_path: Path, name: str, content: str, suffix: str) -> None:
    """A suffix that says nothing means TREC; packed or not."""
    path = tmp_path / (name + suffix)
    path.write_bytes(gzip.compress(content.encode()) if suffix else content.encode())
    assert not registry.is_run(path)
    assert registry.read_judgments(path).qrels == {"q1": {"d1": 2}}


@pytest.mark.parametrize(("name", "content"), [("a.run", TREC_RUN), ("run.jsonl", JSONL_RUN)])
def test_runs_by_name(tmp_path: Path, name: str, content: str) -> None:
    """And the format named goes before the name."""
    path = tmp_path / name
    path.write_text(content)
    assert registry.is_run(path)
    assert registry.read_run(path).run["q1"].scores() == {"d1": 2.5}
    other = tmp_path / "other"
    other.write_text(JSONL_RUN)
    assert registry.read_run(other, "jsonl").run["q1"].scores() == {"d1": 2.5}
    registry.write_run(registry.read_run(path).run, other, "trec", name="x y")
    assert other.read_text() == "q1 Q0 d1 1 2.5 x-y\n"


def test_formats_that_do_not_fit(tmp_path: Path) -> None:
    """An unknown name with the nearest known one, and a format without runs."""
    with pytest.raises(SourceError, match="unknown format 'trek'; known ones: beir, jsonl") as told:
        registry.read_judgments(tmp_path, "trek")
    assert told.value.hint == "did you mean 'trec'?"
    with pytest.raises(SourceError, match="has no runs, expected jsonl and trec"):
        registry.read_run(tmp_path / "a.csv")
    with pytest.raises(SourceError, match="has no runs"):
        registry.write_run({}, tmp_path / "a.tsv", name="x")


def test_queries_that_are_to_be_asked(tmp_path: Path) -> None:
    """Every one needs a text."""
    path = tmp_path / "list.jsonl"
    path.write_text(JSONL)
    with pytest.raises(SourceError, match=r"list\.jsonl: 1 judged queries have no text, 'q1' fir"):
        registry.read_askable(path)
    path.write_text(JSONL.replace(', "judg', ', "query": "wing", "judg'))
    assert registry.read_askable(path).queries == {"q1": "wing"}
