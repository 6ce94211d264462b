"""What is imported, as training sees it: each query knows what had happened before it."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.events_import import Imported, Importer
from indexer.rejects import RejectsFile
from rerank.training.sweep import sweep, wanted_of
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.events import Event
from tandem.schema import Schema

AT = datetime(2026, 11, 26, tzinfo=UTC)
LIKED: dict[str, Any] = {"timestamp": 100, "user_id": "u", "document_id": "a", "rating": 5}
ASKED: dict[str, Any] = {
    "user_query": "x",
    "query_id": "q",
    "user_id": "u",
    "timestamp": "1970-01-01T00:03:20Z",
    "query_response_hit_ids": ["a", "b"],
}
CLICKED = LIKED | {"timestamp": 210, "rating": None, "action": "click", "query_id": "q"}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """One without documents."""
    documents, embeddings = tmp_path / "documents.sqlite", tmp_path / "embeddings.sqlite"
    with closing(Catalog(file_url(documents), file_url(embeddings))) as opened:
        yield opened


def imported(catalog: Catalog, folder: Path, *lines: dict[str, Any]) -> Imported:
    """The lines, imported as one file."""
    file = folder / "lines.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    rejected = RejectsFile(folder / "rejects.jsonl")
    done = Importer(catalog, "main", 1, lambda _, __: None).run([file], rejected, dry=False)
    assert rejected.total == 0
    return done


def known(catalog: Catalog, query_id: str = "q") -> list[tuple[str, float | None]]:
    """What the person had done when a query was asked: actions with their values."""
    pages = catalog.events.impressions_of("main", [query_id])
    ((_, scene),) = sweep(catalog.events.behaviour("main"), wanted_of(pages, Schema()))
    assert scene.person is not None
    return [(deed.action, deed.value) for deed in scene.person.deeds]


def test_a_query_knows_what_had_happened(catalog: Catalog, tmp_path: Path) -> None:
    """Wherever it stands in the file; nothing of what it led to."""
    imported(catalog, tmp_path, CLICKED, ASKED, LIKED)
    assert known(catalog) == [("rating", 5.0)]


def test_again_beside_what_was_there(catalog: Catalog, tmp_path: Path) -> None:
    """What comes again moves no position; what the log had before counts as before."""
    catalog.events.append("main", "http", [Event("own", "click", AT, "b", "u")])
    imported(catalog, tmp_path, LIKED)
    imported(catalog, tmp_path, LIKED, ASKED, CLICKED)
    assert known(catalog) == [("click", None), ("rating", 5.0)]


@pytest.mark.parametrize("batch", [1, 1_000])
def test_a_click_before_its_query(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """By a clock that is behind: the query does not know its own answer."""
    monkeypatch.setattr("api.events_import.BATCH", batch)
    imported(catalog, tmp_path, LIKED)
    done = imported(catalog, tmp_path, CLICKED | {"timestamp": 190}, ASKED)
    assert known(catalog) == [("rating", 5.0)]
    assert not done.queries
