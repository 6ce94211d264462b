"""One engine accepts connections and never answers: every reply comes in time and names the leg,
and the healthy leg is as fast as before.

``TANDEM_TEST_LOAD_SECONDS`` says how long the engine hangs.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api.bootstrap import House
from api.collection import OpenCollection
from indexer.indexing import catch_up
from tandem.engines.qdrant_connection import Server, connect
from tandem.engines.qdrant_index import QdrantIndex
from tests.integration.faults.checks import open_with_collection
from tests.integration.faults.client import COLLECTION, Client
from tests.integration.faults.crowd import Crowd, Seen, leg_median_ms
from tests.integration.faults.servers import EDGE, Servers, servers
from tests.unit.tandem.engines.qdrant_servers import silent

__all__ = ["servers"]
SECONDS = float(os.environ.get("TANDEM_TEST_LOAD_SECONDS", "6"))
BEFORE_SECONDS = min(SECONDS, 15.0)
CLIENTS = 16
PAUSE_SECONDS = 0.5
"""What a client does with an answer; without it the machine, not an engine, would be measured."""

BUDGET_MS = 2_000.0
SLOWER = 1.5
SPREAD_MS = 2.0
"""Medians of less than this are told apart by the machine's noise alone."""


@pytest.fixture
def house(servers: Servers, tmp_path: Path) -> Iterator[House]:
    """OpenSearch, PostgreSQL and Qdrant Edge, with some documents."""
    with open_with_collection(servers.settings(tmp_path / "data", vector=EDGE)) as opened:
        Client(opened.catalog.documents).write(25)
        assert catch_up(opened.collection(COLLECTION).followers) == []
        yield opened


@contextmanager
def hanging_vectors(collection: OpenCollection) -> Iterator[None]:
    """A Qdrant server that never answers, in the place of the vector engine."""
    opened, schema = collection.vector.opened, collection.generation.schema
    with silent() as url:
        client = connect(url)
        name = f"tandem-test-{collection.generation.vector_name}-one"
        hanging = QdrantIndex(Server(client), name, schema, collection.generation.dimension)
        collection.vector.opened = replace(opened, index=hanging)
        try:
            yield
        finally:
            collection.vector.opened = opened
            client.close()


def searched(collection: OpenCollection, hang: AbstractContextManager[None]) -> tuple[Seen, float]:
    """A part with both engines, then one with the engine that hangs; and when that began."""
    with Crowd(collection, CLIENTS, pause_seconds=PAUSE_SECONDS, budget_ms=BUDGET_MS) as crowd:
        time.sleep(BEFORE_SECONDS)
        with hang:
            time.sleep(0.05)  # what was under way
            began = time.monotonic()
            time.sleep(SECONDS)
            crowd.close()
    return crowd.seen, began


def judge(seen: Seen, began: float, leg: str, healthy: str) -> None:
    """In time, honest, and as fast as before."""
    before = [reply for reply in seen.replies if reply.began < began - 1]
    meanwhile = seen.after(began)
    medians = leg_median_ms(before, healthy), leg_median_ms(meanwhile, healthy)
    slowest = max(reply.took_ms for reply in meanwhile)
    sys.stdout.write(
        f"\n{leg} hangs: {len(before)} replies before, {len(meanwhile)} meanwhile, the slowest "
        f"{slowest:.0f} of {BUDGET_MS:.0f} ms (threads sleep up to {seen.late_ms:.0f} ms late); "
        f"{healthy} median {medians[0]:.1f} ms before, {medians[1]:.1f} ms meanwhile\n"
    )
    assert seen.errors == []
    assert len(meanwhile) >= CLIENTS
    # the socket's own limit may come a moment before the leg's: then it is told as unavailable
    reasons = {reply.degraded.get(leg) for reply in meanwhile}
    assert reasons <= {"timeout", "unavailable", "skipped"}, reasons
    assert not any(healthy in reply.degraded for reply in meanwhile)
    assert all(reply.hits > 0 for reply in meanwhile)
    # on a slow machine the time may not be enough for the documents: then the reply says so
    lacking = [reply for reply in meanwhile if reply.missing > 0]
    assert all("documents" in reply.degraded for reply in lacking)
    assert len(lacking) < len(meanwhile) / 2
    assert slowest <= BUDGET_MS + seen.late_ms
    assert medians[1] <= max(SLOWER * medians[0], medians[0] + SPREAD_MS)


def test_opensearch_hangs(house: House, servers: Servers) -> None:
    """The node is stopped as a whole: the kernel takes connections, nobody answers."""
    collection = house.collection(COLLECTION)
    seen, began = searched(collection, servers.opensearch.paused())
    judge(seen, began, "lexical", "vector")
    _is_whole_again(collection)


def test_the_vector_engine_hangs(house: House) -> None:
    """Qdrant's own client waits for it."""
    collection = house.collection(COLLECTION)
    seen, began = searched(collection, hanging_vectors(collection))
    judge(seen, began, "vector", "lexical")
    _is_whole_again(collection)


def _is_whole_again(collection: OpenCollection) -> None:
    """Once the engine answers, the leg that was left out joins again."""
    until = time.monotonic() + 30
    with Crowd(collection, 1, budget_ms=BUDGET_MS) as crowd:
        while not (crowd.seen.replies and crowd.seen.replies[-1].degraded == {}):
            assert time.monotonic() < until
            time.sleep(0.05)
