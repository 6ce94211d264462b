"""Files are written whole, and a changed one is noticed."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tandem.embedding.files import Fingerprint, write_whole


def test_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    """Of many writers one wins, and nothing is left over."""
    target = tmp_path / "new" / "file"
    contents = [bytes([n]) * 100_000 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_whole(target, content), contents))
    assert target.read_bytes() in contents
    assert list(target.parent.iterdir()) == [target]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """What cannot be written changes nothing."""
    target = tmp_path / "folder"
    (target / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        write_whole(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_fingerprint_notices_change(tmp_path: Path) -> None:
    """Another size or content does not fit; another time alone does."""
    file = tmp_path / "file"
    file.write_bytes(b"one")
    fingerprint = Fingerprint.of(file)
    assert fingerprint.fits(file)
    os.utime(file, ns=(5, 5))
    assert fingerprint.fits(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(6, 6))
    assert not fingerprint.fits(file)
    file.write_bytes(b"longer")
    assert not fingerprint.fits(file)
    file.unlink()
    assert not fingerprint.fits(file)
