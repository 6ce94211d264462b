"""Quepid's ratings, well-formed and not."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.formats.quepid import read_judgments, write_judgments
from tandem.errors import SourceError


def given_file(tmp_path: Path, content: str | bytes) -> Path:
    """A file of that content."""
    path = tmp_path / "ratings.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_reading(tmp_path: Path) -> None:
    """A query is named by its text; no rating means no grade, no document nothing."""
    rows = 'wing,d1,3\r\n"wing, swept",d 2,\n\nwing,d2,0\nnothing,,\nwing,d3,2.0\n'
    found = read_judgments(given_file(tmp_path, "query,docid,rating\r\n" + rows))
    assert found.qrels == {
        "wing": {"d1": 3, "d2": 0, "d3": 2},
        "wing, swept": {"d 2": None},
        "nothing": {},
    }
    assert found.queries == {text: text for text in found.qrels}
    assert [(item.kind, item.count) for item in found.findings] == [("query_without_grade", 2)]


def test_other_columns(tmp_path: Path) -> None:
    """Columns in any order and spelling; what they are not is told."""
    path = given_file(tmp_path, "Team,Doc ID,Query Text,Rating\nus,d1,wing,1\n")
    found = read_judgments(path)
    assert found.qrels == {"wing": {"d1": 1}}
    assert [(item.kind, item.examples) for item in found.findings] == [
        ("column_passed_over", ("Team",))
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: 0 columns named query, expected a heading with the columns query, docid"),
        (b"query,docid\nwing,d1\n", ":1: 0 columns named rating"),
        (b"query;docid;rating\nwing;d1;1\n", ":1: 0 columns named query"),
        (b"query,query,docid,rating\n", ":1: 2 columns named query"),
        (b"query,docid,rating\n", "no judgments in it"),
        (b"query,docid,rating\nwing,d1\n", ":2: expected 3 columns as in the heading, found 2"),
        (b"query,docid,rating\nwing, swept,d1,1\n", ":2: expected 3 columns .* found 4"),
        (b"query,docid,rating\nwing,d1,good\n", ":2: rating 'good', expected a whole number"),
        (b"query,docid,rating\nwing,d1,0.5\n", ":2: rating '0.5'"),
        (b"query,docid,rating\nwing,d1,NaN\n", ":2: rating 'NaN'"),
        (b"query,docid,rating\n,d1,1\n", ":2: expected a query and a docid, one of them is empty"),
        (b"query,docid,rating\nwing,,1\n", ":2: expected a query and a docid"),
        (b'query,docid,rating\n"a\nb",d1,1\n"wing,d1,1\n', ":4: a quote that begins in this row"),
        (b'query,docid,rating\n"wing"x,d1,1\n', ":2: not CSV"),
        (b"query,docid,rating\nw,d1,1\nwing\xe9,d1,1\n", ":3: not UTF-8: byte 0xe9"),
        (b"query,docid,rating\nw,d1,1\nw,d1,2\n", ":3: .* is graded 2, and 1 at line 2"),
    ],
)
def test_malformed(tmp_path: Path, content: bytes, message: str) -> None:
    """File, line, what is there and what was expected."""
    with pytest.raises(SourceError, match=message):
        read_judgments(given_file(tmp_path, content))


def test_what_becomes_of_ids(tmp_path: Path) -> None:
    """The text stands for the id, which is told; two queries of one text would become one."""
    path = tmp_path / "ratings.csv"
    judged = JudgedQueries("x", {"q1": "wing"}, {"q1": {"d1": None}, "lift": {}})
    (finding,) = write_judgments(judged, path)
    assert (finding.kind, finding.examples) == ("id_left_out", ("'q1'",))
    assert path.read_text() == "query,docid,rating\nwing,d1,\nlift,,\n"
    twice = JudgedQueries("x", {"q1": "wing", "q2": "wing "}, {"q1": {"d1": 1}, "q2": {"d1": 2}})
    with pytest.raises(SourceError, match="queries 'q1' and 'q2' have the same text"):
        write_judgments(twice, tmp_path / "other.csv")
    assert list(tmp_path.iterdir()) == [path]


texts = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=9).map(str.strip)
values = st.one_of(st.none(), st.integers(-5, 10))


@settings(max_examples=40)
@given(
    st.dictionaries(
        texts.filter(bool), st.dictionaries(texts.filter(bool), values), min_size=1, max_size=5
    )
)
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, qrels: dict[str, dict[str, int | None]]
) -> None:
    """Texts with quotes and commas, unjudged documents, queries without any."""
    path = tmp_path_factory.mktemp("quepid") / "ratings.csv"
    assert write_judgments(JudgedQueries("x", {}, qrels), path) == ()
    assert read_judgments(path).qrels == qrels
