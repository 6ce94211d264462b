"""The rejects file."""

from pathlib import Path

import orjson
import pytest

from indexer.rejects import MAXIMUM_REASONS, OTHER_REASONS, PARTIAL, RejectsFile
from indexer.sources.records import Place
from indexer.validation import Rejection
from tandem.errors import InputError


def rejection(line: int, reason: str = "expected a whole number, found str 'x'") -> Rejection:
    """A rejection at this line."""
    return Rejection(Place("a.jsonl", line), "year", reason, "x")


def earlier(path: Path, lines: int = 1) -> bytes:
    """What an earlier run left there."""
    with RejectsFile(path) as rejects:
        for number in range(1, lines + 1):
            rejects.write(rejection(number, "earlier"))
    return path.read_bytes()


def test_a_place_that_cannot_be_replaced_is_an_input_error(tmp_path: Path) -> None:
    """A folder where the file should be is named before any work starts."""
    with (
        pytest.raises(InputError, match="rejects cannot be replaced: not a file"),
        RejectsFile(tmp_path),
    ):
        pass


@pytest.mark.parametrize("name", ["rejects.jsonl", f"rejects.jsonl{PARTIAL}"])
@pytest.mark.parametrize(
    "content",
    ["notes to keep\n", '{"id": "1", "title": "a"}\n', "[]\n", "\n", "\x00", '{"file": "a"}'],
)
def test_what_is_no_rejects_file_is_refused_and_kept(
    tmp_path: Path, name: str, content: str
) -> None:
    """Somebody's own file under either of the names is named and stays as it was."""
    (tmp_path / name).write_text(content)
    with (
        pytest.raises(InputError, match=f"{name}: holds something else than rejects") as caught,
        RejectsFile(tmp_path / "rejects.jsonl"),
    ):
        pass
    assert "--rejects" in caught.value.hint
    assert (tmp_path / name).read_text() == content


@pytest.mark.parametrize("name", ["rejects.jsonl", f"rejects.jsonl{PARTIAL}"])
def test_a_source_is_never_replaced(tmp_path: Path, name: str) -> None:
    """Not even one that looks like rejects, and not under another name of the same file."""
    content = earlier(tmp_path / "source.jsonl")
    (tmp_path / name).hardlink_to(tmp_path / "source.jsonl")
    with (
        pytest.raises(InputError, match="would overwrite the source"),
        RejectsFile(tmp_path / "rejects.jsonl", [tmp_path / "source.jsonl"]),
    ):
        pass
    assert (tmp_path / "source.jsonl").read_bytes() == content


def test_links_in_a_circle_are_an_input_error(tmp_path: Path) -> None:
    """Such a place cannot be resolved, and no traceback comes of it."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for path in (tmp_path / "a", tmp_path / "a" / "rejects.jsonl"):
        with pytest.raises(InputError, match="rejects cannot be replaced"), RejectsFile(path):
            pass


def test_a_place_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    """A path below a file is named, at the latest when the first rejection comes."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"rejects cannot be (replaced|written)"),
        RejectsFile(tmp_path / "file" / "rejects.jsonl") as rejects,
    ):
        rejects.write(rejection(1))


def test_no_rejection_leaves_no_file(tmp_path: Path) -> None:
    """A clean run leaves nothing, not even an earlier run's file."""
    path = tmp_path / "rejects.jsonl"
    earlier(path)
    with RejectsFile(path) as rejects:
        assert (rejects.total, rejects.counts, rejects.first) == (0, {}, None)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_file_is_replaced_at_the_end(tmp_path: Path) -> None:
    """It stays until the new one is whole; an empty file, as mktemp makes it, is replaced too."""
    path = tmp_path / "rejects.jsonl"
    path.touch()
    content = earlier(path, lines=3)
    with RejectsFile(path) as rejects:
        rejects.write(rejection(7))
        assert path.read_bytes() == content
    assert [orjson.loads(line)["line"] for line in path.read_bytes().splitlines()] == [7]
    assert list(tmp_path.iterdir()) == [path]


def interrupted_after(rejects: RejectsFile, written: Rejection) -> None:
    """A run that ends by Ctrl-C."""
    rejects.write(written)
    raise KeyboardInterrupt


def test_a_run_that_fails_leaves_its_rejections(tmp_path: Path) -> None:
    """With some they are in the file; without any the earlier file stays."""
    path = tmp_path / "rejects.jsonl"
    content = earlier(path)
    with pytest.raises(KeyboardInterrupt), RejectsFile(path):
        raise KeyboardInterrupt
    assert path.read_bytes() == content
    with pytest.raises(KeyboardInterrupt), RejectsFile(path) as rejects:
        interrupted_after(rejects, rejection(8))
    assert [orjson.loads(line)["line"] for line in path.read_bytes().splitlines()] == [8]


def test_what_came_in_between_is_kept(tmp_path: Path) -> None:
    """A file written by somebody during the run stays, and the rejections beside it."""
    path = tmp_path / "rejects.jsonl"
    rejects = RejectsFile(path).__enter__()
    rejects.write(rejection(1))
    path.write_text("mine\n")
    with pytest.raises(InputError, match="holds something else"):
        rejects.__exit__(None, None, None)
    assert path.read_text() == "mine\n"
    assert path.with_name(path.name + PARTIAL).read_bytes().count(b"\n") == 1


def test_every_rejection_is_a_line_with_all_its_parts(tmp_path: Path) -> None:
    """File, line, field, reason and excerpt, even where the file's name is not UTF-8."""
    path = tmp_path / "deep" / "rejects.jsonl"
    with RejectsFile(path) as rejects:
        rejects.write(rejection(17))
        rejects.write(Rejection(Place("b\udcff.parquet", 3, "row"), "id", "is blank", "é\n"))
    first, second = map(orjson.loads, path.read_bytes().splitlines())
    assert first == {
        "file": "a.jsonl",
        "line": 17,
        "field": "year",
        "reason": "expected a whole number, found str 'x'",
        "excerpt": "x",
    }
    assert (second["file"], second["line"], second["excerpt"]) == ("b\\udcff.parquet", 3, "é\n")


def test_lines_are_on_disk_before_the_run_ends(tmp_path: Path) -> None:
    """A crash after a rejection finds it written whole."""
    path = tmp_path / "rejects.jsonl"
    with RejectsFile(path) as rejects:
        for number in range(1, 4):
            rejects.write(rejection(number))
            lines = path.with_name(path.name + PARTIAL).read_bytes().splitlines(keepends=True)
            assert [orjson.loads(line)["line"] for line in lines] == list(range(1, number + 1))
            assert lines[-1].endswith(b"\n")


def test_equal_faults_are_counted_together(tmp_path: Path) -> None:
    """What differs from record to record does not divide the counts."""
    with RejectsFile(tmp_path / "rejects.jsonl") as rejects:
        rejects.write(rejection(1))
        rejects.write(rejection(2, "expected a whole number, found list []"))
        rejects.write(rejection(3, "duplicate id, first seen at a.jsonl:1"))
        rejects.write(rejection(4, "not JSON: unexpected end of data at column 9"))
    assert rejects.total == 4
    assert rejects.counts == {
        "year: expected a whole number": 2,
        "year: duplicate id": 1,
        "year: not JSON": 1,
    }


def test_the_counts_stay_small(tmp_path: Path) -> None:
    """Endless kinds of reasons do not fill the memory, and none is lost from the sum."""
    with RejectsFile(tmp_path / "rejects.jsonl") as rejects:
        for number in range(2 * MAXIMUM_REASONS):
            rejects.write(rejection(number, f"reason {number}"))
    assert len(rejects.counts) == MAXIMUM_REASONS + 1
    assert rejects.counts[OTHER_REASONS] == MAXIMUM_REASONS
    assert rejects.counts.total() == rejects.total
