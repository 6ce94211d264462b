"""Files of graded answers: read whole, or refused with the line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from api.graded import read_graded
from tandem.errors import SourceError

LINE: dict[str, Any] = {
    "query_id": "q1",
    "user_id": "u1",
    "query": "drama movies",
    "timestamp": 852_809_443,
    "candidates": [{"document_id": "a", "grade": 3}, {"document_id": "b", "grade": 0}],
}


def written(path: Path, *lines: dict[str, Any]) -> Path:
    """A file of these, packed."""
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    return path


def test_what_is_for_training(tmp_path: Path) -> None:
    """The lines of the train split, and those of none; the others are counted."""
    lines = [
        LINE,
        LINE | {"query_id": "q2", "split": "test"},
        LINE | {"query_id": "q3", "split": "train", "user_id": None, "more": "is passed over"},
    ]
    found = read_graded(written(tmp_path / "a.jsonl.gz", *lines))
    assert [answer.query_id for answer in found.answers] == ["q1", "q3"]
    assert found.left_out == 1
    assert found.answers[0].grades == {"a": 3, "b": 0}
    assert found.answers[1].user_id is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"query_id": ""}, "query_id: String should have at least 1"),
        ({"query_id": None}, "query_id: Input should be a valid string"),
        ({"timestamp": "yesterday"}, "timestamp: Input should be a valid number"),
        ({"timestamp": -1}, "timestamp: Input should be greater"),
        ({"timestamp": 1e12}, "timestamp: Input should be less"),
        ({"candidates": []}, "candidates: Tuple should have at least 1"),
        ({"candidates": "a"}, "candidates: Input should be a valid array"),
        ({"candidates": [{"document_id": "a", "grade": 31}]}, "candidates.0.grade: Input should"),
        ({"candidates": [{"document_id": "a", "grade": 1.5}]}, "candidates.0.grade: Input should"),
        ({"candidates": [{"document_id": "a"}]}, "candidates.0.grade: Field required"),
        ({"candidates": LINE["candidates"] * 2}, "a document is there twice"),
        ({"query_id": "q0"}, "query_id 'q0' is there twice"),
    ],
)
def test_a_line_that_cannot_be_used(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """It is named, with what was expected."""
    path = written(tmp_path / "a.jsonl.gz", LINE | {"query_id": "q0"}, LINE | change)
    with pytest.raises(SourceError) as raised:
        read_graded(path)
    assert str(raised.value).startswith(f"{path}:2: ")
    assert said in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'"text"'])
def test_a_line_that_is_no_object(tmp_path: Path, content: bytes) -> None:
    """Nor JSON at all."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(LINE).encode() + b"\n\n" + content)
    with pytest.raises(SourceError, match=r"a\.jsonl:3: "):
        read_graded(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Its name is told."""
    with pytest.raises(SourceError, match="nowhere"):
        read_graded(tmp_path / "nowhere.jsonl")
