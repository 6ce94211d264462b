"""What a Qdrant server's silence, refusals and faults become, and how long they may take."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from tandem.engines.qdrant_connection import Deadline, Server, connect
from tandem.engines.qdrant_index import QdrantIndex
from tandem.engines.qdrant_store import QdrantStore
from tandem.errors import EngineError, EngineUnavailable
from tests.builders import document, schema_of, upserts
from tests.unit.tandem.engines.qdrant_servers import answering, nobody, silent

VECTOR = np.ones(2, np.float32)
PASSAGES = {"a": np.ones((1, 2), np.float32)}


def index_at(url: str) -> QdrantIndex:
    """An index, nothing asked yet."""
    return QdrantIndex(Server(connect(url)), "tandem-a-b-c", schema_of(), 2)


def search(index: QdrantIndex, seconds: float = 10.0) -> Any:
    """A search that may take so long."""
    return index.search(VECTOR, limit=3, timeout_seconds=seconds)


@pytest.mark.parametrize("seconds", [0.05, 0.3])
@pytest.mark.parametrize(
    "ask",
    [
        search,
        lambda index, seconds: index.score(VECTOR, ["a"], timeout_seconds=seconds),
    ],
    ids=["search", "score"],
)
def test_a_silent_server_is_left_in_time(
    ask: Callable[[QdrantIndex, float], Any], seconds: float
) -> None:
    """Below a second too: the deadline is named, and nobody waits for the client's own."""
    with silent() as url:
        index = index_at(url)
        began = time.perf_counter()
        with pytest.raises(EngineUnavailable, match=rf"did not answer within {seconds:g} s"):
            ask(index, seconds)
        took = time.perf_counter() - began
    assert seconds <= took < seconds + 1


def test_a_passed_deadline_asks_nothing() -> None:
    """Where the time was used up by what came before, no request is sent."""
    with answering(200, {}) as server:
        deadline = Deadline(0.0)
        with (
            pytest.raises(EngineUnavailable, match="did not answer within 0 s"),
            Server(connect(server.url)).asked("search", deadline),
        ):
            raise AssertionError("asked")
        assert server.requests == []


@pytest.mark.parametrize(
    "ask",
    [
        search,
        lambda index: index.score(VECTOR, ["a"], timeout_seconds=1),
        lambda index: index.apply(upserts([document("a")]), PASSAGES),
        lambda index: index.vectors(["a"]),
        lambda index: list(index.versions()),
        lambda index: index.versions_of(["a"]),
        lambda index: index.count(),
    ],
    ids=["search", "score", "apply", "vectors", "versions", "versions_of", "count"],
)
def test_a_refused_connection(ask: Callable[[QdrantIndex], Any]) -> None:
    """Whatever is asked: the place is named, and what to look at."""
    url = nobody()
    with pytest.raises(EngineUnavailable, match=url.removeprefix("qdrant+")) as raised:
        ask(index_at(url))
    assert "running" in raised.value.hint


STATUS_TEXT = "Service internal error: Timeout error: Operation 'Search' timed out after 1 seconds"


@pytest.mark.parametrize(
    ("status", "body", "kind", "told"),
    [
        (408, {"status": {"error": "too slow"}}, EngineUnavailable, "408 too slow"),
        (429, {"status": {"error": "busy"}}, EngineUnavailable, "429 busy"),
        (503, b"starting", EngineUnavailable, "503 starting"),
        (502, b"", EngineUnavailable, "502 Bad Gateway"),
        (500, {"status": {"error": STATUS_TEXT}}, EngineUnavailable, "timed out"),
        (500, {"status": {"error": "broken"}}, EngineError, "500 broken"),
        (404, {"status": {"error": "no collection"}}, EngineError, "404 no collection"),
        (403, b"Forbidden", EngineError, "403 Forbidden"),
        (200, b"<html>", EngineError, "failed"),
        (200, {"result": None}, EngineError, "failed"),
        (418, {"status": "odd"}, EngineError, "418"),
    ],
)
def test_what_a_status_means(status: int, body: Any, kind: type, told: str) -> None:
    """Passing faults are ``EngineUnavailable``, the others not; the server's own words are told."""
    with answering(status, body) as server, pytest.raises(EngineError, match=told) as raised:
        search(index_at(server.url))
    assert type(raised.value) is kind
    assert "count" in str(raised.value)


def test_a_refused_key_says_where_to_look() -> None:
    """The key itself is not shown."""
    with answering(401, b"Must provide an API key") as server:
        url = server.url.replace("//", "//hidden@")
        with pytest.raises(EngineError, match="401 Must provide") as raised:
            search(index_at(url))
    assert "API key" in raised.value.hint
    assert "hidden" not in f"{raised.value} {raised.value.hint} {raised.value.__cause__!r}"


def test_retry_later_is_unavailable() -> None:
    """The client tells a ``Retry-After`` by an error of its own."""
    with (
        answering(429, {"status": {"error": "busy"}}, {"Retry-After": "3"}) as server,
        pytest.raises(EngineUnavailable, match="busy") as raised,
    ):
        search(index_at(server.url))
    assert "try again" in raised.value.hint


def test_health_of_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never raises, and does not wait long."""
    monkeypatch.setattr("tandem.engines.qdrant_store.LOOK_SECONDS", 0.1)
    with silent() as url:
        told = QdrantStore(connect(url), namespace="a").health()
    assert (told.engine, told.version, told.state) == ("qdrant", "", "unreachable")
    assert "did not answer within 0.1 s" in told.detail


def test_who_looks_at_a_silent_server_does_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity and names have the time of a look, not of a write."""
    monkeypatch.setattr("tandem.engines.qdrant_store.LOOK_SECONDS", 0.1)
    with silent() as url:
        store = QdrantStore(connect(url), namespace="a")
        for look in (store.names, partial(store.identity, "a")):
            with pytest.raises(EngineUnavailable, match=r"within 0\.1 s"):
                look()


def test_health_where_nobody_listens() -> None:
    """The same, at once."""
    assert QdrantStore(connect(nobody()), namespace="a").health().state == "unreachable"


def test_health_of_what_is_no_qdrant() -> None:
    """A server that answers something else is not healthy."""
    with answering(200, b"<html>") as server:
        told = QdrantStore(connect(server.url), namespace="a").health()
    assert told.state == "degraded"
    assert "failed" in told.detail


def test_a_closed_store_answers_no_more() -> None:
    """Its index's requests are errors in Tandem's words."""
    with answering(200, {"result": {"aliases": []}, "status": "ok", "time": 0}) as server:
        store = QdrantStore(connect(server.url), namespace="a")
        assert store.identity("a") is None
        store.close()
        store.close()
        with pytest.raises(EngineError, match="closed"):
            store.identity("a")


def test_grpc_where_nobody_listens() -> None:
    """Over gRPC a refused connection is the same error."""
    port = nobody().rpartition(":")[2]
    client = connect(f"qdrant+http://127.0.0.1:{port}?grpc={port}")
    index = QdrantIndex(Server(client), "tandem-a-b-c", schema_of(), 2)
    with pytest.raises(EngineUnavailable, match="count"):
        search(index, 1.0)
    client.close()
