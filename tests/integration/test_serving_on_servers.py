"""A server that only searches, beside the process that follows, on real servers."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.bootstrap import open_house
from api.candidates import ReindexOrder
from api.serving import Serving
from api.web import create_web
from indexer.reindexing import unheard
from tandem.engines.opensearch_client import Server, parse_url
from tandem.queries import Query
from tandem.rankings import Degradation
from tests.contracts.qdrant_local import QUIET
from tests.fakes import HashEmbedder
from tests.integration.faults.checks import (
    at_work,
    await_applied,
    open_with_collection,
    verified,
)
from tests.integration.faults.client import COLLECTION, Client
from tests.integration.faults.servers import Servers, servers

__all__ = ["servers"]
pytestmark = [QUIET, pytest.mark.long]


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for the watch."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def test_found_taken_up_and_kept(servers: Servers, tmp_path: Path) -> None:
    """It is up before there is a collection, finds it, takes up the release that another process
    promotes and closes what that one drops; without PostgreSQL the last release goes on, and says
    so; a lost vector engine is named.
    """
    settings = servers.settings(tmp_path / "api", budget_ms=2_000)
    with (
        open_house(settings, "test", embedder=HashEmbedder()) as house,
        closing(Serving(house)) as serving,
        TestClient(create_web(serving)) as client,
        open_with_collection(servers.settings(tmp_path / "owner")) as following,
        at_work(following),
    ):

        def searched() -> dict[str, object]:
            reply = client.get("/v1/search", params={"q": "the", "limit": 3})
            assert reply.status_code == 200, reply.text
            return {"release": reply.json()["release"], "degraded": reply.json()["degraded"]}

        def degraded() -> list[dict[str, str]]:
            told = searched()["degraded"]
            assert isinstance(told, list)
            return told

        Client(following.catalog.documents).write(5)
        await_applied(following)
        until(lambda: client.get("/health/ready").status_code == 200)
        until(lambda: searched() == {"release": 1, "degraded": []})
        first = serving.collection().live

        schema = following.collection(COLLECTION).generation.schema
        made = following.create_generation(COLLECTION, schema)
        built = following.collection(COLLECTION).open_generation(made)
        head = following.catalog.documents.head()
        until(lambda: built.applied() == head)
        following.catalog.releases.promote(COLLECTION, made.number, parent=1)
        until(lambda: searched()["release"] == 2)
        following.catalog.releases.drop(1)
        until(lambda: first.is_closed)
        await_applied(following)
        until(lambda: searched() == {"release": 2, "degraded": []})

        servers.postgres.stop()
        away = {"leg": "catalogue", "reason": "unavailable"}
        until(lambda: away in degraded())
        assert {part["leg"] for part in degraded()} == {"cursor", "catalogue"}, "both are there"
        told = client.get("/health/ready").json()
        assert (told["catalogue"], told["release"]) == ("unreachable", 2)
        servers.postgres.start()
        until(lambda: searched() == {"release": 2, "degraded": []})

        servers.qdrant.stop()
        told = client.get("/health/ready").json()
        assert told["legs"]["vector"]["state"] == "unreachable"
        assert told["legs"]["lexical"]["state"] == "ok"
        assert searched()["degraded"] == [{"leg": "vector", "reason": "unavailable"}]


def of_an_earlier_format(servers: Servers) -> None:
    """Every index on OpenSearch says that the first Tandem has made it."""
    server = Server(parse_url(f"opensearch+{servers.opensearch.url}"))
    for index, told in server.ask("GET /tandem-*", seconds=10).items():
        meta = told["mappings"]["_meta"]
        meta["tandem"]["format"] = 1
        server.ask(f"PUT /{index}/_mapping", {"_meta": meta}, seconds=10)
    server.close()


def test_after_an_upgrade_that_cannot_read_the_index(servers: Servers, tmp_path: Path) -> None:
    """It stays as it is: searches go on by meaning and say what they lack, the vector index is
    followed, and a reindex makes a lexical one that can be read.
    """
    settings = servers.settings(tmp_path)
    with open_with_collection(settings) as house, at_work(house):
        client = Client(house.catalog.documents)
        client.write(5)
        await_applied(house)
    of_an_earlier_format(servers)
    with open_with_collection(settings) as house, at_work(house) as owner:
        collection = house.collection(COLLECTION)
        searcher = collection.searcher()
        fault = collection.faults["lexical"]
        assert "has format 1" in str(fault)
        assert "tandem reindex" in fault.hint
        client.log = house.catalog.documents
        client.write(5)
        head = house.catalog.documents.head()
        until(lambda: collection.vector.applied() == head)
        assert collection.lexical.applied() < head
        missing = Degradation("lexical", "unavailable")
        assert searcher.search(Query("the")).degraded == (missing,)
        _, outcome = owner.reindex(COLLECTION, ReindexOrder(), unheard)
        assert outcome.release is not None
        assert collection.faults == {}
        result = searcher.search(Query("the"))
        assert result.degraded == ()
        assert result.total is not None
        assert {found.index_name for found in verified(house) if found.is_clean} == {
            f"{COLLECTION}-lexical-2",
            *(f"{COLLECTION}-vector-{number}" for number in (1, 2)),
        }


def test_before_there_is_anything(servers: Servers, tmp_path: Path) -> None:
    """An empty catalogue: no search, and what to do."""
    with (
        open_house(servers.settings(tmp_path), "test", embedder=HashEmbedder()) as house,
        closing(Serving(house)) as serving,
    ):
        client = TestClient(create_web(serving))
        assert client.get("/v1/search?q=x").json()["error"]["code"] == "collection_not_found"
        assert "tandem index" in client.get("/health/ready").json()["error"]["hint"]
