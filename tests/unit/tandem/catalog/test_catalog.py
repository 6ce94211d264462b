"""What of a catalogue is opened when, and how often."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tandem.catalog import catalog as module
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.errors import CatalogError


@pytest.mark.parametrize("name", ["events", "embeddings", "frozen"])
def test_many_ask_and_one_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A second engine would be closed by nobody."""
    opener = {
        "events": "open_log",
        "embeddings": "DatabaseEmbeddingCache",
        "frozen": "FrozenRankings",
    }[name]
    actual = getattr(module, opener)
    calls: list[int] = []
    again = threading.Event()

    def open_slowly(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            again.set()
        again.wait(0.1)
        return actual(*arguments)

    monkeypatch.setattr(module, opener, open_slowly)
    catalog = Catalog(file_url(tmp_path / "documents.sqlite"), file_url(tmp_path / "e.sqlite"))
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(getattr(catalog, name))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    catalog.close()
    assert len(calls) == 1
    assert found == [found[0]] * 4


def test_what_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    """The event log may be mended while searches go on."""
    catalog = Catalog(file_url(tmp_path / "documents.sqlite"), file_url(tmp_path / "e.sqlite"))
    (tmp_path / "events.sqlite").write_bytes(b"noise" * 2_000)
    for _ in range(2):
        with pytest.raises(CatalogError, match="event log"):
            catalog.events.head()
    (tmp_path / "events.sqlite").unlink()
    assert catalog.events.head() == 0
    catalog.close()
