"""An owner lives while its beat moves, whatever name stands in the lease."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.liveness import POLL_SECONDS, WATCH_SECONDS, living
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Empty."""
    made = Catalog(f"sqlite:///{tmp_path / 'd.sqlite'}", f"sqlite:///{tmp_path / 'c.sqlite'}")
    yield made
    made.close()


def held(catalog: Catalog, name: str, owner: str | None) -> Checkpoint:
    """An index with that name in its lease."""
    return catalog.checkpoints.start(name, "i", "l", owner=owner)


def test_who_lives(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one whose beat moves; not the dead one, nobody, or an index that there is not."""
    monkeypatch.setattr("indexer.liveness.WATCH_SECONDS", 1.0)
    alive = held(catalog, "a", "host:1:alive")
    held(catalog, "b", "host:2:dead")
    held(catalog, "c", None)
    beating = threading.Timer(0.3, lambda: catalog.checkpoints.renew(alive, "host:1:alive"))
    beating.start()
    assert living(catalog.checkpoints, ["a", "b", "c", "d"]) == {"a": "host:1:alive"}
    beating.join()


def test_it_watches_no_longer_than_it_must(catalog: Catalog) -> None:
    """Without a lease not at all, with a living owner until the beat."""
    held(catalog, "c", None)
    began = time.monotonic()
    assert living(catalog.checkpoints, ["c", "d"]) == {}
    assert time.monotonic() - began < POLL_SECONDS
    alive = held(catalog, "a", "host:1:alive")
    beating = threading.Timer(0.2, lambda: catalog.checkpoints.release(alive, "host:1:alive"))
    beating.start()
    assert living(catalog.checkpoints, ["a"]) == {}, "given back meanwhile"
    beating.join()
    assert time.monotonic() - began < WATCH_SECONDS
