"""What the routes answer."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from anyio.to_thread import current_default_thread_limiter
from httpx import ASGITransport, AsyncClient, Response

from api.http_errors import CODES
from api.serving import NotReady
from api.wire import HealthReply, ReadyReply, SearchReply
from query.configurations import DEFAULT
from tandem.rankings import Degradation
from tests.web_client import KNOWN, StandIn, client_of


def test_a_search_is_answered() -> None:
    """The hits with their documents, which release, what is missing, how long each stage took."""
    served = StandIn(lacking=(Degradation("catalogue", "unavailable"),))
    reply = client_of(served).get("/v1/search?q=snow")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    data = reply.json()
    query_id = served.asked[0][1].query_id
    assert data == {
        "query_id": query_id,
        "configuration": "hybrid",
        "release": 3,
        "hits": [
            {
                "document_id": "a",
                "rank": 1,
                "score": 0.75,
                "title": "Snow",
                "body": "about snow",
                "attributes": {"kind": "book", "tags": ["x", "y"]},
            },
            {
                "document_id": "b",
                "rank": 2,
                "score": 0.5,
                "title": None,
                "body": None,
                "attributes": None,
            },
        ],
        "degraded": [
            {"leg": "vector", "reason": "timeout"},
            {"leg": "catalogue", "reason": "unavailable"},
        ],
        "milliseconds": {"total": 1.235},
    }
    SearchReply.model_validate_json(reply.content, strict=True)


def test_explained() -> None:
    """What each leg said; an unknown rank or score is null."""
    reply = client_of(StandIn()).get("/v1/search?q=snow&explain=true")
    SearchReply.model_validate_json(reply.content, strict=True)
    assert reply.json()["hits"][0]["evidence"] == [
        {"leg": "lexical", "rank": 1, "score": 3.5, "share": 0.5},
        {"leg": "vector", "rank": None, "score": None, "share": 0.25},
    ]


def test_parameters_reach_the_query() -> None:
    """Each is what the pipeline is asked; what is left out has the pipeline's default."""
    served = StandIn()
    client = client_of(served)
    given: dict[str, Any] = {
        "q": "naïve +50% & more",
        "limit": 3,
        "filter": '{"kind": ["a", "b"], "year": {"gte": 1990}}',
        "configuration": "lexical",
        "budget_ms": 250_000.5,
    }
    assert client.get("/v1/search", params=given).status_code == 200
    assert client.get("/v1/search?q=x").status_code == 200
    (name, query), (usual_name, usual) = served.asked
    assert (name, query.text, query.limit) == ("lexical", given["q"], 3)
    assert query.filters == {"kind": ["a", "b"], "year": {"gte": 1990}}
    assert query.budget_ms is not None
    assert 240_000 < query.budget_ms < 250_000.5, "it runs since the query has arrived"
    assert usual.budget_ms is not None
    assert usual.budget_ms < KNOWN[DEFAULT].budget_ms
    assert (usual_name, usual.limit, usual.filters) == (DEFAULT, 10, {})
    assert query.query_id != usual.query_id


def test_a_query_whose_time_is_over_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has waited for a thread: an answer would come when nobody waits for it any more."""
    served = StandIn()
    clock = iter([0.0, 2.5])
    monkeypatch.setattr("api.guard.time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr("api.routes.search.time", SimpleNamespace(monotonic=lambda: next(clock)))
    reply = client_of(served).get("/v1/search?q=x&budget_ms=2500")
    assert reply.status_code == 503
    error = reply.json()["error"]
    assert error["code"] == "overloaded"
    assert "has waited 2,500 ms for its turn, longer than its time of 2,500 ms" in error["message"]
    assert served.asked == []


def test_alive_without_asking_anybody() -> None:
    """It answers though nothing can be searched."""

    def fail() -> None:
        raise AssertionError

    reply = client_of(StandIn(before=fail)).get("/v1/health")
    assert reply.status_code == 200
    HealthReply.model_validate_json(reply.content, strict=True)


def test_alive_while_every_thread_waits() -> None:
    """As they do for an engine that hangs."""
    web = client_of(StandIn()).app

    async def asked() -> Response:
        threads = current_default_thread_limiter()
        threads.total_tokens = 1
        async with (
            threads,
            AsyncClient(transport=ASGITransport(web), base_url="http://x") as client,
        ):
            return await asyncio.wait_for(client.get("/v1/health"), 5)

    assert asyncio.run(asked()).json() == {"alive": True}


def test_ready() -> None:
    """How everything is."""
    reply = client_of(StandIn()).get("/v1/ready")
    assert reply.status_code == 200
    assert ReadyReply.model_validate_json(reply.content, strict=True).release == 3


def test_not_ready() -> None:
    """503, and what to do."""

    def fail() -> None:
        raise NotReady("no search can be answered: none was indexed", hint="index something")

    reply = client_of(StandIn(before=fail)).get("/v1/ready")
    assert reply.status_code == 503
    error = reply.json()["error"]
    assert (error["code"], error["hint"]) == ("not_ready", "index something")


def test_every_operation_is_described() -> None:
    """A summary, its own reply and the error shape; every parameter has a meaning and its limits.
    No reply is one that is never sent.
    """
    api = client_of(StandIn()).get("/v1/openapi.json").json()
    assert {*api["paths"]} == {"/v1/search", "/v1/health", "/v1/ready"}
    for operations in api["paths"].values():
        assert {*operations} == {"get"}
        operation = operations["get"]
        assert operation["summary"]
        assert operation["description"]
        assert {*operation["responses"]} == {"200", "default"}
        assert all(item["description"] for item in operation.get("parameters", ()))
    search = api["paths"]["/v1/search"]["get"]
    limits = {item["name"]: item["schema"] for item in search["parameters"]}
    assert (limits["limit"]["minimum"], limits["limit"]["maximum"]) == (1, 1_000)
    assert limits["q"]["maxLength"] == 4_000
    assert limits["budget_ms"]["maximum"] == 600_000


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_meaning(code: str) -> None:
    """A sentence, and a status that says whose fault it is."""
    told = CODES[code]
    assert told.meaning.endswith(".")
    assert told.status in {400, 404, 405, 413, 414, 500, 503}
