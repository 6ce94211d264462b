"""Lines of plain and packed files, whole and damaged."""

import gzip
import os
from pathlib import Path

import pytest

from tandem.errors import SourceError
from tandem.files import MAXIMUM_LINE_BYTES, LineFault, Lines, check_file


def read_all(path: Path) -> tuple[list[bytes], list[LineFault]]:
    """Every line and every fault of a file."""
    given: list[bytes] = []
    faults: list[LineFault] = []
    with Lines(path) as lines:
        while not (faults and faults[-1].final):
            try:
                given.append(next(lines))
            except StopIteration:
                break
            except LineFault as fault:
                faults.append(fault)
    return given, faults


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is an error with its path."""
    with pytest.raises(SourceError, match=r"gone\.jsonl: cannot be opened: No such file"):
        check_file(tmp_path / "gone.jsonl")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    """A folder in a file's place is an error, not a crash."""
    with pytest.raises(SourceError, match="Is a directory"):
        check_file(tmp_path)


def test_a_pipe_is_refused_untouched(tmp_path: Path) -> None:
    """What is read of it to look at it would be lost; nobody waits for its writer either."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writing = os.open(path, os.O_WRONLY)
    os.write(writing, b"one\n")
    with pytest.raises(SourceError, match="a pipe or a device") as raised:
        check_file(path)
    assert "write it to a file" in raised.value.hint
    assert os.read(reading, 9) == b"one\n"
    os.close(reading)
    os.close(writing)


def test_plain_content_under_a_gzip_name_is_refused(tmp_path: Path) -> None:
    """The name says gzip and the content does not."""
    path = tmp_path / "a.jsonl.gz"
    path.write_text("{}\n")
    with pytest.raises(SourceError, match="its content is not gzip"):
        check_file(path)


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    """A packed file is unpacked whatever its name."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(b"one\ntwo"))
    assert read_all(path) == ([b"one\n", b"two"], [])


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    """Only at the start of the file does it mean nothing."""
    path = tmp_path / "a"
    path.write_bytes(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n")
    assert read_all(path)[0] == [b"one\n", b"\xef\xbb\xbftwo\n"]


def test_a_gzip_cut_short_gives_what_came_before(tmp_path: Path) -> None:
    """Lines before the cut are given, then one final fault counts as the rest."""
    path = tmp_path / "a.gz"
    whole = b"".join(b"%d %s\n" % (n, gzip.compress(b"%d" % n).hex().encode()) for n in range(2000))
    packed = gzip.compress(whole)
    path.write_bytes(packed[: len(packed) // 2])
    given, faults = read_all(path)
    assert 500 < len(given) < 2000
    assert given == whole.splitlines(keepends=True)[: len(given)]
    assert [fault.final for fault in faults] == [True]
    assert "rest of the file cannot be read" in faults[0].reason


def test_a_gzip_with_a_wrong_checksum_is_reported(tmp_path: Path) -> None:
    """Altered content does not pass in silence."""
    path = tmp_path / "a.gz"
    packed = bytearray(gzip.compress(b"one\ntwo\n"))
    packed[-8] ^= 0xFF
    path.write_bytes(packed)
    _, faults = read_all(path)
    assert "CRC" in faults[0].reason


@pytest.mark.parametrize("packed", [False, True])
def test_an_endless_line_is_passed_over(tmp_path: Path, packed: bool) -> None:
    """A line above the limit is one fault; its neighbours and the numbers stay right."""
    content = b"a\n" + b"x" * (MAXIMUM_LINE_BYTES + 5) + b"\nb\n"
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    with Lines(path) as lines:
        assert next(lines) == b"a\n"
        with pytest.raises(LineFault, match="longer than 16 MiB") as caught:
            next(lines)
        assert (lines.number, caught.value.final) == (2, False)
        assert len(caught.value.start) < 2_000
        assert next(lines) == b"b\n"
        assert lines.number == 3


def test_a_line_of_exactly_the_limit_is_given(tmp_path: Path) -> None:
    """The limit itself is allowed, with its line end on top."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * MAXIMUM_LINE_BYTES + b"\n" + b"y" * MAXIMUM_LINE_BYTES)
    given, faults = read_all(path)
    assert [len(line) for line in given] == [MAXIMUM_LINE_BYTES + 1, MAXIMUM_LINE_BYTES]
    assert faults == []


@pytest.mark.parametrize("packed", [False, True])
def test_the_share_read_rises_to_one(tmp_path: Path, packed: bool) -> None:
    """Progress grows with the lines and stays known after the end."""
    content = b"".join(b"%d\n" % (n * 7919) for n in range(500_000))
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    with Lines(path) as lines:
        shares = [lines.share_read() for _ in lines]
    assert shares == sorted(shares)
    assert 0.3 < shares[len(shares) // 2] < 0.7
    assert lines.share_read() == 1.0


def test_an_empty_file_is_read_to_its_end(tmp_path: Path) -> None:
    """No bytes are no lines, and all of them have been read."""
    path = tmp_path / "a"
    path.touch()
    with Lines(path) as lines:
        assert list(lines) == []
    assert lines.share_read() == 1.0
