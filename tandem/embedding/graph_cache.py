"""The fused graph on disk, beside a manifest that says what it was made of.

Building reads 90 MB and takes seconds; a start should do neither. So a start looks at sizes and
times of change, and builds again when anything does not match.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tandem.embedding.files import Fingerprint, write_whole
from tandem.embedding.model_settings import (
    READ_FILES,
    TOKENIZER,
    WEIGHTS,
    read_model_settings,
)
from tandem.embedding.onnx_graph import BUILDER_VERSION, build_onnx_graph

GRAPH = "embedder.onnx"
MANIFEST = "manifest.json"
COMPILED = "compiled"

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class FusedGraph:
    """A graph ready to load. ``name`` is the model's with 8 digits of its weights' sha256;
    ``max_tokens`` counts the special tokens.
    """

    folder: Path
    name: str
    dimension: int
    max_tokens: int

    @property
    def graph(self) -> Path:
        """The ONNX file."""
        return self.folder / GRAPH

    @property
    def tokenizer(self) -> Path:
        """The tokeniser file."""
        return self.folder / TOKENIZER

    @property
    def compiled(self) -> Path:
        """Where a runtime may keep what it compiled."""
        return self.folder / COMPILED


def fused_graph(
    model: str, cache_dir: Path, find_folder: Callable[[], Path], *, path: Path | None = None
) -> FusedGraph:
    """The graph of ``model``, built where it is missing, damaged, of an older builder, or made of
    other files than ``path`` holds now. A model by name stays as it was first found.

    Raises:
        ModelError: from ``find_folder``, or the model is not of the supported kind.

    """
    folder = _graph_folder(model, cache_dir, path)
    known = _read(folder, model, path)
    return known if known is not None else _build(folder, model, find_folder())


def _graph_folder(model: str, cache_dir: Path, path: Path | None) -> Path:
    readable = _UNSAFE.sub("--", model).strip("-.") or "model"
    if path is not None:
        place = str(path.expanduser().resolve()).encode("utf-8", "surrogateescape")
        readable += "-" + hashlib.sha256(place).hexdigest()[:8]
    return cache_dir / "graphs" / readable


def _read(folder: Path, model: str, path: Path | None) -> FusedGraph | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["builder_version"] != BUILDER_VERSION or manifest["model"] != model:
            return None
        if not _all_fit(manifest["files"], folder, (GRAPH, TOKENIZER)):
            return None
        if path is not None and not _all_fit(manifest["sources"], path.expanduser(), READ_FILES):
            return None
        return FusedGraph(folder, manifest["name"], manifest["dimension"], manifest["max_tokens"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _all_fit(known: dict[str, dict[str, Any]], folder: Path, names: tuple[str, ...]) -> bool:
    for name in names:
        if name in known:
            if not Fingerprint(**known[name]).fits(folder / name):
                return False
        elif (folder / name).exists():
            return False
    return True


def _build(folder: Path, model: str, source: Path) -> FusedGraph:
    settings = read_model_settings(source)
    sources = _fingerprints(source, READ_FILES)
    shutil.rmtree(folder / COMPILED, ignore_errors=True)  # compiled from the graph before
    write_whole(folder / GRAPH, build_onnx_graph(source, settings))
    write_whole(folder / TOKENIZER, (source / TOKENIZER).read_bytes())
    built = FusedGraph(
        folder=folder,
        name=f"{model}@{sources[WEIGHTS].sha256[:8]}",
        dimension=settings.hidden_size,
        max_tokens=settings.max_tokens,
    )
    manifest = {
        "builder_version": BUILDER_VERSION,
        "model": model,
        "name": built.name,
        "dimension": built.dimension,
        "max_tokens": built.max_tokens,
        "files": _as_json(_fingerprints(folder, (GRAPH, TOKENIZER))),
        "sources": _as_json(sources),
    }
    # last, so that a manifest never speaks of a graph that is not there
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    return built


def _fingerprints(folder: Path, names: tuple[str, ...]) -> dict[str, Fingerprint]:
    return {name: Fingerprint.of(folder / name) for name in names if (folder / name).exists()}


def _as_json(fingerprints: dict[str, Fingerprint]) -> dict[str, dict[str, Any]]:
    return {name: asdict(fingerprint) for name, fingerprint in fingerprints.items()}
