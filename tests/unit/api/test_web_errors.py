"""Whatever is asked wrongly, or goes wrong: one shape, one closed list of codes."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guard import Guard
from api.http_errors import (
    CODES,
    MAXIMUM_ADDRESS_BYTES,
    MAXIMUM_BODY_BYTES,
    answer_errors,
    error_reply,
)
from tandem.errors import (
    CollectionNotFound,
    EngineUnavailable,
    SearchUnavailable,
    SettingsError,
)
from tandem.queries import MAXIMUM_LIMIT, MAXIMUM_TEXT_CHARACTERS
from tests.logs import logged
from tests.web_client import StandIn, client_of, error_of, fail_with

LONG = "x" * (MAXIMUM_TEXT_CHARACTERS + 1)


@pytest.mark.parametrize(
    ("asked", "code", "field", "said", "hint"),
    [
        ("?qq=x", "bad_parameter", "qq", "there is no such parameter", "did you mean 'q'?"),
        ("?q=x&limt=3", "bad_parameter", "limt", "no such parameter", "did you mean 'limit'?"),
        ("?q=x&zzz=3", "bad_parameter", "zzz", "no such parameter", "known: budget_ms, cl"),
        ("?q=x&q=y", "bad_parameter", "q", "q: is given 2 times, expected once", None),
        (f"?{'z' * 9_000}=3", "bad_parameter", "z" * 249 + "…" + "z" * 249, "parameter", "known: "),
        ("?q=x&limit=ten", "bad_parameter", "limit", 'a whole number, found "ten"', None),
        ("?q=x&limit=2.5", "bad_parameter", "limit", "expected a whole number, found 2.5", None),
        ("?q=x&limit=", "bad_parameter", "limit", 'expected a whole number, found ""', None),
        (f"?q=x&limit={'9' * 5000}", "bad_parameter", "limit", "limit: ", None),
        ("?q=x&budget_ms=soon", "bad_parameter", "budget_ms", "expected a number", None),
        ("?q=x&explain=maybe", "bad_parameter", "explain", "expected true or false", None),
        ("?q=x&limit=0", "bad_query", "limit", f"expected 1 to {MAXIMUM_LIMIT:,}", None),
        ("?q=x&limit=99999999999999999999", "bad_query", "limit", "expected 1 to", None),
        ("?q=x&budget_ms=nan", "bad_parameter", "budget_ms", "expected a number, found", None),
        ("?q=x&budget_ms=0", "bad_query", "budget_ms", "at most 600,000", None),
        (f"?q={LONG}", "bad_query", "q", "4,001 characters, at most 4,000 are allowed", None),
        ("?q=x&configuration=hybird", "bad_query", "configuration", "no config", "did you mean"),
        ("?q=x&filter={", "bad_filter", "filter", "filter is not JSON", "for example"),
        ("?q=x&filter=[]", "bad_filter", "filter", "expected a JSON object, found list", "for"),
        ('?q=x&filter={"kid":1}', "bad_filter", "filter", "filter.kid: no such field", "'kind'"),
        ('?q=x&filter={"year":"x"}', "bad_filter", "filter", "expected a whole number", None),
    ],
)  # fmt: skip
def test_bad_parameters(
    asked: str, code: str, field: str | None, said: str, hint: str | None
) -> None:
    """What, where, what was expected; nothing is searched."""
    served = StandIn()
    error = error_of(client_of(served).get(f"/v1/search{asked}"))
    assert (error["code"], error["field"]) == (code, field)
    assert said in error["message"]
    assert len(error["message"]) <= 500
    assert error["hint"] is None if hint is None else hint in error["hint"]
    assert served.asked == []


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v1/serch", "did you mean '/v1/search'?"),
        ("/v1/search/", "did you mean '/v1/search'?"),
        ("/v1", "known: /, /health/live, /health/ready, /judge, /metrics, "),
        ("/docs", "known: "),
        ("/v1/%0d%0aset-cookie", "known: "),
    ],
)
def test_unknown_paths(path: str, hint: str) -> None:
    """The nearest path, or all there are; no page of the framework's."""
    error = error_of(client_of(StandIn()).get(path))
    assert error["code"] == "not_found"
    assert hint in error["hint"]
    assert "\n" not in error["message"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/v1/openapi.json"])
def test_no_route_takes_what_it_does_not_know(path: str) -> None:
    """A parameter that nobody reads is told, wherever it is."""
    error = error_of(client_of(StandIn()).get(f"{path}?verbose=1"))
    assert (error["code"], error["field"]) == ("bad_parameter", "verbose")


def test_another_method() -> None:
    """Told in the header too."""
    reply = client_of(StandIn()).put("/health/ready", content=b"{}")
    assert error_of(reply)["message"] == "PUT is not possible at /health/ready, expected GET"
    assert reply.headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/search", "GET, POST"), ("/v1/documents/a/b/similar", "GET"), ("/", "GET, HEAD")],
)
def test_every_method_of_a_path_is_told(path: str, allowed: str) -> None:
    """Also where two routes share it."""
    reply = client_of(StandIn()).delete(path)
    assert (error_of(reply)["code"], reply.headers["allow"]) == ("method_not_allowed", allowed)


@pytest.mark.parametrize("code", CODES)
def test_who_may_ask_again_is_told_when(code: str) -> None:
    """What may be over soon; a server that is not ready may be so for long."""
    again = error_reply(code, "said").headers.get("retry-after")
    is_soon = CODES[code].status == 503 and code != "not_ready"
    assert again == ("1" if is_soon else None)


def test_too_long() -> None:
    """The message says how much there was and how much may be."""
    client = client_of(StandIn())
    longest = "\U0001f30d" * MAXIMUM_TEXT_CHARACTERS
    assert client.get("/v1/search", params={"q": longest}).status_code == 200
    error = error_of(client.post("/v1/search", content=b"x" * (MAXIMUM_BODY_BYTES + 1)))
    assert error["code"] == "body_too_large"
    assert "1,048,577 bytes, at most 1,048,576 are allowed" in error["message"]


def test_a_body_that_turns_out_too_large() -> None:
    """Its length was not told; it is not read to the end."""
    web, read = FastAPI(), list[bytes]()

    @web.post("/")
    async def take(request: Request) -> None:
        read.append(await request.body())

    answer_errors(web, ["/"])
    client = TestClient(Guard(web))
    pieces = [b"x" * MAXIMUM_BODY_BYTES, b"x"]
    assert client.post("/", content=iter(pieces[:1])).status_code == 200
    error = error_of(client.post("/", content=iter(pieces)))
    assert error["code"] == "body_too_large"
    assert "more than the 1,048,576 bytes" in error["message"]
    assert len(read) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SearchUnavailable("no leg could answer", hint="wait"), "search_unavailable"),
        (CollectionNotFound("there is none", hint="index"), "collection_not_found"),
    ],
)
def test_errors_of_ours_keep_their_words(error: Any, code: str) -> None:
    """Code, message and hint."""
    told = error_of(client_of(fail_with(error)).get("/v1/search?q=x"))
    assert (told["code"], told["message"], told["hint"]) == (code, str(error), error.hint)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("secret"),
        EngineUnavailable("opensearch at http://secret:9200", hint="secret"),
        SettingsError("secret"),
    ],
)
def test_what_nobody_has_foreseen_stays_in_the_log(error: Exception) -> None:
    """The client learns that it failed, and where to look; the log has the traceback."""
    with logged() as records:
        reply = client_of(fail_with(error)).get("/v1/search?q=x")
    assert error_of(reply)["code"] == "internal"
    assert "secret" not in reply.text
    assert [record.getMessage() for record in records] == ["GET /v1/search failed"]
    assert records[0].exc_info is not None
    assert records[0].exc_info[1] is error


SCOPE: Scope = {
    "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"",
    "headers": [],
}  # fmt: skip


async def silence() -> Message:
    """A client that sends nothing more."""
    await asyncio.Event().wait()
    raise AssertionError


async def unasked(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application that nobody may come to."""
    raise AssertionError


def guarded(app: ASGIApp, **scope: Any) -> list[Message]:
    """What is sent where the application is guarded; an error that is let out is the last of it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    with suppress(ZeroDivisionError):
        asyncio.run(Guard(app)({**SCOPE, **scope}, silence, send))
        return sent
    return [*sent, {"type": "raised"}]


def test_half_a_reply_is_broken_off() -> None:
    """A second one would be read as the rest of it."""

    async def fail(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with logged() as records:
        sent = guarded(fail)
    assert [message["type"] for message in sent] == ["http.response.start", "raised"]
    assert len(records) == 1


def test_who_leaves_amid_a_body_is_no_fault() -> None:
    """Nobody is there to be told, and nothing failed here."""
    sent: list[Message] = []

    async def left() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {**SCOPE, "method": "POST", "path": "/v1/events", "raw_path": b"/v1/events"}
    scope |= {"headers": [(b"content-type", b"application/json")], "app": None}

    async def ask() -> None:
        await client_of(StandIn()).app(scope, left, send)

    with logged() as records:
        asyncio.run(ask())
    assert sent == []
    assert records == []


@pytest.mark.parametrize("is_begun", [False, True])
def test_what_is_cut_off_at_the_end(is_begun: bool) -> None:
    """Told as every error is, and no fault for the log; half a reply is broken off."""
    sent: list[Message] = []
    start: Message = {"type": "http.response.start", "status": 200, "headers": []}

    async def send(message: Message) -> None:
        sent.append(message)

    async def wait(_scope: Scope, _receive: Receive, send: Send) -> None:
        if is_begun:
            await send(start)
        await asyncio.Event().wait()

    async def cut_off() -> None:
        task = asyncio.create_task(Guard(wait)({**SCOPE}, silence, send))
        await asyncio.sleep(0)
        task.cancel()
        await task

    if is_begun:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(cut_off())
        assert sent == [start]
    else:
        asyncio.run(cut_off())
        assert [message.get("status") for message in sent] == [503, None]
        assert b'"stopping"' in sent[1]["body"]


def test_an_address_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before anybody reads it; how much there was is said."""
    monkeypatch.setattr("api.guard.READ_AWAY_SECONDS", 0.01)
    start, body = guarded(unasked, query_string=b"q" * MAXIMUM_ADDRESS_BYTES)
    assert start["status"] == 414
    assert b"65,537 bytes, at most 65,536 are allowed" in body["body"]
    assert b'"address_too_long"' in body["body"]


def test_a_body_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who announces a body that is too large and sends nothing is refused all the same."""
    monkeypatch.setattr("api.guard.READ_AWAY_SECONDS", 0.01)
    announced = [(b"content-length", str(MAXIMUM_BODY_BYTES + 1).encode())]
    assert guarded(unasked, headers=announced)[0]["status"] == 413
