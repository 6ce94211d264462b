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
from query.suggesting import BUDGET_MS
from tandem.rankings import Correction, Degradation, Highlight
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
                "updated_at": None,
                "highlights": {"title": None, "body": None, "is_passage": False},
                "attributes": {"kind": "book", "tags": ["x", "y"]},
            },
            {
                "document_id": "b",
                "rank": 2,
                "score": 0.5,
                "title": None,
                "body": None,
                "updated_at": None,
                "highlights": {"title": None, "body": None, "is_passage": False},
                "attributes": None,
            },
        ],
        "total": None,
        "reachable": 0,
        "frozen": True,
        "facets": None,
        "cursor": None,
        "did_you_mean": None,
        "degraded": [
            {"leg": "vector", "reason": "timeout"},
            {"leg": "catalogue", "reason": "unavailable"},
        ],
        "milliseconds": {"total": 1.235},
    }
    SearchReply.model_validate_json(reply.content, strict=True)


def test_explained() -> None:
    """What each leg said, what each feature did, what rules did; what is not known is null."""
    result = {"notes": {"a": ("sale: pinned",)}, "applied": ("sale",), "left_out": ("sale: x",)}
    reply = client_of(StandIn(result=result)).get("/v1/search?q=snow&explain=true")
    SearchReply.model_validate_json(reply.content, strict=True)
    data = reply.json()
    assert (data["applied"], data["left_out"]) == (["sale"], ["sale: x"])
    assert data["hits"][0]["explain"] == {
        "legs": [
            {"leg": "lexical", "rank": 1, "score": 3.5, "share": 0.5},
            {"leg": "vector", "rank": None, "score": None, "share": 0.25},
        ],
        "features": [
            {"name": "lexical", "value": 1.0, "contribution": 0.75},
            {"name": "vector", "value": None, "contribution": 0.0},
        ],
        "rules": ["sale: pinned"],
    }


def test_everything_that_a_page_says() -> None:
    """Counts, the next page, the correction, the highlights; a hit that is gone has no content."""
    result = {
        "total": 12,
        "reachable": 10,
        "facets": {"kind": {"book": 7, "map": 5}},
        "cursor": "next",
        "is_frozen": False,
        "correction": Correction("snow", {"snwo": "snow"}),
        "highlights": {"a": Highlight(None, "about <mark>snow</mark>", is_passage=True)},
        "unread": frozenset(),
    }
    reply = client_of(StandIn(result=result)).get("/v1/search?q=snwo")
    SearchReply.model_validate_json(reply.content, strict=True)
    data = reply.json()
    assert (data["total"], data["reachable"], data["cursor"]) == (12, 10, "next")
    assert data["facets"] == {"kind": [{"value": "book", "count": 7}, {"value": "map", "count": 5}]}
    assert data["frozen"] is False
    assert data["did_you_mean"] == {"text": "snow", "words": {"snwo": "snow"}}
    shown, gone = data["hits"]
    assert shown["highlights"] == {
        "title": None,
        "body": "about <mark>snow</mark>",
        "is_passage": True,
    }
    assert gone == {"document_id": "b", "rank": 2, "score": 0.5, "gone": True}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("title", {"title": "Snow"}),
        ("body,kind", {"body": "about snow", "attributes": {"kind": "book"}}),
        ("year", {"attributes": {}}),
        ("updated_at", {"updated_at": None}),
        ("", {}),
    ],
)
def test_only_what_is_chosen(fields: str, told: dict[str, Any]) -> None:
    """The rest of a hit is absent."""
    reply = client_of(StandIn()).get(f"/v1/search?q=snow&fields={fields}")
    SearchReply.model_validate_json(reply.content, strict=True)
    assert reply.json()["hits"][0] == {"document_id": "a", "rank": 1, "score": 0.75, **told}


def test_parameters_reach_the_query() -> None:
    """Each is what the pipeline is asked; what is left out has the pipeline's default."""
    served = StandIn()
    client = client_of(served)
    given: dict[str, Any] = {
        "q": "naïve +50% & more",
        "limit": 3,
        "filter": '{"kind": ["a", "b"], "year": {"gte": 1990}}',
        "facets": "kind,year",
        "configuration": "lexical",
        "budget_ms": 250_000.5,
        "user_id": "u",
        "client_id": "c",
        "session_id": "s",
    }
    assert client.get("/v1/search", params=given).status_code == 200
    assert client.get("/v1/search?q=x").status_code == 200
    (name, query), (usual_name, usual) = served.asked
    assert (name, query.text, query.limit) == ("lexical", given["q"], 3)
    assert query.filters == {"kind": ["a", "b"], "year": {"gte": 1990}}
    assert query.facets == ("kind", "year")
    assert (query.user_id, query.client_id, query.session_id) == ("u", "c", "s")
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
    monkeypatch.setattr("api.routes.answering.time", SimpleNamespace(monotonic=lambda: next(clock)))
    reply = client_of(served).get("/v1/search?q=x&budget_ms=2500")
    assert reply.status_code == 503
    error = reply.json()["error"]
    assert error["code"] == "overloaded"
    assert "has waited 2,500 ms for its turn, longer than its time of 2,500 ms" in error["message"]
    assert served.asked == []


def test_suggestions_have_what_is_left_of_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever types has typed the next letter long before they get a thread."""
    served = StandIn()
    client = client_of(served)
    clock = iter([0.0, 0.3, 0.0, 0.5])
    monkeypatch.setattr("api.guard.time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr("api.routes.answering.time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert client.get("/v1/suggest?q=x").status_code == 200
    assert served.budgets == [BUDGET_MS - 300]
    assert client.get("/v1/suggest?q=x").json()["error"]["code"] == "overloaded"
    assert len(served.budgets) == 1


def test_alive_without_asking_anybody() -> None:
    """It answers though nothing can be searched."""

    def fail() -> None:
        raise AssertionError

    reply = client_of(StandIn(before=fail)).get("/health/live")
    assert reply.status_code == 200
    HealthReply.model_validate_json(reply.content, strict=True)


def test_alive_while_every_thread_waits() -> None:
    """As they do for an engine that hangs; and it says whether it is ready."""
    web = client_of(StandIn()).app

    async def asked() -> list[Response]:
        threads = current_default_thread_limiter()
        threads.total_tokens = 1
        async with (
            threads,
            AsyncClient(transport=ASGITransport(web), base_url="http://x") as client,
        ):
            asked = [client.get(f"/health/{what}") for what in ("live", "ready")]
            return await asyncio.wait_for(asyncio.gather(*asked), 5)

    alive, ready = asyncio.run(asked())
    assert alive.json() == {"alive": True}
    assert ready.json()["release"] == 3


def test_ready() -> None:
    """How everything is."""
    reply = client_of(StandIn()).get("/health/ready")
    assert reply.status_code == 200
    assert ReadyReply.model_validate_json(reply.content, strict=True).release == 3


def test_not_ready() -> None:
    """503, and what to do."""

    def fail() -> None:
        raise NotReady("no search can be answered: none was indexed", hint="index something")

    reply = client_of(StandIn(before=fail)).get("/health/ready")
    assert reply.status_code == 503
    error = reply.json()["error"]
    assert (error["code"], error["hint"]) == ("not_ready", "index something")


STATUSES = {400, 401, 403, 404, 405, 409, 410, 412, 413, 414, 415, 421, 429, 500, 503}


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_meaning(code: str) -> None:
    """A sentence, and a status that says whose fault it is."""
    told = CODES[code]
    assert told.meaning.endswith(".")
    assert told.status in {
        400,
        401,
        403,
        404,
        405,
        409,
        410,
        412,
        413,
        414,
        415,
        421,
        429,
        500,
        503,
    }
