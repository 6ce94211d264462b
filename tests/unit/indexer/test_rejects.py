"""The rejects file."""

from pathlib import Path

import orjson
import pytest

from indexer.rejects import MAXIMUM_REASONS, OTHER_REASONS, RejectsFile
from indexer.sources.records import Place
from indexer.validation import Rejection
from tandem.errors import InputError


def rejection(line: int, reason: str = "expected a whole number, found str 'x'") -> Rejection:
    """A rejection at this line."""
    return Rejection(Place("a.jsonl", line), "year", reason, "x")


def test_a_place_that_cannot_be_replaced_is_an_input_error(tmp_path: Path) -> None:
    """A folder where the file should be is named before any work starts."""
    with (
        pytest.raises(InputError, match="rejects cannot be replaced"),
        RejectsFile(tmp_path),
    ):
        pass


def test_a_place_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    """A path below a file is named when the first rejection comes."""
    (tmp_path / "file").touch()
    with RejectsFile(tmp_path / "new") as rejects:
        rejects.path = tmp_path / "file" / "rejects.jsonl"
        with pytest.raises(InputError, match="rejects cannot be written"):
            rejects.write(rejection(1))


def test_no_rejection_leaves_no_file(tmp_path: Path) -> None:
    """A clean run leaves nothing, not even an earlier run's file."""
    path = tmp_path / "rejects.jsonl"
    path.write_text("old\n")
    with RejectsFile(path) as rejects:
        assert (rejects.total, rejects.counts) == (0, {})
    assert not path.exists()


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
            lines = path.read_bytes().splitlines(keepends=True)
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
