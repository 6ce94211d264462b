"""What a browser is told to do with a reply, and whose pages may ask; what the log does not say."""

import logging
from typing import cast

import pytest
from starlette.testclient import TestClient

from api.access import Caller
from api.refusals import origins_of
from api.serving import Serving
from api.web import create_web
from tandem.errors import EngineUnavailable, SettingsError
from tests.logs import logged
from tests.web_client import StandIn, client_of, error_of, fail_with

SHOP = "https://shop.example"
CROSS = {"origin": SHOP, "sec-fetch-site": "cross-site"}


def limited(key: str | None) -> Caller:
    """Everybody may ask once, and after long again."""
    return Caller("k", frozenset({"search"}), None, 0.01)


@pytest.fixture(scope="module")
def served() -> StandIn:
    """What is served."""
    return StandIn()


@pytest.fixture(scope="module")
def client(served: StandIn) -> TestClient:
    """An application that pages of the shop may ask, and nobody often."""
    web = create_web(cast("Serving", served), recognise=limited, origins=[SHOP])
    return TestClient(web)


@pytest.mark.parametrize(
    "path", ["/v1/search", "/v1/search?limit=x", "/nowhere", "/v1/openapi.json", "/health/live"]
)
def test_every_reply_is_safe(path: str) -> None:
    """Also an error: no browser guesses what it is, frames it or keeps it."""
    reply = client_of(StandIn()).get(path)
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"


def test_what_is_refused_or_fails_is_safe() -> None:
    """Before any route is looked at, and where one breaks."""
    refused = client_of(StandIn()).post("/v1/events", headers={"sec-fetch-site": "cross-site"})
    failed = client_of(fail_with(ZeroDivisionError())).get("/v1/search")
    for reply, code in ((refused, "cross_site"), (failed, "internal")):
        assert error_of(reply)["code"] == code
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_the_page_has_its_own() -> None:
    """It may use its own files."""
    reply = client_of(StandIn()).get("/")
    assert "default-src 'self'" in reply.headers["content-security-policy"]
    assert reply.headers["cache-control"] == "no-cache"


def test_too_many_requests(client: TestClient) -> None:
    """Are refused at once, and told when to come again; what is open to all is not counted."""
    replies = [client.get("/v1/search?q=a") for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 429]
    error = error_of(replies[-1])
    assert error["code"] == "too_many_requests"
    assert "the key k takes 0.01 requests a second" in error["message"]
    assert 1 < int(replies[-1].headers["retry-after"]) <= 100
    assert client.get("/health/live").status_code == 200


def test_a_page_of_a_named_origin_may_ask(client: TestClient, served: StandIn) -> None:
    """Its browser asks first whether it may; what it then sends is taken, and counts."""
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, if-match, if-none-match",
    }
    allowed = client.options("/v1/search", headers={**CROSS, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == SHOP
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    served.recorded.clear()
    web = TestClient(create_web(cast("Serving", served), origins=[SHOP]))
    reply = web.post("/v1/search", json={"q": "snow"}, headers=CROSS)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == SHOP
    assert len(served.recorded) == 1


def test_a_page_of_another_origin_may_not(client: TestClient) -> None:
    """Nor any at all where none is named."""
    other = {**CROSS, "origin": "https://evil.example"}
    for asked in (client, client_of(StandIn())):
        refused = asked.post("/v1/search", json={"q": "snow"}, headers=other)
        assert error_of(refused)["code"] == "cross_site"
        assert "access-control-allow-origin" not in refused.headers
    assert "access-control-allow-origin" not in client_of(StandIn()).options("/v1/search").headers


@pytest.mark.parametrize(
    ("names", "origins"),
    [
        ("", set()),
        (
            f" {SHOP} , http://localhost:3000,http://[::1]:8",
            {SHOP, "http://localhost:3000", "http://[::1]:8"},
        ),
    ],
)
def test_origins(names: str, origins: set[str]) -> None:
    """As the setting has them."""
    assert origins_of(names) == origins


@pytest.mark.parametrize(
    "name", ["*", "shop.example", f"{SHOP}/", f"{SHOP}/shop", "HTTPS://x", "null"]
)
def test_what_is_no_origin(name: str) -> None:
    """No browser would ever send it."""
    with pytest.raises(SettingsError, match="which is no origin") as raised:
        origins_of(f"{SHOP},{name}")
    assert "https://shop.example" in raised.value.hint


def test_the_log_tells_of_nobody() -> None:
    """Neither who asked nor what, however it ends."""
    told = {"q": "secretive illness", "user_id": "secretive-ann", "session_id": "secretive-session"}
    path = "/v1/documents/secretive-document/similar"
    broken = [fail_with(ZeroDivisionError()), fail_with(EngineUnavailable("x"))]
    with logged("api") as api, logged("query") as query:
        for served in (StandIn(), *broken):
            client = client_of(served)
            client.get("/v1/search", params=told)
            client.post("/v1/search", json=told)
            client.get("/v1/search", params={**told, "limit": "secretive"})
            client.get(path, params={"user_id": "secretive-ann"})
            client.get("/v1/suggest", params={"q": "secretive"})
            client.post("/v1/events", json={"user_id": "secretive-ann", "action_name": "secretive"})
            client.get("/secretive")
    assert any(record.exc_info for record in api)
    shown = [logging.Formatter().format(record) for record in (*api, *query)]
    assert not [line for line in shown if "secretive" in line]
