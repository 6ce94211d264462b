"""Two reindexes and a rollback under load: no failed query, no answer of two generations.

The long form (``make soak``) also holds the rate of writing and what a reindex costs a search; for
the short one machines are too noisy.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.bootstrap import House, open_house
from api.candidates import ReindexOrder
from api.live import ReleaseWatch
from api.owner import Owner
from tandem.engines.qdrant_store import QdrantStore
from tests.contracts.qdrant_local import QUIET, LocalQdrant
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

SECONDS = float(os.environ.get("TANDEM_TEST_LOAD_SECONDS", "6"))
LONG = 60.0
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


@dataclass(frozen=True)
class Houses:
    """Who follows and reindexes, and who searches: one process, or two that share servers."""

    following: House
    searching: House


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


@pytest.fixture
def apart(
    tmp_path: Path,
    models: None,
    opensearch: str,
    postgres_url: sa.URL,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Houses]:
    """Two houses on the same servers, under leases; Qdrant is the client's local mode."""
    qdrant = LocalQdrant()
    monkeypatch.setattr(
        "api.bootstrap.vector_store",
        lambda _, catalog: QdrantStore(qdrant.client(), namespace=catalog.documents.log_id[:12]),
    )
    engines = {
        "lexical": f"opensearch+{opensearch}",
        "vector": "qdrant+http://local",
        "catalog": postgres_url.render_as_string(hide_password=False),
    }
    bases = [{"data_dir": tmp_path / name, "engines": engines} for name in ("one", "two")]
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(open_house(settings_of(base, 0), "test", follows=True))
            for base in bases
        )
        yield Houses(one, two)
        for name in one.lexical_store.names():
            one.lexical_store.drop(name)


def under_load(houses: Houses) -> None:
    """The whole story, on whatever engines the houses have."""
    house = houses.following
    base = house.settings.model_dump(include={"data_dir", "engines"})
    collection = begin(house)
    releases = {collection.release.number}
    owner = Owner(house)
    owner.start()
    books = Books()
    searched = houses.searching.collection(NAME)
    watch = ReleaseWatch(searched.refresh)
    try:
        settled(collection)
        collection.lexical.index.refresh()  # applied is durable; searchable comes a moment later
        searched.refresh()
        searchers = Searchers(searched, THREADS)
        writer = Writer(collection, books, WRITES_PER_SECOND, seed=1)
        writer.start()
        began = time.monotonic()
        time.sleep(SECONDS / 4)
        quiet = time.monotonic()
        for kind in (1, 2):
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
        watch.close()
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
    if SECONDS >= LONG:
        assert books.acknowledged > 0.9 * WRITES_PER_SECOND * SECONDS
        assert during <= 2 * before


def test_embedded_engines(embedded: House) -> None:
    """tantivy, Qdrant Edge and SQLite in one process."""
    under_load(Houses(embedded, embedded))


@pytest.mark.long
def test_servers(servers: House) -> None:
    """OpenSearch for words, PostgreSQL for the catalogue."""
    under_load(Houses(servers, servers))


@QUIET
@pytest.mark.long
def test_two_processes_share_servers(apart: Houses) -> None:
    """One follows under leases, the other one only looks and searches."""
    under_load(apart)
