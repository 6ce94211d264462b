"""A full disk is told before the engine's memory-mapped files end the process."""

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.errors import EngineError
from tests.builders import document, schema_of, upserts


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` tells."""

    total: int
    used: int
    free: int


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """One megabyte is left."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**30, 2**30 - 2**20, 2**20))


def test_nothing_is_created_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how much is free, how much is needed, and what to do."""
    fill_the_disk(monkeypatch)

    with pytest.raises(EngineError, match="1 MB are free, 128 MB are needed") as raised:
        QdrantEdgeStore(tmp_path).create("a", "1", schema_of(), 2)

    assert "make room" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_to_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is refused as a whole and taken again when there is room."""
    index = QdrantEdgeStore(tmp_path).create("a", "1", schema_of(), 2)
    changes, passages = upserts([document("d")]), {"d": np.ones((1, 2), np.float32)}
    with monkeypatch.context() as full:
        fill_the_disk(full)
        with pytest.raises(EngineError, match="MB are free"):
            index.apply(changes, passages)
    assert index.count() == 0

    assert index.apply(changes, passages) == []
    assert index.count() == 1
    index.close()
