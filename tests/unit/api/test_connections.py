"""Connections: silent ones end, and what is no request is refused as everything is."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import orjson
import pytest
from fastapi import FastAPI, Request
from uvicorn import Config
from uvicorn.server import ServerState

from api.connections import Connection
from api.guard import Guard
from api.http_errors import Json
from api.listening import bound_to, listening
from api.overload import IS_FULL, Bounded
from api.wire import ErrorReply

HALF = b"GET / HTTP/1.1\r\nhost: x\r\n"
WHOLE = HALF + b"\r\n"


async def length(request: Request) -> int:
    """Of the body."""
    return len(await request.body())


@contextmanager
def connected(*around: type[Bounded | Guard]) -> Iterator[socket.socket]:
    """A client of a server."""
    web = FastAPI(openapi_url=None)
    web.get("/")(lambda: "done")
    web.post("/length")(length)
    web.post("/v1/documents:batch")(length)
    for middleware in around:
        web.add_middleware(middleware)
    with listening(web, bound_to("127.0.0.1", 0), threading.Event()) as address:
        port = int(address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            yield client


def told(client: socket.socket, sent: bytes) -> tuple[bytes, ErrorReply]:
    """The head of a reply that ends the connection, and its body."""
    client.sendall(sent)
    reply = b"".join(iter(lambda: client.recv(65_536), b""))
    head, _, body = reply.partition(b"\r\n\r\n")
    return head.lower(), ErrorReply.model_validate(orjson.loads(body), strict=True)


def is_hung_up(client: socket.socket, sent: bytes) -> bool:
    """Whether the server ends the connection, without a word, after that was sent."""
    try:
        client.sendall(sent)
        return client.recv(65_536) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [b"", HALF])
def test_who_is_silent_is_hung_up(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Before its first request, and amid a head."""
    monkeypatch.setattr("api.connections.SILENCE_SECONDS", 0.01)
    with connected() as client:
        assert is_hung_up(client, sent)


def test_who_is_silent_amid_a_later_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer before does not help it."""
    with connected() as client:
        client.sendall(WHOLE)
        reply = b""
        while not reply.endswith(b'"done"'):
            reply += client.recv(65_536)
        monkeypatch.setattr("api.connections.SILENCE_SECONDS", 0.01)
        assert is_hung_up(client, HALF)


def test_who_sends_a_body_by_drops_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though something comes all the time."""
    monkeypatch.setattr("api.connections.BODY_SECONDS", 0.05)
    with connected(Guard) as client:
        client.sendall(b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
        assert any(is_hung_up_within(client, 0.01, b"x") for _ in range(1_000))


def is_hung_up_within(client: socket.socket, seconds: float, sent: bytes) -> bool:
    """See ``is_hung_up``; not within that time is none."""
    client.settimeout(seconds)
    with suppress(TimeoutError):
        return is_hung_up(client, sent)
    return False


def test_a_batch_may_come_as_slowly_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are answered one by one."""
    monkeypatch.setattr("api.connections.BODY_SECONDS", 0.01)
    head = b"POST /v1/documents:batch HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nx"
    with connected() as client:
        assert not is_hung_up_within(client, 0.1, head)
        client.settimeout(10)
        client.sendall(b"y")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")


class Wire(asyncio.Transport):
    """Leads nowhere."""

    def write(self, data: object) -> None:
        """See ``asyncio.Transport``."""

    def is_closing(self) -> bool:
        """See ``asyncio.Transport``."""
        return False

    def close(self) -> None:
        """See ``asyncio.Transport``."""


def test_who_waits_for_an_answer_is_not_silent() -> None:
    """However long that takes."""

    async def silences() -> list[bool]:
        config = Config(Json("done"), http=Connection, ws="none", lifespan="off", log_config=None)
        state, seen = ServerState(), list[bool]()
        connection = Connection(config, state, {})
        connection.connection_made(Wire())
        for data in (HALF, WHOLE[len(HALF) :]):
            seen.append(connection._hanging_up is not None)
            connection.data_received(data)
        seen.append(connection._hanging_up is not None)
        await asyncio.gather(*state.tasks)
        connection.connection_lost(None)
        return seen

    assert asyncio.run(silences()) == [True, True, False]


@pytest.mark.parametrize("sent", ["GET /?q=café HTTP/1.1\r\n\r\n", "café\r\n\r\n"])
def test_what_is_no_request(sent: str) -> None:
    """Such as an address with characters as they stand: the one shape, and what to do."""
    with connected() as client:
        head, reply = told(client, sent.encode())
    assert head.startswith(b"http/1.1 400 bad request")
    assert b"content-type: application/json" in head
    assert (reply.error.code, reply.error.hint) == ("bad_request", "percent-encode the address")
    assert "more than 262,144 bytes" in reply.error.message


def test_what_is_no_body_behind_its_reply(caplog: pytest.LogCaptureFixture) -> None:
    """The reply was sent: there is nothing more to say, and no fault for the log."""
    with connected() as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        reply = b""
        while not reply.endswith(b"}"):
            reply += client.recv(65_536)
        assert reply.startswith(b"HTTP/1.1 405")
        assert is_hung_up(client, b"no number\r\n")
    assert [record.name for record in caplog.records if record.exc_info] == []


def test_who_asks_for_another_protocol(caplog: pytest.LogCaptureFixture) -> None:
    """Gets an answer by this one; a stranger must not fill the log."""
    with connected() as client:
        client.sendall(HALF + b"connection: close, upgrade\r\nupgrade: websocket\r\n\r\n")
        assert b"".join(iter(lambda: client.recv(65_536), b"")).endswith(b'"done"')
    assert caplog.records == []


def test_too_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks then is told, and not kept."""
    monkeypatch.setattr("api.connections.MAXIMUM_CONNECTIONS", 0)
    with connected(Bounded) as client:
        head, reply = told(client, WHOLE)
    assert head.startswith(b"http/1.1 503")
    assert b"connection: close" in head
    assert reply.error.code == "overloaded"


def test_who_was_there_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goes on being answered; so does whoever came too late, once somebody has gone."""
    monkeypatch.setattr("api.connections.MAXIMUM_CONNECTIONS", 1)

    async def refused() -> list[list[object]]:
        config = Config(Json("done"), http=Connection, ws="none", lifespan="off", log_config=None)
        state = ServerState()
        first, second = (Connection(config, state, {}) for _ in range(2))
        for connection in (first, second):
            connection.connection_made(Wire())

        def asked(*asking: Connection) -> list[object]:
            for connection in asking:
                connection.data_received(b"GET")
            return [connection.app_state[IS_FULL] for connection in asking]

        before = asked(first, second)
        first.connection_lost(None)
        after = asked(second)
        second.connection_lost(None)
        return [before, after]

    assert asyncio.run(refused()) == [[False, True], [False]]
