"""What the header of a run says of this process, so that the run can be repeated."""

from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

from api.collection import OpenCollection
from tandem.catalog.releases import Generation, Release

LIBRARIES = (
    "tandem-search", "tantivy", "qdrant-edge-py", "opensearch-py", "qdrant-client", "lightgbm",
    "onnxruntime", "openvino", "rank-bm25", "numpy",
)  # fmt: skip


def _rules(file: Path | None) -> str | None:
    """What tells the rules in force from others."""
    return None if file is None else sha256(file.read_bytes()).hexdigest()[:16]


def about_release(
    target: OpenCollection, release: Release, generation: Generation
) -> dict[str, Any]:
    """What answers in this process; ``settings`` are those that the release searches by."""
    settings = target.searching.settings_of(release)
    return {
        "collection": release.collection,
        "release": release.number,
        "generation": generation.number,
        "log_head": target.catalog.documents.head(),
        "embedder": generation.embedder,
        "analysis": generation.analysis,
        "settings": settings.model_dump(mode="json"),
        "rules": _rules(settings.rules),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of Python, Tandem and the libraries that decide what is found, where they are installed."""
    found = {"python": python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
