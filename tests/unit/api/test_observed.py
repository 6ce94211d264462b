"""Every request is counted, and has its line where lines are kept."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import pytest
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Caller
from api.metrics import Answered, Metrics
from api.observed import Observed
from api.serving import Serving
from api.web import Operation, create_web
from tests.web_client import StandIn

KEPT = {
    "time", "method", "route", "status", "total_ms", "bytes", "key", "error", "query_id", "release",
    "configuration", "hits", "degraded", "stages_ms",
}  # fmt: skip
"""All that a line ever has."""


@dataclass
class Ended:
    """The ``Metrics`` that are told of requests."""

    begun_count: int = 0
    requests: list[Answered] = field(default_factory=list)

    def begun(self) -> None:
        """See ``Metrics``."""
        self.begun_count += 1

    def ended(self, answered: Answered) -> None:
        """See ``Metrics``."""
        self.requests.append(answered)


@dataclass
class Lines:
    """An access log's lines."""

    texts: list[str] = field(default_factory=list)

    def info(self, line: str) -> None:
        """See ``logging.Logger``."""
        self.texts.append(line)

    def last(self) -> Any:
        """The last one, read."""
        return orjson.loads(self.texts[-1])


@dataclass
class Observing:
    """Asks an application, and sees what becomes known of that."""

    served: StandIn = field(default_factory=StandIn)
    ended: Ended = field(default_factory=Ended)
    lines: Lines = field(default_factory=Lines)
    caller: Caller = field(default_factory=lambda: Caller("k7", frozenset({"search", "admin"})))

    def __post_init__(self) -> None:
        """The application is made once."""
        operation = Operation(cast("Metrics", self.ended), cast("logging.Logger", self.lines))
        serving = cast("Serving", self.served)
        web = create_web(serving, recognise=lambda _: self.caller, operation=operation)
        self.client = TestClient(web)

    def asked(self, method: str, path: str, **more: Any) -> tuple[Response, Answered, Any]:
        """The reply, what is counted, and the line."""
        reply = self.client.request(method, path, **more)
        return reply, self.ended.requests[-1], self.lines.last()


@pytest.fixture(scope="module")
def observing() -> Observing:
    """One for all."""
    return Observing()


def test_a_search(observing: Observing) -> None:
    """Which query, how long each stage took, what was missing, who asked; and nothing else."""
    reply, counted, line = observing.asked("GET", "/v1/search?q=secret&user_id=ann")
    assert counted.result is not None
    assert counted[:3] == ("/v1/search", "GET", "200")
    assert {*line} == KEPT
    assert line["query_id"] == reply.json()["query_id"]
    assert (line["key"], line["status"], line["hits"]) == ("k7", "200", 2)
    assert line["stages_ms"] == {"total": 1.235}
    assert line["degraded"] == [{"leg": "vector", "reason": "timeout"}]
    assert line["bytes"] == len(reply.content)
    assert line["total_ms"] > 0
    told = observing.lines.texts[-1]
    assert "secret" not in told
    assert "ann" not in told


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/documents/secret/similar", ("/v1/documents/{document_id}/similar", "GET")),
        ("GET", "/v1/secret", ("unmatched", "GET")),
        ("SECRET", "/v1/search", ("/v1/search", "other")),
        ("DELETE", "/v1/search", ("/v1/search", "DELETE")),
        ("GET", "/page/main.js", ("/page/{name}", "GET")),
    ],
)
def test_paths_and_methods_are_few(
    observing: Observing, method: str, path: str, expected: tuple[str, str]
) -> None:
    """However many there are to be asked for: each would be a series for ever."""
    _, counted, line = observing.asked(method, path)
    assert (line["route"], line["method"]) == counted[:2]
    assert "secret" not in observing.lines.texts[-1].lower()
    assert counted[:2] == expected


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/search?limit=0", "bad_query"),
        ("GET", "/v1/nothing", "not_found"),
        ("POST", "/v1/events", "cross_site"),
    ],
)
def test_errors_are_told_by_their_code(
    observing: Observing, method: str, path: str, code: str
) -> None:
    """Wherever they come from: a route, the framework, what stands around them."""
    reply, counted, line = observing.asked(method, path, headers={"sec-fetch-site": "cross-site"})
    assert reply.json()["error"]["code"] == code
    assert (counted.code, line["error"], counted.result) == (code, code, None)


def test_what_fails_is_an_error_too(observing: Observing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has foreseen it."""

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(observing.served, "before", fail)
    _, counted, _ = observing.asked("GET", "/v1/search?q=x")
    assert (counted.status, counted.code) == ("500", "internal")


def test_who_lacks_a_scope_is_counted(
    observing: Observing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says whose key it was."""
    monkeypatch.setattr(observing, "caller", Caller("k8", frozenset({"search"})))
    _, counted, line = observing.asked("GET", "/metrics")
    assert (counted.status, counted.code, line["key"]) == ("403", "forbidden", "k8")


async def unasked() -> Message:
    """Nobody reads what is sent."""
    raise AssertionError


def counted_of(app: ASGIApp) -> Answered:
    """What is counted of an application; what it lets out is let out."""
    ended = Ended()
    scope: Scope = {"type": "http", "method": "GET", "path": "/"}

    async def send(_: Message) -> None: ...

    with suppress(ZeroDivisionError):
        asyncio.run(Observed(app, cast("Metrics", ended))(scope, unasked, send))
    assert ended.begun_count == len(ended.requests) == 1
    return ended.requests[0]


def test_who_goes_before_a_reply() -> None:
    """Is no status; and what fails on the way out is counted as well."""

    async def leave(_scope: Scope, _receive: Receive, _send: Send) -> None: ...

    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    assert [counted_of(app).status for app in (leave, fail)] == ["none", "none"]
