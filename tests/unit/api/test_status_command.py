"""When `tandem status` leaves with 1, and what it prints of engines and holders."""

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.commands.status import run
from api.console import FOUND, PROBLEM
from api.engines import lexical_store
from api.erasing import erase
from tandem.catalog.catalog import Catalog
from tandem.features import FeatureMatrix
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
        store = lexical_store(*arguments)
        monkeypatch.setattr(store, "health", lambda: EngineHealth("fake", "3", state, "so"))
        return store

    monkeypatch.setattr("api.commands.status.lexical_store", told)
    assert run(data_dir=folder) == code
    out = capsys.readouterr().out
    assert f"lexical   fake 3, {state}: so" in out
    assert "catalogue sqlite " in out
    assert str(folder / "documents.sqlite") in out


def test_what_is_kept_is_counted(folder: Path, capsys: Captured) -> None:
    """Events, impressions, each index's documents, and the room of what may be forgotten."""
    assert run(data_dir=folder) == FOUND
    out = capsys.readouterr().out
    assert "  event log ok, 0.0 MB\n" in out
    assert re.search(r"  embedding cache \d+\.\d MB\n", out)
    assert "  behaviour 0 events, 0 impressions\n" in out
    assert out.count("current, 20 documents up to sequence 20, ") == 2
    assert not (folder / "events.sqlite").exists()


def test_features_that_are_kept_are_told(folder: Path, capsys: Captured) -> None:
    """Of how many pages, and how large they are: they are what grows fastest."""
    url = f"sqlite:///{folder / 'documents.sqlite'}"
    catalog = Catalog(url, f"sqlite:///{folder / 'embeddings.sqlite'}")
    matrix = FeatureMatrix(("a",), ("d",), np.zeros((1, 1), dtype=np.float32))
    catalog.events.features.keep("main", [("q", matrix), ("r", matrix)])
    catalog.close()
    assert run(data_dir=folder) == FOUND
    said = "  behaviour 0 events, 0 impressions, features of 2 (0.0 MB)\n"
    assert said in capsys.readouterr().out
    assert run(data_dir=folder, as_json=True) == FOUND
    told = json.loads(capsys.readouterr().out)["collections"][0]
    assert (told["features"], told["feature_bytes"]) == (2, 2 * len('["d"]qaaaa'))


def test_who_is_erased_is_counted(folder: Path, capsys: Captured) -> None:
    """And who is not yet, to the end."""
    url = f"sqlite:///{folder / 'documents.sqlite'}"
    with closing(Catalog(url, f"sqlite:///{folder / 'embeddings.sqlite'}")) as catalog:
        erase(catalog, "main", "u")
        catalog.events.erasures.ask("main", "v")
    assert run(data_dir=folder) == FOUND
    assert "  erased    1 people, 1 being erased\n" in capsys.readouterr().out
    assert run(data_dir=folder, as_json=True) == FOUND
    told = json.loads(capsys.readouterr().out)["collections"][0]
    assert (told["erased"], told["erasing"]) == (1, 1)


def test_a_damaged_event_log_leaves_with_1(folder: Path, capsys: Captured) -> None:
    """It is named, and everything else is shown."""
    (folder / "events.sqlite").write_bytes(b"noise" * 2_000)
    assert run(data_dir=folder) == PROBLEM
    out = capsys.readouterr().out
    assert "  event log unusable: the event log " in out
    assert "main: 20 documents" in out
    assert "behaviour" not in out
    assert run(data_dir=folder, as_json=True) == PROBLEM
    data = json.loads(capsys.readouterr().out)
    assert data["event_log"]["state"] == "unusable"
    assert data["collections"][0]["events"] is None
