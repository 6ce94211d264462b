"""Models without weights, and a house with them, for whoever asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap import House
from api.owner import Owner
from tests.integration.downtime import embedders
from tests.owned_house import at_work, owned, settings_in


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """``hash-a`` and ``hash-b`` in the place of every real model."""
    monkeypatch.setattr("api.embedders.load_embedder", embedders.load)


@pytest.fixture
def house(tmp_path: Path, models: None) -> Iterator[House]:
    """Twenty documents, one generation; owned by this process."""
    with owned(settings_in(tmp_path)) as opened:
        yield opened


@pytest.fixture
def owner(house: House) -> Iterator[Owner]:
    """At work."""
    with at_work(house) as working:
        yield working
