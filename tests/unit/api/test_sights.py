"""What the metrics tell of a collection: as far as it can be seen, and without waiting long."""

import threading
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from api.bootstrap import House
from api.metrics import Sight
from api.sights import Sights
from indexer.indexing import catch_up
from tandem.documents import Document
from tandem.errors import CatalogError
from tests.logs import logged
from tests.owned_house import NAME

RELEASE = {"collection": NAME, "release": "1", "generation": "1", "model": ""}


def test_how_far_each_index_is(house: House) -> None:
    """Changes, and how long the oldest has waited; nothing where nothing waits."""
    collection = house.collection(NAME)
    with closing(Sights(lambda: collection)) as sights:
        catch_up(collection.followers)
        seen = sights.now(catalogue_is_up=True)
        assert seen == Sight(True, RELEASE, {"lexical": (0, 0.0), "vector": (0, 0.0)})
        house.catalog.documents.append(NAME, "test", [Document("new", body="x")])
        behind = sights.now(catalogue_is_up=True).behind
        assert [changes for changes, _ in behind.values()] == [1, 1]
        assert all(seconds >= 0 for _, seconds in behind.values())


def test_what_the_model_is_expected_not_to_know(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its manifest says."""
    collection = house.collection(NAME)
    manifest = {"features": ["age", "place"], "data": {"unknown": {"age": 0.5}}}
    monkeypatch.setattr(
        type(house.catalog.models), "described", lambda *_: SimpleNamespace(manifest=manifest)
    )
    release: Any = SimpleNamespace(number=4, generation=1, model=7)
    monkeypatch.setattr(collection, "release", release)
    with closing(Sights(lambda: collection)) as sights:
        seen = sights.now(catalogue_is_up=True)
    assert (seen.release["model"], seen.expected) == ("7", {"age": 0.5, "place": 0.0})


def test_without_a_collection_or_a_catalogue(house: House) -> None:
    """Before anything was indexed there is nothing to see; the release is known without asking."""
    with closing(Sights(lambda: None)) as sights:
        assert sights.now(catalogue_is_up=True) == Sight(catalogue_is_up=True)
    with closing(Sights(lambda: house.collection(NAME))) as sights:
        assert sights.now(catalogue_is_up=False) == Sight(False, RELEASE)


def test_a_catalogue_that_fails(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is told, and the log says what is missing, once."""

    def fail(_: str) -> None:
        raise CatalogError("the disk is gone")

    monkeypatch.setattr(house.catalog.checkpoints, "read", fail)
    collection = house.collection(NAME)
    with closing(Sights(lambda: collection)) as sights, logged() as records:
        for _ in range(2):
            assert sights.now(catalogue_is_up=True) == Sight(False, RELEASE)
    assert [record.getMessage() for record in records] == [
        "metrics lack what the catalogue knows: the disk is gone"
    ]


def test_a_catalogue_that_hangs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not waited for, nor asked again meanwhile."""
    going, asked = threading.Event(), list[str]()

    def hang(name: str) -> None:
        asked.append(name)
        assert going.wait(30)

    monkeypatch.setattr("api.sights.PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(house.catalog.checkpoints, "read", hang)
    collection = house.collection(NAME)
    with closing(Sights(lambda: collection)) as sights:
        for _ in range(2):
            assert sights.now(catalogue_is_up=True) == Sight(False, RELEASE)
        going.set()
    assert len(asked) <= 2, "one look asks for both legs"
