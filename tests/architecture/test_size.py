"""Small modules and small functions: what has grown too long is two ideas."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("tandem", "indexer", "query", "rerank", "relevance_eval", "api")
LONGEST_MODULE = 300
LONGEST_FUNCTION = 60


def modules() -> Iterator[Path]:
    """Every module of the product."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def test_modules_are_small() -> None:
    """No module has more than 300 lines."""
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
    }
    assert len(lines) > 50
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_functions_are_small() -> None:
    """No function has more than 60 lines, its signature and docstring included."""
    overlong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not overlong
