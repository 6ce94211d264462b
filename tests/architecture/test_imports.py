"""The house's rules of import, held by tools and by looking at every file."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("indexer", "query", "rerank", "relevance_eval", "api")
FOLDERS = ("tandem", *ROOMS, "benchmarks", "tests")
HEAVY = (
    "torch", "openvino", "onnxruntime", "onnx", "pyarrow", "tantivy", "qdrant_edge", "ir_measures",
    "sentence_transformers", "transformers", "huggingface_hub", "scipy", "rich.progress",
    "fastapi", "starlette", "uvicorn",
)  # fmt: skip
LOADED = "import json, sys, api.app, api.cli; print(json.dumps(sorted(sys.modules)))"


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Each Python file of the folders, parsed."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def python(code: str) -> "subprocess.CompletedProcess[str]":
    """What a fresh interpreter makes of the code."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_imports_run_one_way() -> None:
    """import-linter keeps every contract of pyproject.toml."""
    told = python(
        "import sys; from importlinter.cli import lint_imports; sys.path.insert(0, '');"
        "sys.exit(lint_imports(no_cache=True))"
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "0 broken" in told.stdout


def test_starting_loads_nothing_heavy() -> None:
    """Importing every verb leaves engines, models and their libraries for later."""
    told = python(LOADED)
    assert told.returncode == 0, told.stderr
    loaded = set(json.loads(told.stdout))
    assert {"api.cli", "api.commands.index"} <= loaded
    assert not loaded & set(HEAVY)


def test_rooms_are_not_imported_bare() -> None:
    """``from query.pipeline import …``, never ``import query``: that names a variable."""
    bare = [
        f"{path}:{node.lineno}"
        for path, tree in trees(*FOLDERS)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and _is_bare(node)
    ]
    assert not bare


def _is_bare(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in ROOMS for alias in node.names)
    return isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in ROOMS


@pytest.mark.parametrize(
    "code", ["import query", "import indexer.followers", "from api import cli"]
)
def test_bare_imports_are_recognised(code: str) -> None:
    """The check above sees what it forbids."""
    assert _is_bare(ast.parse(code).body[0])
