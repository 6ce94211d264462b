"""Queries to be judged: a list of them, or judgments with texts."""

from pathlib import Path

import pytest

from relevance_eval.judging.asked import read_to_judge
from tandem.errors import SourceError


def written(tmp_path: Path, text: str, name: str = "queries.jsonl") -> Path:
    """A file."""
    (tmp_path / name).write_text(text, "utf-8")
    return tmp_path / name


def test_a_list_of_queries(tmp_path: Path) -> None:
    """With intents where there are any; BEIR's has none, and other names are passed over."""
    path = written(
        tmp_path,
        '{"query_id": "q1", "text": "snow", "intent": "how it falls"}\n\n'
        '{"_id": "q2", "text": "rain", "metadata": {}}\n{"_id": 3, "text": "wind"}\n',
    )
    read = read_to_judge(path)
    assert read.queries == {"q1": ("snow", "how it falls"), "q2": ("rain", ""), "3": ("wind", "")}
    assert read.qrels == {}


def test_judgments_with_texts(tmp_path: Path) -> None:
    """What is judged already is told too."""
    (tmp_path / "qrels").mkdir()
    written(tmp_path, '{"_id": "q1", "text": "snow"}\n')
    written(tmp_path, "query-id\tcorpus-id\tscore\nq1\ta\t1\n", "qrels/test.tsv")
    read = read_to_judge(tmp_path)
    assert read.queries == {"q1": ("snow", "")}
    assert read.qrels == {"q1": {"a": 1}}
    with pytest.raises(SourceError, match="have no text"):
        read_to_judge(written(tmp_path, "q1 0 a 1\n", "qrels.txt"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nothing", ":2: expected a query"),
        ('{"text": "rain"}', ":2: expected a query"),
        ('{"query_id": "q2"}', ":2: expected a query"),
        ('{"query_id": "q2", "text": 5}', ":2: expected a query"),
        ('{"query_id": "q2", "text": "rain", "intent": ["x"]}', ":2: expected a query"),
        ('{"query_id": "q1", "text": "rain"}', ":2: query 'q1' stands there twice"),
        ('{"query_id": " ", "text": "rain"}', ":2: query_id: is blank"),
        ('{"query_id": "' + "q" * 513 + '", "text": "rain"}', ":2: query_id: at most 512"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    """And what was expected."""
    path = written(tmp_path, '{"query_id": "q1", "text": "snow"}\n' + line + "\n")
    with pytest.raises(SourceError, match=reason):
        read_to_judge(path)


def test_a_list_is_known_by_its_first_query(tmp_path: Path) -> None:
    """After blank lines, and where it is what is wrong."""
    assert [*read_to_judge(written(tmp_path, '\n{"_id": "q1", "text": "snow"}\n')).queries] == [
        "q1"
    ]
    with pytest.raises(SourceError, match=":1: expected a query"):
        read_to_judge(written(tmp_path, '{"query_id": "q1", "intent": "how it falls"}\n'))


def test_no_file(tmp_path: Path) -> None:
    """It is said which."""
    with pytest.raises(SourceError, match="none"):
        read_to_judge(tmp_path / "none.jsonl")
