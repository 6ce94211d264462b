"""Qdrant Edge's folders: those of earlier versions, and what a store says of them."""

import shutil
from pathlib import Path

import pytest
import qdrant_edge as edge

from tandem.engines.folders import IndexFolders
from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.engines.qdrant_points import VECTOR
from tandem.errors import EngineUnavailable
from tests.builders import document, random_rows, schema_of, upserts

SCHEMA = schema_of(genre="keyword")


def without_indexes(root: Path, name: str) -> None:
    """A folder as an earlier version left it: no payload index of ``sequence``, and no other."""
    folder = IndexFolders(root).create(name, "1")
    vector = edge.EdgeVectorParams(size=4, distance=edge.Distance.Cosine)
    shard = edge.EdgeShard.create(str(folder), edge.EdgeConfig(vectors={VECTOR: vector}))
    shard.flush()
    shard.close()


def test_a_folder_without_the_index_of_sequences_still_answers(tmp_path: Path) -> None:
    """Ranges, single documents, and the look for newer changes."""
    without_indexes(tmp_path, "a")
    index = QdrantEdgeStore(tmp_path).open("a", SCHEMA, 4)
    names = [f"d{number}" for number in range(8)]
    passages = {name: random_rows(at, 200, 4) for at, name in enumerate(names)}
    index.apply(upserts([document(name) for name in names], 5), passages)
    assert sorted(tuple(row) for row in index.versions(7, 9)) == [
        ("d2", 7, 200, 200), ("d3", 8, 200, 200), ("d4", 9, 200, 200)
    ]  # fmt: skip
    assert [tuple(row) for row in index.versions_of(["d7"])] == [("d7", 12, 200, 200)]
    index.apply(upserts([document("d7")], 3), {"d7": random_rows(1, 1, 4)})
    assert [tuple(row) for row in index.versions_of(["d7"])] == [("d7", 12, 200, 200)]
    index.close()


def test_what_an_index_takes_on_disk(tmp_path: Path) -> None:
    """It grows with what is written; without its identity there is no index."""
    store = QdrantEdgeStore(tmp_path)
    index = store.create("a", "1", SCHEMA, 384)
    empty = store.bytes_on_disk("a")
    names = [f"d{number}" for number in range(20)]
    index.apply(
        upserts(document(name) for name in names),
        {name: random_rows(at, 100, 384) for at, name in enumerate(names)},
    )
    index.close()
    full = store.bytes_on_disk("a")
    assert empty is not None
    assert full is not None
    assert full - empty > 2_000 * 384 * 4
    (tmp_path / "a" / "identity").unlink()
    assert store.bytes_on_disk("a") is None
    assert list(store.names()) == []


def test_half_made_folders_have_no_name(tmp_path: Path) -> None:
    """What a crash left is not an index, nor is a stray file."""
    QdrantEdgeStore(tmp_path).create("a", "1", SCHEMA, 4).close()
    (tmp_path / ".a-0123").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "stray").write_text("no index")
    assert list(QdrantEdgeStore(tmp_path).names()) == ["a"]


def test_health_tells_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching goes on, writing does not: degraded, with what is free and what is needed."""
    store = QdrantEdgeStore(tmp_path / "not" / "made")
    assert store.health().state == "ok"
    usage = shutil.disk_usage(tmp_path)._replace(free=3 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    told = store.health()
    assert told.state == "degraded"
    assert "3 MB are free, 128 MB are needed" in told.detail
    assert not (tmp_path / "not").exists()


def test_health_never_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that cannot be asked is told, not raised."""

    def fails(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "disk_usage", fails)
    told = QdrantEdgeStore(tmp_path).health()
    assert (told.engine, told.state) == ("qdrant-edge", "unreachable")
    assert "Permission denied" in told.detail


def test_what_cannot_be_read_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index is not begun anew because its folder could not be read just then."""
    folders = IndexFolders(tmp_path)
    (folders.create("a", "1") / "segment").touch()
    assert folders.identity("a") == "1"
    assert folders.identity("b") is None
    (tmp_path / "stray").write_text("no index")
    assert folders.identity("stray") is None

    def fails(_: Path) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "iterdir", fails)
    with pytest.raises(EngineUnavailable, match="Too many open files") as raised:
        folders.identity("a")
    assert str(tmp_path / "a") in str(raised.value)
    assert raised.value.hint
