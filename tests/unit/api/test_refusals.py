"""Who may ask, and by which name."""

import asyncio
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from api.guard import Guard
from api.refusals import hosts_of, is_cross_site, refusal
from tests.web_client import StandIn, client_of, error_of

CROSS = {"sec-fetch-site": "cross-site"}


def asked_by(host: str | None, hosts: frozenset[str] | None) -> Any:
    """The refusal of a request that says this host."""
    headers = [] if host is None else [(b"host", host.encode())]
    scope: Scope = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"",
        "headers": headers,
    }  # fmt: skip
    return refusal(scope, hosts)


@pytest.mark.parametrize(
    ("address", "names", "hosts"),
    [
        ("127.0.0.1", "", frozenset[str]()),
        ("localhost", "", frozenset[str]()),
        ("::1", "", frozenset[str]()),
        ("127.0.0.1", " Search.Example.org,box:80,", frozenset({"search.example.org", "box"})),
        ("0.0.0.0", "", None),
        ("box", "", None),
        ("0.0.0.0", "box", frozenset({"box"})),
    ],
)
def test_who_is_asked_for(address: str, names: str, hosts: frozenset[str] | None) -> None:
    """On loopback this machine's names alone; elsewhere any, unless the settings name some."""
    assert hosts_of(address, names) == hosts


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8765", "localhost", "LOCALHOST:1", "localhost.", "[::1]:8765", "[::1]",
        "127.1.2.3", "box:8765", "box", None,
    ],
)  # fmt: skip
def test_names_that_are_answered_to(host: str | None) -> None:
    """Whatever the port."""
    assert asked_by(host, frozenset({"box"})) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8765", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5",
        "", "[::2]:80", "evil.example:localhost", "localhost@evil.example",
    ],
)  # fmt: skip
def test_names_that_lead_here_from_elsewhere(host: str) -> None:
    """Nothing is told to whoever asks by them."""
    reply = asked_by(host, frozenset({"box"}))
    assert reply.status_code == 421
    assert b'"wrong_host"' in reply.body
    assert asked_by(host, None) is None


def test_the_guard_asks_for_the_name() -> None:
    """Before anything is answered."""

    async def unasked(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError

    error = error_of(TestClient(Guard(unasked, frozenset()), "http://evil.example:8765").get("/"))
    assert error["message"] == "this server is not asked by the name 'evil.example'"
    assert "server.hosts" in error["hint"]


@pytest.mark.parametrize(
    ("target", "path", "code"),
    [
        (b"http://localhost:1/v1/%C3%A9", "/v1/é", None),
        (b"HTTPS://[::1]", "/", None),
        (b"http://evil.example/health/live", "", 421),
    ],
)
def test_a_whole_url_may_be_asked_for(target: bytes, path: str, code: int | None) -> None:
    """As proxies do; its host is the one that counts."""
    seen: list[str] = []
    sent: list[Message] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["path"])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http", "method": "GET", "path": target.decode(), "raw_path": target,
        "query_string": b"", "headers": [(b"host", b"localhost")],
    }  # fmt: skip
    asyncio.run(Guard(app, frozenset())(scope, receive, send))
    assert seen == ([] if code else [path])
    assert [message["status"] for message in sent[:1]] == ([code] if code else [])


def test_another_sites_pages_leave_nothing_behind() -> None:
    """What a picture's address asks is no impression; what would be noted is refused."""
    served = StandIn()
    client = client_of(served)
    for site, recorded in (("cross-site", 0), ("same-origin", 1), ("same-site", 2), ("none", 3)):
        headers = {"sec-fetch-site": site}
        assert client.get("/v1/search?q=x&user_id=u", headers=headers).status_code == 200
        assert len(served.recorded) == recorded
    event = {"action_name": "click", "timestamp": "2026-11-21T09:30:00Z"}
    assert error_of(client.post("/v1/events", json=event, headers=CROSS))["code"] == "cross_site"
    assert served.told == []
    assert is_cross_site(Headers(CROSS))
    assert not is_cross_site(Headers())
