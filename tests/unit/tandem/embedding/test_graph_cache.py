"""The graph is built once, found again without reading it, and built anew when anything changed."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tandem.embedding import files, graph_cache
from tandem.embedding.fused_embedder import FusedEmbedder
from tandem.embedding.graph_cache import FusedGraph, fused_graph
from tandem.embedding.loading import load_default_embedder
from tandem.embedding.onnx_graph import BUILDER_VERSION
from tandem.errors import ModelError
from tests.models import write_json, write_tiny_model

MODEL = "someone/tiny"


class Finder:
    """Gives a model folder, and counts how often it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = 0

    def __call__(self) -> Path:
        """The folder."""
        self.calls += 1
        return self.folder


@pytest.fixture
def finder(tmp_path: Path) -> Finder:
    """Finds a tiny model."""
    return Finder(write_tiny_model(tmp_path / "tiny"))


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    """Tandem's cache folder, not yet there."""
    return tmp_path / "cache"


@pytest.fixture
def built(finder: Finder, cache_dir: Path) -> FusedGraph:
    """The graph, built once."""
    return fused_graph(MODEL, cache_dir, finder)


def embed(graph: FusedGraph) -> list[float]:
    """What the graph makes of a text."""
    embedder = FusedEmbedder(graph, runtime="onnxruntime", threads=1)
    return [float(x) for x in embedder.embed_queries(["red sky"])[0]]


def test_second_start_reads_no_file_whole(
    built: FusedGraph, finder: Finder, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start looks for no model and computes no hash."""

    def refuse(path: Path) -> str:
        raise AssertionError(f"{path} was hashed")

    monkeypatch.setattr(files, "sha256_of", refuse)
    assert fused_graph(MODEL, cache_dir, finder) == built
    assert finder.calls == 1


def test_describes_the_model(built: FusedGraph, finder: Finder) -> None:
    """The name carries the weights' hash; sizes are the model's."""
    digest = files.sha256_of(finder.folder / "model.safetensors")
    assert built.name == f"{MODEL}@{digest[:8]}"
    assert (built.dimension, built.max_tokens) == (16, 12)


@pytest.mark.parametrize("name", ["embedder.onnx", "tokenizer.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "altered"])
def test_damage_is_built_over(
    built: FusedGraph, finder: Finder, cache_dir: Path, name: str, damage: str
) -> None:
    """Whatever happened to a file of the cache, the next start gives the same vectors."""
    before = embed(built)
    file = built.folder / name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        altered = bytes([content[0] ^ 1]) + content[1:]
        file.write_bytes({"empty": b"", "cut": content[:-9], "altered": altered}[damage])
        os.utime(file, ns=(1, 1))  # a copy within the clock's resolution would look unchanged
    assert embed(fused_graph(MODEL, cache_dir, finder)) == before
    assert finder.calls == 2


def test_touched_but_equal_is_not_built_again(
    built: FusedGraph, finder: Finder, cache_dir: Path
) -> None:
    """Another time of change alone, as a copied cache has it, is no reason."""
    os.utime(built.graph, ns=(1, 1))
    fused_graph(MODEL, cache_dir, finder)
    assert finder.calls == 1


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        3,
        {},
        {"builder_version": BUILDER_VERSION},
        {"builder_version": BUILDER_VERSION, "model": MODEL, "files": {"embedder.onnx": 1}},
    ],
)
def test_nonsense_manifest_is_built_over(
    built: FusedGraph, finder: Finder, cache_dir: Path, manifest: object
) -> None:
    """A manifest of any other shape counts as none."""
    write_json(built.folder / "manifest.json", manifest)
    assert fused_graph(MODEL, cache_dir, finder) == built
    assert finder.calls == 2


def test_newer_builder_builds_again(
    built: FusedGraph, finder: Finder, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph of another builder version is not used, nor what was compiled from it."""
    old = built.compiled / "old.blob"
    old.parent.mkdir()
    old.touch()
    monkeypatch.setattr(graph_cache, "BUILDER_VERSION", 99)
    fused_graph(MODEL, cache_dir, finder)
    assert finder.calls == 2
    assert not old.exists()
    assert json.loads((built.folder / "manifest.json").read_text())["builder_version"] == 99


def test_changed_model_at_a_path_is_noticed(finder: Finder, cache_dir: Path) -> None:
    """Other weights or settings in the folder that the caller names give another graph."""
    path = finder.folder
    first = fused_graph(MODEL, cache_dir, finder, path=path)
    fused_graph(MODEL, cache_dir, finder, path=path)
    assert finder.calls == 1
    write_json(path / "sentence_bert_config.json", {"max_seq_length": 7})
    assert fused_graph(MODEL, cache_dir, finder, path=path).max_tokens == 7
    other = write_tiny_model(path.parent / "other", seed=2)
    (other / "model.safetensors").replace(path / "model.safetensors")
    assert fused_graph(MODEL, cache_dir, finder, path=path).name != first.name
    (path / "config_sentence_transformers.json").write_text('{"prompts": {"query": "q: "}}')
    with pytest.raises(ModelError, match="prompts"):
        fused_graph(MODEL, cache_dir, finder, path=path)


def test_names_and_paths_do_not_share_a_folder(finder: Finder, cache_dir: Path) -> None:
    """A model by name, and others under the same name at two paths, are kept apart."""
    other = Finder(write_tiny_model(finder.folder.parent / "other", seed=2))
    graphs = [
        fused_graph(MODEL, cache_dir, finder),
        fused_graph(MODEL, cache_dir, finder, path=finder.folder),
        fused_graph(MODEL, cache_dir, other, path=other.folder),
        fused_graph("someone--tiny", cache_dir, finder),
    ]
    assert len({graph.folder for graph in graphs[:3]}) == 3
    assert graphs[3].name.startswith("someone--tiny@")
    assert embed(graphs[0]) == embed(graphs[1]) != embed(graphs[2])


@pytest.mark.parametrize("model", ["..", "../../up", "/", "a\x00b", "é/天"])
def test_no_name_leaves_the_cache(finder: Finder, cache_dir: Path, model: str) -> None:
    """Whatever a model is called, its graph lies in the cache folder."""
    graph = fused_graph(model, cache_dir, finder)
    assert graph.folder.resolve().parent == (cache_dir / "graphs").resolve()


def test_many_at_once_agree(finder: Finder, cache_dir: Path) -> None:
    """Builders that start together leave one whole graph and nothing else."""
    with ThreadPoolExecutor(6) as pool:
        graphs = list(pool.map(lambda _: fused_graph(MODEL, cache_dir, finder), range(6)))
    assert len(set(graphs)) == 1
    names = sorted(path.name for path in graphs[0].folder.iterdir())
    assert names == ["embedder.onnx", "manifest.json", "tokenizer.json"]
    finder.calls = 0
    assert embed(fused_graph(MODEL, cache_dir, finder)) == embed(graphs[0])
    assert finder.calls == 0


def test_loading_by_path(finder: Finder, cache_dir: Path) -> None:
    """The factory goes from a folder to vectors, and hands options on."""
    embedder = load_default_embedder(
        cache_dir, model=MODEL, path=finder.folder, runtime="onnxruntime", threads=1
    )
    assert (embedder.window, embedder.runtime, embedder.precision) == (10, "onnxruntime", "f32")
    assert np.linalg.norm(embedder.embed_documents(["red"])[0]) == pytest.approx(1.0)
