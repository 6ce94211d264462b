"""Two reindexes and a rollback under load: no failed query, no answer of two generations."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap import House, open_house
from api.owner import Owner, ReindexOrder
from tests.integration.downtime import embedders
from tests.integration.downtime.world import (
    NAME,
    Books,
    Searchers,
    Writer,
    begin,
    exact,
    settings_of,
    settled,
)

SECONDS = float(os.environ.get("TANDEM_TEST_LOAD_SECONDS", "12"))
THREADS = 4
WRITES_PER_SECOND = 50.0


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models without weights."""
    monkeypatch.setattr("api.embedders.load_embedder", embedders.load)


@pytest.fixture
def embedded(tmp_path: Path, models: None) -> Iterator[House]:
    """The embedded engines."""
    base = {"data_dir": tmp_path / "data"}
    with open_house(settings_of(base, 0), "test", follows=True) as house:
        yield house


def under_load(house: House) -> None:
    """The whole story, on whatever engines the house has."""
    base = house.settings.model_dump(include={"data_dir", "engines"})
    collection = begin(house)
    kinds = {collection.release.number: 0}
    owner = Owner(house)
    owner.start()
    books = Books()
    try:
        settled(collection)
        searchers = Searchers(collection, kinds, THREADS)
        writer = Writer(collection, books, WRITES_PER_SECOND, seed=1)
        writer.start()
        began = time.monotonic()
        time.sleep(SECONDS / 4)
        quiet = time.monotonic()
        for kind in (1, 0):
            collection.settings = settings_of(base, kind)
            order = ReindexOrder(model=collection.settings.embedding.model)
            _, outcome = owner.reindex(NAME, order, lambda _: None)
            assert outcome.release is not None
            kinds[outcome.release.number] = kind
            time.sleep(SECONDS / 6)
        reindexed = time.monotonic()
        back = owner.rollback(NAME)
        assert kinds[back.number] == 1
        while time.monotonic() < began + SECONDS:
            time.sleep(0.1)
        writer.stop()
        seen = searchers.stop()
        settled(collection)
        exact(collection, books)
    finally:
        owner.close()
    before = seen.median_between(began, quiet)
    during = seen.median_between(quiet, reindexed)
    sys.stdout.write(
        f"\n{len(seen.times)} searches, {seen.releases} by release; {books.acknowledged} writes; "
        f"median {before:.1f} ms before, {during:.1f} ms during the reindexes\n"
    )
    assert not seen.failures, seen.failures[:5]
    assert not seen.mixed, seen.mixed[:5]
    assert set(seen.releases) == set(kinds), "every release answered"
    assert len(seen.times) > 10 * SECONDS
    assert books.acknowledged > WRITES_PER_SECOND * SECONDS / 4


def test_embedded_engines(embedded: House) -> None:
    """tantivy, Qdrant Edge and SQLite in one process."""
    under_load(embedded)
