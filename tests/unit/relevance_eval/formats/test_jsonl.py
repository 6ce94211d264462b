"""Judgments and runs as JSON lines, well-formed and not."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance_eval.formats.jsonl import (
    is_run,
    read_judgments,
    read_run,
    write_judgments,
    write_run,
)
from relevance_eval.formats.judged import JudgedQueries
from tandem.errors import SourceError
from tandem.rankings import Hit, Ranking


def given_file(tmp_path: Path, content: str | bytes) -> Path:
    """A file of that content."""
    path = tmp_path / "list.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_judgments(tmp_path: Path) -> None:
    """Null is no grade; a query may go on in another line, and have neither text nor judgments."""
    path = given_file(
        tmp_path,
        '{"query_id": "q1", "query": "wing", "judgments": [{"document_id": "d1", "grade": -1}]}\n'
        '\n{"query_id": 2, "judgments": [], "more": true}\n'
        '{"query_id": "q1", "judgments": [{"document_id": "d2", "grade": null}]}\n',
    )
    found = read_judgments(path)
    assert found.qrels == {"q1": {"d1": -1, "d2": None}, "2": {}}
    assert (found.name, found.queries) == ("list", {"q1": "wing"})
    assert [(item.kind, item.examples) for item in found.findings] == [
        ("query_without_grade", ("'2'",)),
        ("query_without_text", ("'2'",)),
    ]


GOOD = '{"query_id": "q1", "query": "a", "judgments": [{"document_id": "d1", "grade": 1}]}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no judgments in it"),
        (GOOD + GOOD[:40], ":2: is not JSON"),
        (GOOD + "[]", ":2: expected a JSON object"),
        ('{"query_id": ""}', ":1: expected query_id, a text"),
        ('{"query_id": true}', ":1: expected query_id, a text"),
        ('{"query_id": "q"}', ":1: judgments: expected a list"),
        ('{"query_id": "q", "judgments": {"d1": 1}}', ":1: judgments: expected a list"),
        ('{"query_id": "q", "judgments": ["d1"]}', ":1: expected document_id, a text"),
        ('{"query_id": "q", "query": 1, "judgments": []}', ":1: query: expected a text"),
        (GOOD + GOOD.replace('"a"', '"b"'), ":2: query: another text of query 'q1' stands above"),
        (GOOD + GOOD.replace("1}", "2}"), ":2: .* is graded 2, and 1 at line 1"),
        (GOOD.replace('"grade": 1', '"grade": 1, "grade": 2'), "grade: is given 2 times"),
        (GOOD.replace("1}", "NaN}"), ":1: is not JSON"),
        (GOOD.replace("1}", "0.5}"), ":1: grade: expected a whole number, or null"),
        (GOOD.replace("1}", "true}"), ":1: grade: expected"),
        (GOOD.replace("1}", '"1"}'), ":1: grade: expected"),
        (GOOD.replace("1}", "1000000000}"), ":1: grade: expected"),
        (GOOD.replace(', "grade": 1', ""), ":1: grade: expected"),
        (GOOD.encode() + b'{"query_id": "\xe9"}', ":2: not UTF-8: byte 0xe9"),
    ],
)
def test_malformed_judgments(tmp_path: Path, content: str | bytes, message: str) -> None:
    """File, line, what is there and what was expected."""
    with pytest.raises(SourceError, match=message):
        read_judgments(given_file(tmp_path, content))


def test_runs(tmp_path: Path) -> None:
    """The order counts; scores that say otherwise are told, and the head names the run."""
    path = given_file(
        tmp_path,
        '{"format": "anything", "name": "mine", "seed": 7}\n'
        '{"query_id": "q1", "hits": [{"document_id": "b", "score": 1}, '
        '{"document_id": "a", "score": 2.5}], "milliseconds": 4}\n'
        '{"query_id": "q2", "hits": []}\n',
    )
    read = read_run(path)
    assert read.name == "mine"
    assert read.run["q1"].hits == (Hit("b", 1, 1.0), Hit("a", 2, 2.5))
    assert len(read.run["q2"]) == 0
    assert [(item.kind, item.examples) for item in read.findings] == [
        ("listed_against_score", ("'q1'",))
    ]


def test_incomplete_answers(tmp_path: Path) -> None:
    """What a run's record says of them is told, whoever reads it as a run."""
    line = '{"query_id": "%s", "hits": [], "degraded": %s}\n'
    path = given_file(tmp_path, line % ("q1", "[]") + line % ("q2", '[["vector", "timeout"]]'))
    assert [(item.kind, item.examples) for item in read_run(path).findings] == [
        ("incomplete_answer", ("'q2'",))
    ]


HIT = '{"query_id": "q1", "hits": [{"document_id": "d1", "score": 1.5}]}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no query in it"),
        ('{"format": "run", "name": "x"}\n', "no query in it"),
        (HIT + '{"format": "run"}', ":2: expected query_id"),
        (HIT + HIT, ":2: query 'q1' is there twice"),
        (HIT + HIT[:30], ":2: is not JSON"),
        (HIT.replace("1.5", "NaN"), ":1: is not JSON"),
        (HIT.replace("1.5", "1e999"), ":1: "),
        (HIT.replace("1.5", '"high"'), ":1: score: expected a finite number"),
        (HIT.replace("1.5", "true"), ":1: score: expected"),
        (HIT.replace("hits", "judgments"), ":1: hits: expected a list"),
        (
            HIT.replace("[", '[{"document_id": "d1", "score": 2}, '),
            ":1: document 'd1' is there twice for query 'q1'",
        ),
    ],
)
def test_malformed_runs(tmp_path: Path, content: str, message: str) -> None:
    """File, line, what is there and what was expected."""
    with pytest.raises(SourceError, match=message):
        read_run(given_file(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "expected"),
    [(HIT, True), ('{"format": "run"}\n', True), (GOOD, False), ("", False), ("[1]", False)],
)
def test_what_is_a_run(tmp_path: Path, content: str, expected: bool) -> None:
    """By the first line."""
    assert is_run(given_file(tmp_path, content)) is expected


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(st.none(), st.integers(-5, 10))


@settings(max_examples=40)
@given(
    st.dictionaries(texts, st.tuples(st.none() | texts, st.dictionaries(texts, values)), min_size=1)
)
def test_judgments_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    given_list: dict[str, tuple[str | None, dict[str, int | None]]],
) -> None:
    """Any id, any text, unjudged documents and queries without any."""
    path = tmp_path_factory.mktemp("jsonl") / "list.jsonl"
    queries = {name: text for name, (text, _) in given_list.items() if text is not None}
    qrels = {name: grades for name, (_, grades) in given_list.items()}
    assert write_judgments(JudgedQueries("x", queries, qrels), path) == ()
    found = read_judgments(path)
    assert (found.queries, found.qrels) == (queries, qrels)


@settings(max_examples=40)
@given(
    st.dictionaries(
        texts, st.lists(st.tuples(texts, finite), unique_by=lambda hit: hit[0]), min_size=1
    )
)
def test_runs_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, listed: dict[str, list[tuple[str, float]]]
) -> None:
    """Order and scores, bit for bit, and queries that found nothing."""
    path = tmp_path_factory.mktemp("jsonl") / "run.jsonl"
    run = {
        query_id: Ranking(
            "x", tuple(Hit(name, rank, score) for rank, (name, score) in enumerate(hits, start=1))
        )
        for query_id, hits in listed.items()
    }
    assert write_run(run, path, "x") == ()
    read = read_run(path)
    assert read.name == "x"
    assert {name: item.hits for name, item in read.run.items()} == {
        name: item.hits for name, item in run.items()
    }


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """A lone surrogate is no text; a folder is no file."""
    with pytest.raises(SourceError, match="cannot be written"):
        write_run({"\ud800": Ranking("x")}, tmp_path / "run.jsonl", "x")
    assert not list(tmp_path.iterdir())
    with pytest.raises(SourceError, match="cannot be written"):
        write_judgments(JudgedQueries("x", {}, {"q": {}}), tmp_path)
    assert not list(tmp_path.iterdir())
