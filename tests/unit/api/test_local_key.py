"""The key that lies in the data folder."""

import stat
from pathlib import Path

import pytest

from api.local_key import FILE, find_local_key, make_local_key
from tandem.errors import SettingsError


def test_its_owner_alone_can_read_it(tmp_path: Path) -> None:
    """Whatever lay there before; a fresh one each time."""
    (tmp_path / FILE).write_text("old")
    (tmp_path / FILE).chmod(0o644)
    first = make_local_key(tmp_path)
    assert len(first) >= 43
    assert find_local_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert make_local_key(tmp_path) != first
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_there_may_be_none(tmp_path: Path) -> None:
    """Nor a folder."""
    assert find_local_key(tmp_path) is None
    with pytest.raises(SettingsError, match=r"owner\.key cannot be written"):
        make_local_key(tmp_path / "nowhere")
