"""Two reindexes and a rollback under load: no failed query, no answer of two generations."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.bootstrap import House, open_house
from api.candidates import ReindexOrder
from api.owner import Owner
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
from tests.services.fixtures import opensearch, postgres_server, postgres_url

__all__ = ["opensearch", "postgres_server", "postgres_url"]

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


@pytest.fixture
def servers(tmp_path: Path, models: None, opensearch: str, postgres_url: sa.URL) -> Iterator[House]:
    """Real OpenSearch and PostgreSQL. There is no Qdrant server: its engine runs in process."""
    engines = {
        "lexical": f"opensearch+{opensearch}",
        "catalog": postgres_url.render_as_string(hide_password=False),
    }
    base = {"data_dir": tmp_path / "data", "engines": engines}
    with open_house(settings_of(base, 0), "test", follows=True) as house:
        yield house
        for name in house.lexical_store.names():
            house.lexical_store.drop(name)


def under_load(house: House) -> None:
    """The whole story, on whatever engines the house has."""
    base = house.settings.model_dump(include={"data_dir", "engines"})
    collection = begin(house)
    releases = {collection.release.number}
    owner = Owner(house)
    owner.start()
    books = Books()
    try:
        settled(collection)
        searchers = Searchers(collection, THREADS)
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
            releases.add(outcome.release.number)
            time.sleep(SECONDS / 6)
        reindexed = time.monotonic()
        back = owner.rollback(NAME)
        assert back.number == sorted(releases)[1]
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
    assert set(seen.releases) == releases, "every release answered"
    assert len(seen.times) > 10 * SECONDS
    assert books.acknowledged > WRITES_PER_SECOND * SECONDS / 4


def test_embedded_engines(embedded: House) -> None:
    """tantivy, Qdrant Edge and SQLite in one process."""
    under_load(embedded)


def test_servers(servers: House) -> None:
    """OpenSearch for words, PostgreSQL for the catalogue."""
    under_load(servers)
