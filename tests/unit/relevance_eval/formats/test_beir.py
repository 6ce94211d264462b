"""Queries and judgments in BEIR's layout, and what is told about a folder that is not."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance_eval.formats.beir import read_judgments, read_queries, table, write_judgments
from relevance_eval.formats.judged import JudgedQueries
from tandem.errors import SourceError

HEADING = "query-id\tcorpus-id\tscore\n"
QUERIES = '{"_id": "q1", "text": "first"}\n{"_id": "q2", "text": "second"}\n'


def folder(
    tmp_path: Path, judgments: str = "", queries: str = QUERIES, split: str = "test"
) -> Path:
    """A BEIR folder of that content."""
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / f"{split}.tsv").write_text(HEADING + judgments, encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text(queries, encoding="utf-8")
    return tmp_path


def test_reading(tmp_path: Path) -> None:
    """Grades by query and document; texts of the judged queries only, and how many were left."""
    found = read_judgments(folder(tmp_path, "q2\td1\t1\nq2\td2\t0\n\nq2\td1\t1\n"))
    assert found.name == tmp_path.name
    assert found.queries == {"q2": "second"}
    assert found.qrels == {"q2": {"d1": 1, "d2": 0}}
    assert [(item.kind, item.examples) for item in found.findings] == [
        ("repeated_judgment", ("'q2' 'd1' at line 5",)),
        ("text_without_judgments", ("'q1'",)),
    ]


def test_other_splits_and_no_heading(tmp_path: Path) -> None:
    """A split by its table; a first line of data is data."""
    path = folder(tmp_path, split="train")
    table(path, "train").write_text("q1\td1\t1\nq1\td2\t1\n", encoding="utf-8")
    found = read_judgments(table(path, "train"))
    assert found.qrels == {"q1": {"d1": 1, "d2": 1}}
    assert (found.name, found.queries) == (tmp_path.name, {"q1": "first"})
    alone = table(path, "train").rename(tmp_path / "alone.tsv")
    assert (read_judgments(alone).name, read_judgments(alone).queries) == ("alone", {})


def test_ids_that_are_numbers(tmp_path: Path) -> None:
    """A number in the query file is the text that the judgments name; ids may have spaces."""
    found = read_judgments(folder(tmp_path, "1\ta b\t1\n", '{"_id": 1, "text": "first"}\n'))
    assert found.queries == {"1": "first"}
    assert found.qrels == {"1": {"a b": 1}}


def test_packed_files(tmp_path: Path) -> None:
    """Each of the files may be a gzip."""
    path = folder(tmp_path, "q1\td1\t1\n")
    for file in (path / "queries.jsonl", path / "qrels" / "test.tsv"):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    found = read_judgments(path)
    assert (found.queries, found.qrels) == ({"q1": "first"}, {"q1": {"d1": 1}})
    assert read_queries(path) == {"q1": "first", "q2": "second"}


def test_queries_without_texts(tmp_path: Path) -> None:
    """They are told; a table that stands alone has none."""
    path = folder(tmp_path, "q9\td1\t1\nq1\td1\t1\n")
    kinds = {item.kind: item.examples for item in read_judgments(path).findings}
    assert kinds == {"query_without_text": ("'q9'",), "text_without_judgments": ("'q2'",)}
    alone = table(path).rename(tmp_path / "alone.tsv")
    assert (read_judgments(alone).queries, read_judgments(alone).findings) == ({}, ())


@pytest.mark.parametrize(
    ("judgments", "queries", "message"),
    [
        ("", QUERIES, r"test\.tsv: no judgments in it"),
        ("q1\td1\n", QUERIES, r"test\.tsv:2: expected query-id, corpus-id and a whole number"),
        ("q1 d1 1\n", QUERIES, r"test\.tsv:2: expected"),
        ("q1\td1\t1\nq1\td1\tgood\n", QUERIES, r"test\.tsv:3: expected"),
        ("q1\td1\t0.5\n", QUERIES, r"test\.tsv:2: expected"),
        ("q1\td1\tnan\n", QUERIES, r"test\.tsv:2: expected"),
        ("q1\t0\td1\t1\n", QUERIES, r"test\.tsv:2: expected"),
        ("\td1\t1\n", QUERIES, r"test\.tsv:2: expected"),
        ("q1\td1\t1\nq1\td1\t2\n", QUERIES, r"test\.tsv:3: .* is graded 2, and 1 at line 2"),
        ("q1\td1\t1\n", "{\n", r"queries\.jsonl:1: expected a JSON object"),
        ("q1\td1\t1\n", "[]\n", r"queries\.jsonl:1: expected a JSON object"),
        ("q1\td1\t1\n", QUERIES + '{"_id": "q3"}\n', r"queries\.jsonl:3: expected"),
        ("q1\td1\t1\n", '{"_id": "q3", "text": 7}\n', r"queries\.jsonl:1: expected"),
        ("q1\td1\t1\n", '"text"\n', r"queries\.jsonl:1: expected"),
        ("q1\td1\t1\n", QUERIES + '{"_id": "q1", "text": "x"}', r":3: query 'q1' is there twice"),
    ],
)
def test_faults_name_file_and_line(
    tmp_path: Path, judgments: str, queries: str, message: str
) -> None:
    """What is malformed is named with its place and what was expected."""
    with pytest.raises(SourceError, match=message):
        read_judgments(folder(tmp_path, judgments, queries))


def test_missing_files(tmp_path: Path) -> None:
    """A folder without the split is no BEIR folder."""
    with pytest.raises(SourceError, match=r"test\.tsv: No such file .* expected a BEIR folder"):
        read_judgments(tmp_path)
    with pytest.raises(SourceError, match=r"queries\.jsonl: No such file"):
        read_queries(tmp_path)


def test_files_that_are_not_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are named with their place."""
    path = folder(tmp_path, "q1\td1\t1\n")
    (path / "queries.jsonl").write_bytes(b'\n{"_id": "q1", "text": "\xff"}')
    with pytest.raises(SourceError, match=r"queries\.jsonl:2: not UTF-8: byte 0xff at position 24"):
        read_judgments(path)


def test_what_the_layout_cannot_hold(tmp_path: Path) -> None:
    """Unjudged documents, queries without a grade, and in a table alone the texts."""
    judged = JudgedQueries("x", {"q1": "one"}, {"q1": {"d1": 1, "d2": None}, "q2": {}})
    kinds = [item.kind for item in write_judgments(judged, tmp_path / "new")]
    assert kinds == ["unjudged_left_out", "query_left_out"]
    kinds = [item.kind for item in write_judgments(judged, tmp_path / "new.tsv.gz")]
    assert kinds == ["text_left_out", "unjudged_left_out", "query_left_out"]
    assert read_judgments(tmp_path / "new.tsv.gz").qrels == {"q1": {"d1": 1}}
    for name in ("a\tb", "", "a\nb"):
        with pytest.raises(SourceError, match="cannot stand in a table"):
            write_judgments(JudgedQueries("x", {}, {"q": {name: 1}}), tmp_path / "bad")
    assert not (tmp_path / "bad").exists()
    with pytest.raises(SourceError, match="cannot be made: Not a directory"):
        write_judgments(judged, tmp_path / "new.tsv.gz" / "below")


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=5),
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.dictionaries(
                st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=5),
                st.integers(-5, 10),
                min_size=1,
            ),
        ),
        min_size=1,
    )
)
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, given_list: dict[str, tuple[str, dict[str, int]]]
) -> None:
    """Ids and texts of any kind."""
    path = tmp_path_factory.mktemp("beir") / "new"
    texts = {query_id: text for query_id, (text, _) in given_list.items()}
    qrels = {query_id: dict(grades) for query_id, (_, grades) in given_list.items()}
    assert write_judgments(JudgedQueries("x", texts, qrels), path) == ()
    found = read_judgments(path)
    assert (found.queries, found.qrels, found.findings) == (texts, qrels, ())
