"""``tandem users erase``: what is told, and what is refused."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.commands.users import run
from api.console import FOUND
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.errors import CollectionNotFound, FieldError
from tandem.events import ERASED, Event
from tandem.schema import Schema

Captured = pytest.CaptureFixture[str]
AT = datetime(2026, 11, 26, tzinfo=UTC)


def opened(folder: Path) -> Catalog:
    """Its catalogue."""
    return Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "embeddings.sqlite"))


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process has shown anything."""
    monkeypatch.setattr("api.erasing.SETTLED_SECONDS", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a collection, and two deeds of ``eve``."""
    catalog = opened(tmp_path)
    made = catalog.releases.create_generation(
        "main", Schema(), analysis="a", embedder="e", dimension=2, passage_tokens=128
    )
    catalog.releases.promote("main", made.number, parent=None)
    catalog.events.append("main", "s", [Event(name, "click", AT, "d", "eve") for name in "ab"])
    catalog.close()
    return tmp_path


def erase(folder: Path, user_id: str, **given: Any) -> int:
    """Run the command there."""
    asked: dict[str, Any] = {"collection": None, "config": None, "as_json": False}
    return run(user_id, data_dir=folder, **asked | given)


def test_somebody_is_erased(folder: Path, capsys: Captured) -> None:
    """How much it was, and what is beyond reach; again there is nothing left."""
    assert erase(folder, "eve") == FOUND
    said = capsys.readouterr()
    assert said.out.startswith("erased eve from main: 2 events and 0 impressions are nobody's now")
    assert "backups that were made before" in said.err
    catalog = opened(folder)
    assert all(
        str(row.what.user_id).startswith(ERASED) for row in catalog.events.events("main", 0, 9).rows
    )
    catalog.close()
    assert erase(folder, "eve", as_json=True) == FOUND
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["events"], found["collection"]) == ("done", 0, "main")


def test_what_is_refused(folder: Path, tmp_path: Path) -> None:
    """No id, no such collection, no data folder."""
    with pytest.raises(FieldError, match="user_id: is blank"):
        erase(folder, " ")
    with pytest.raises(CollectionNotFound, match="no collection 'other'"):
        erase(folder, "eve", collection="other")
    with pytest.raises(CollectionNotFound, match="no data folder"):
        erase(tmp_path / "nowhere", "eve")
    with closing(opened(folder)) as catalog:
        assert catalog.events.erasures.of("main") == []
