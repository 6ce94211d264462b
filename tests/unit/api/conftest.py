"""Models without weights, for whoever asks."""

import pytest

from tests.integration.downtime import embedders


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """``hash-a`` and ``hash-b`` in the place of every real model."""
    monkeypatch.setattr("api.embedders.load_embedder", embedders.load)
