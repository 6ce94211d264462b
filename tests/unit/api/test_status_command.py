"""When `tandem status` leaves with 1, and what it prints of engines and holders."""

from pathlib import Path
from typing import Any

import pytest

from api import engines
from api.commands import status
from api.console import FOUND, PROBLEM
from tandem.stores import EngineHealth
from tests.owned_house import at_work, owned, settings_in

pytestmark = pytest.mark.usefixtures("models")
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder whose indexes are current."""
    with owned(settings_in(tmp_path)) as house, at_work(house):
        while house.collection("main").live.applied() < 20:
            pass
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("state", "code"),
    [("ok", FOUND), ("degraded", FOUND), ("unusable", PROBLEM), ("unreachable", PROBLEM)],
)
def test_an_engine_that_cannot_be_used_leaves_with_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, state: str, code: int
) -> None:
    """A yellow cluster works, a red one does not."""

    def told(*arguments: Any) -> Any:
        store = engines.lexical_store(*arguments)
        monkeypatch.setattr(store, "health", lambda: EngineHealth("fake", "3", state, "so"))
        return store

    monkeypatch.setattr("api.commands.status.lexical_store", told)
    assert status.run(data_dir=folder) == code
    out = capsys.readouterr().out
    assert f"lexical   fake 3, {state}: so" in out
    assert "catalogue sqlite " in out
    assert str(folder / "documents.sqlite") in out
