"""The file of a run: written, killed, gone on with, and refused."""

from pathlib import Path

import pytest

from relevance_eval.formats.registry import read_run
from relevance_eval.run_record import Answer, RunFile, about, is_record, read_header, read_record
from tandem.errors import InputError, SourceError
from tandem.rankings import Degradation, Ranking

ABOUT = {"name": "hybrid", "release": 3, "settings": {"depth": 100}, "started_at": "then"}


def answer(query_id: str, *degraded: Degradation) -> Answer:
    """Two documents, of which one leg found one."""
    page = Ranking.from_scores("hybrid", [("b", 0.5), ("a", 1.5)])
    lists = {"lexical": Ranking.from_scores("lexical", [("a", 7.25)])}
    return Answer(query_id, page, lists, {"total": 1.23456}, degraded)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A run of two queries."""
    with RunFile(tmp_path / "runs" / "hybrid.jsonl", ABOUT) as file:
        assert not file.answered
        file.write(answer("q1"))
        file.write(answer("q2"))
    return file.path


def test_what_is_written_is_read(path: Path) -> None:
    """Header, hits in order, each stage's list, times."""
    record = read_record(path)
    assert record.about == ABOUT
    assert read_header(path) == ABOUT
    assert list(record.run) == ["q1", "q2"]
    assert [(hit.document_id, hit.rank, hit.score) for hit in record.run["q1"].hits] == [
        ("a", 1, 1.5),
        ("b", 2, 0.5),
    ]
    assert record.lists["lexical"]["q2"].scores() == {"a": 7.25}
    assert record.milliseconds["q1"] == {"total": 1.235}
    assert record.degraded == {}


def test_it_is_a_run_of_the_jsonl_format(path: Path) -> None:
    """Whoever reads runs of any format reads it."""
    assert {name: page.document_ids for name, page in read_run(path).run.items()} == {
        "q1": ("a", "b"),
        "q2": ("a", "b"),
    }
    assert is_record(path)


def test_what_a_run_says_of_itself(path: Path, tmp_path: Path) -> None:
    """One that another program wrote says nothing."""
    assert about(path) == ABOUT
    (tmp_path / "other.run").write_text("q1 Q0 a 1 1.5 other\n")
    assert about(tmp_path / "other.run") == {}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_killed_amid_a_line(path: Path, cut: int) -> None:
    """What is whole stays; the half line goes, and its query is asked again."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert list(read_record(path).run) == ["q1"]
    with RunFile(path, ABOUT | {"started_at": "now"}) as file:
        assert file.answered == {"q1"}
        file.write(answer("q2"))
    assert path.read_bytes() == whole
    assert [child.name for child in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("left", [0, 1, 12, 30])
def test_killed_before_the_header_was_whole(path: Path, left: int) -> None:
    """The run is begun again."""
    path.write_bytes(path.read_bytes()[:left])
    with RunFile(path, ABOUT) as file:
        assert not file.answered
    assert read_record(path).about == ABOUT


def test_incomplete_answers_are_asked_for_again(path: Path) -> None:
    """They are no part of a run that is gone on with, and are told while they stand in it."""
    with RunFile(path, ABOUT) as file:
        file.write(answer("q3", Degradation("vector", "timeout")))
    assert read_record(path).degraded == {"q3": (Degradation("vector", "timeout"),)}
    with RunFile(path, ABOUT) as file:
        assert file.answered == {"q1", "q2"}
        file.write(answer("q3"))
    assert read_record(path).degraded == {}
    assert list(read_record(path).run) == ["q1", "q2", "q3"]


def test_another_run_is_not_gone_on_with(path: Path) -> None:
    """The message says what differs, inner values too, and nothing is changed."""
    before = path.read_bytes()
    other = {"name": "hybrid", "release": 4, "settings": {"depth": 50}, "model": 2}
    with pytest.raises(InputError) as refused:
        RunFile(path, other)
    assert str(refused.value) == (
        f"{path} is the record of another run: release 3 there, 4 now; settings.depth 100 there, "
        "50 now; model null there, 2 now"
    )
    assert "--anew" in refused.value.hint
    assert path.read_bytes() == before


def test_begun_anew(path: Path) -> None:
    """What was there is gone, whatever run it was."""
    with RunFile(path, {"name": "other"}, anew=True) as file:
        assert not file.answered
    assert read_record(path).about == {"name": "other"}


@pytest.mark.parametrize("content", ["hello", "hello\n", '{"format":"other"}\n', "[]\n", "\n"])
@pytest.mark.parametrize("anew", [False, True])
def test_another_file_is_left_alone(tmp_path: Path, content: str, anew: bool) -> None:
    """Neither gone on with nor written over."""
    path = tmp_path / "notes.jsonl"
    path.write_text(content)
    with pytest.raises(SourceError, match=r"notes.jsonl:1: not the record of a run"):
        RunFile(path, ABOUT, anew=anew)
    assert path.read_text() == content
    assert not is_record(path)


REST = '"lists":{},"milliseconds":{},"degraded":[]}'
BROKEN = [
    "{",
    "[]",
    "7",
    '{"query_id":"q2","hits":[]}',
    '{"query_id":2,"hits":[],' + REST,
    '{"query_id":"q2","hits":[{"document_id":1,"score":1}],' + REST,
    '{"query_id":"q2","hits":[{"document_id":"a","score":null}],' + REST,
    '{"query_id":"q2","hits":[],' + REST.replace("[]", '["vector"]'),
]


@pytest.mark.parametrize("line", BROKEN)
def test_a_broken_line_is_told(path: Path, line: str) -> None:
    """With its number; nothing of the run is thrown away for it."""
    path.write_text("\n".join([*path.read_text().splitlines()[:2], line]) + "\n")
    before = path.read_bytes()
    for look in (read_record, lambda name: RunFile(name, ABOUT)):
        with pytest.raises(SourceError, match=r"hybrid.jsonl:3: not a query's answer"):
            look(path)
    assert path.read_bytes() == before


def test_a_query_twice_is_told(path: Path) -> None:
    """Somebody has put two runs together."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[1]]))
    with pytest.raises(SourceError, match=r"hybrid.jsonl:4: query 'q1' was answered before"):
        read_record(path)


def test_where_nothing_can_be_read_or_written(tmp_path: Path) -> None:
    """A folder, and what is not there."""
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        RunFile(tmp_path, ABOUT)
    for look in (read_record, read_header, is_record):
        with pytest.raises(SourceError, match=r"missing.jsonl cannot be read: No such file"):
            look(tmp_path / "missing.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match=r"run.jsonl cannot be (read|written): Not a directory"):
        RunFile(tmp_path / "file" / "run.jsonl", ABOUT).__enter__()


def test_one_writes_at_a_time(path: Path) -> None:
    """Two would mix their lines, and one that began anew would empty the other's file."""
    with RunFile(path, ABOUT) as file:
        file.write(answer("q9"))
        for anew in (False, True):
            with pytest.raises(InputError, match="is being written by another process"):
                RunFile(path, ABOUT, anew=anew).__enter__()
        with path.open("ab") as cut:
            cut.write(b"{")  # an answer on its way
        with pytest.raises(InputError, match="is being written by another process"):
            RunFile(path, ABOUT)
    assert "q9" in RunFile(path, ABOUT).answered
