"""Queries and judgments in BEIR's layout, and what is told about a folder that is not."""

from pathlib import Path

import pytest

from relevance_eval.collections import read_beir
from tandem.errors import SourceError

HEADER = "query-id\tcorpus-id\tscore\n"
QUERIES = '{"_id": "q1", "text": "first"}\n{"_id": "q2", "text": "second"}\n'


def folder(
    tmp_path: Path, judgments: str = "", queries: str = QUERIES, split: str = "test"
) -> Path:
    """A BEIR folder of that content."""
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / f"{split}.tsv").write_text(HEADER + judgments, encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text(queries, encoding="utf-8")
    return tmp_path


def test_reading(tmp_path: Path) -> None:
    """Grades by query and document, texts of the judged queries only, in order of judgment."""
    found = read_beir(folder(tmp_path, "q2\td1\t1\nq2\td2\t0\n\nq2\td1\t2\n"))
    assert found.name == tmp_path.name
    assert found.queries == {"q2": "second"}
    assert found.qrels == {"q2": {"d1": 2, "d2": 0}}


def test_other_splits_and_no_header(tmp_path: Path) -> None:
    """A split by name; a first line of data is data."""
    path = folder(tmp_path, split="train")
    (path / "qrels" / "train.tsv").write_text("q1\td1\t1\nq1\td2\t1\n", encoding="utf-8")
    assert read_beir(path, "train").qrels == {"q1": {"d1": 1, "d2": 1}}


def test_ids_that_are_numbers(tmp_path: Path) -> None:
    """A number in the query file is the text that the judgments name."""
    found = read_beir(folder(tmp_path, "1\t2\t1\n", '{"_id": 1, "text": "first"}\n'))
    assert found.queries == {"1": "first"}
    assert found.qrels == {"1": {"2": 1}}


@pytest.mark.parametrize(
    ("judgments", "queries", "message"),
    [
        ("q1\td1\n", QUERIES, r"test\.tsv:2: expected query-id, corpus-id and a whole number"),
        ("q1 d1 1\n", QUERIES, r"test\.tsv:2: expected"),
        ("q1\td1\t1\nq1\td1\tgood\n", QUERIES, r"test\.tsv:3: expected"),
        ("q1\td1\t0.5\n", QUERIES, r"test\.tsv:2: expected"),
        ("q1\t0\td1\t1\n", QUERIES, r"test\.tsv:2: expected"),
        ("q9\td1\t1\nq8\td1\t1\n", QUERIES, "2 judged queries have no text, 'q8' first"),
        ("q1\td1\t1\n", "{\n", r"queries\.jsonl:1: expected a JSON object"),
        ("q1\td1\t1\n", "[]\n", r"queries\.jsonl:1: expected a JSON object"),
        ("q1\td1\t1\n", QUERIES + '{"_id": "q3"}\n', r"queries\.jsonl:3: expected"),
        ("q1\td1\t1\n", '"text"\n', r"queries\.jsonl:1: expected"),
    ],
)
def test_faults_name_file_and_line(
    tmp_path: Path, judgments: str, queries: str, message: str
) -> None:
    """What is malformed is named with its place and what was expected."""
    with pytest.raises(SourceError, match=message):
        read_beir(folder(tmp_path, judgments, queries))


def test_missing_files(tmp_path: Path) -> None:
    """A folder without the split, or without queries, is no BEIR folder."""
    with pytest.raises(SourceError, match=r"test\.tsv: No such file .* expected a BEIR folder"):
        read_beir(tmp_path)
    path = folder(tmp_path, "q1\td1\t1\n")
    (path / "queries.jsonl").unlink()
    with pytest.raises(SourceError, match=r"queries\.jsonl: No such file"):
        read_beir(path)


def test_files_that_are_not_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are named with their place."""
    path = folder(tmp_path, "q1\td1\t1\n")
    (path / "queries.jsonl").write_bytes(b'{"_id": "q1", "text": "\xff"}')
    with pytest.raises(SourceError, match=r"queries\.jsonl: not UTF-8 at byte 23"):
        read_beir(path)
