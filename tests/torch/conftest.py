"""These tests need sentence-transformers, which lives in an environment of its own."""

from importlib.util import find_spec
from pathlib import Path

import pytest

INSTALL = (
    "needs the extra [torch]: python3 -m venv .venv-torch "
    "&& .venv-torch/bin/pip install -r requirements/torch.lock "
    "&& .venv-torch/bin/pip install --no-deps -e ."
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is in this folder, with the reason, where the package is missing."""
    if find_spec("sentence_transformers") is not None:
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=INSTALL))
