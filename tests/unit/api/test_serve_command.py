"""``tandem serve``: what it is started with."""

from pathlib import Path

import pytest

from api.commands.options import settings
from tandem.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"port": 65_536}, "setting 'server.port': "),
        ({"port": -1}, "setting 'server.port': "),
        ({"host": ""}, "setting 'server.host': "),
    ],
)
def test_where_nobody_can_listen(tmp_path: Path, given: dict[str, object], said: str) -> None:
    """Options are checked as settings are, before anything is opened."""
    with pytest.raises(SettingsError, match=said):
        settings(None, tmp_path, None, given)


def test_options_go_before_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one: an option that is not given leaves the setting as it is. By default nobody on
    another machine is listened to.
    """
    usual = settings(None, tmp_path, None, {"host": None, "port": None}).server
    assert (usual.host, usual.port) == ("127.0.0.1", 8765)
    file = tmp_path / "tandem.toml"
    file.write_text('[server]\nhost = "0.0.0.0"\nport = 1\n')
    monkeypatch.setenv("TANDEM_SERVER__PORT", "2")
    assert settings(file, None, None).server.port == 2
    chosen = settings(file, None, None, {"host": None, "port": 3}).server
    assert (chosen.host, chosen.port) == ("0.0.0.0", 3)
