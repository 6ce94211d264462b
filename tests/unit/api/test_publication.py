"""When the alias of a collection is set: whenever a live index is made, and by each promotion."""

import shutil
from pathlib import Path

import pytest

from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.engines.tantivy_store import TantivyStore
from tandem.errors import EngineError
from tests.owned_house import NAME, at_work, owned, reindexed, settings_in

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def aliases(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every (alias, index) that was published."""
    published: list[tuple[str, str]] = []
    for store in (TantivyStore, QdrantEdgeStore):
        monkeypatch.setattr(
            store, "publish", lambda _, alias, name: published.append((alias, name))
        )
    return published


def leading_to(generation: int) -> list[tuple[str, str]]:
    """What is published for the live indexes of a generation."""
    return [(f"tandem-{NAME}", f"{NAME}-{leg}-{generation}") for leg in ("lexical", "vector")]


def test_the_first_indexes_and_rebuilt_ones_get_the_alias(
    tmp_path: Path, aliases: list[tuple[str, str]]
) -> None:
    """As they are made; an index that is merely opened has it already."""
    settings = settings_in(tmp_path)
    with owned(settings) as house, at_work(house) as owner:
        assert sorted(aliases) == leading_to(1)
        aliases.clear()
        reindexed(owner, model="hash-b", promote=False)
        assert aliases == []  # a candidate is not live
        owner.promote(NAME, 2)
        assert sorted(aliases) == leading_to(2)
    aliases.clear()
    with owned(settings) as house:
        house.collection(NAME)
    assert aliases == []
    shutil.rmtree(settings.data_dir / "lexical" / f"{NAME}-lexical-2")
    with owned(settings) as house:
        house.collection(NAME)
    assert aliases == leading_to(2)[:1]


def test_an_alias_that_cannot_be_set_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told in the log."""

    def taken(_self: TantivyStore, alias: str, _name: str) -> None:
        raise EngineError(f"{alias} is a stranger's")

    monkeypatch.setattr(TantivyStore, "publish", taken)
    with owned(settings_in(tmp_path)) as house:
        assert house.collection(NAME).faults == {}
    assert "a stranger's" in caplog.text
