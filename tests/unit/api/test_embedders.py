"""One embedder a model: shared, loaded once, and by the settings that were meant for it."""

from pathlib import Path
from typing import Any

import pytest

from api.embedders import Embedders
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import ModelError
from tandem.protocols import Embedder
from tandem.sections import EmbeddingSettings
from tandem.settings import Settings
from tests.integration.downtime.embedders import ModelEmbedder


def settings(folder: Path, model: str, path: Path | None = None) -> Settings:
    """Those of a model."""
    values: dict[str, Any] = {"data_dir": folder, "embedding": {"model": model, "path": path}}
    return Settings(**values)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path | None]]:
    """What was loaded from where; what is nowhere cannot be."""
    made: list[tuple[str, Path | None]] = []

    def load(chosen: EmbeddingSettings, *_: object) -> Embedder:
        made.append((chosen.model, chosen.path))
        if chosen.path == Path("nowhere"):
            raise ModelError("nowhere is not a folder")
        return ModelEmbedder(chosen.model)

    monkeypatch.setattr("api.embedders.load_embedder", load)
    return made


def test_what_could_not_be_had_is_had_once_it_is_loaded(tmp_path: Path, loads: list[Any]) -> None:
    """The generation that waits for it, and everybody else, use the one that was loaded now."""
    embedders = Embedders(settings(tmp_path, "hash-a", Path("nowhere")))
    lazy = embedders.of("hash-a@1", 16)
    assert isinstance(lazy, LazyEmbedder)
    assert lazy.wait_until_loaded() is not None
    with pytest.raises(ModelError, match="nowhere"):
        embedders.load()
    embedders.adopt(settings(tmp_path, "hash-a"))
    assert embedders.load() is lazy
    assert (lazy.is_loaded, lazy.failure) == (True, None)
    assert len(loads) == 3


def test_a_model_by_name_is_loaded_once(tmp_path: Path, loads: list[Any]) -> None:
    """Whether it was needed first, or asked for; another one is another load."""
    embedders = Embedders(settings(tmp_path, "hash-a"))
    lazy = embedders.of("hash-a@1", 16)
    lazy.embed_queries(["x"])
    assert embedders.load() is lazy
    other = embedders.load("hash-b")
    assert embedders.of("hash-b@1", 16) is other
    assert loads == [("hash-a", None), ("hash-b", None)]


def test_what_is_at_a_path_is_looked_at_again(tmp_path: Path, loads: list[Any]) -> None:
    """It may be another model by now; the one that is in use stays if it is not."""
    embedders = Embedders(settings(tmp_path, "hash-a", tmp_path))
    first = embedders.load()
    assert embedders.load() is first
    assert loads == [("hash-a", tmp_path)] * 2


def test_a_model_keeps_its_path(tmp_path: Path, loads: list[Any]) -> None:
    """Though the settings name another model before it is needed, which is not at that path."""
    embedders = Embedders(settings(tmp_path, "hash-a", tmp_path))
    lazy = embedders.of("hash-a@1", 16)
    embedders.adopt(settings(tmp_path, "hash-b"))
    lazy.embed_queries(["x"])
    embedders.load()
    assert loads == [("hash-a", tmp_path), ("hash-b", None)]
