"""How the server ends: no reply is cut off, and clients learn not to come again."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from fastapi import FastAPI

from api.listening import bound_to, listening

ASK = b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n"


class Held:
    """A server whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.going, self.begun = threading.Event(), threading.Event()
        self.web = FastAPI(openapi_url=None)
        self.web.get("/held")(self._held)
        self._ending = threading.Event()
        self._bound = bound_to("127.0.0.1", 0)
        self.place = self._bound.getsockname()
        self._thread = threading.Thread(target=self._serve)

    def _held(self) -> str:
        self.begun.set()
        assert self.going.wait(30)
        return "done"

    def _serve(self) -> None:
        with listening(self.web, self._bound, threading.Event()):
            assert self._ending.wait(30)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Until the block is over."""
        self._thread.start()
        try:
            yield
        finally:
            self.going.set()
            self.end()

    def begin_to_end(self) -> None:
        """As a signal has it."""
        self._ending.set()

    def end(self) -> None:
        """And wait until it has."""
        self._ending.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def connect(self) -> socket.socket:
        """A client."""
        return socket.create_connection(self.place, timeout=30)


@pytest.fixture
def held() -> Iterator[Held]:
    """Serving."""
    made = Held()
    with made.serving():
        yield made


def reply_of(client: socket.socket) -> bytes:
    """One reply, and whether the connection is open behind it does not matter."""
    reply = b""
    while not reply.endswith(b'"done"'):
        part = client.recv(65_536)
        assert part, reply
        reply += part
    return reply.lower()


def until_refused(held: Held) -> None:
    """Wait until nobody can connect any more: the server has begun to end."""
    while True:
        try:
            held.connect().close()
        except ConnectionError:
            return


def test_what_is_being_answered_is_answered_and_told_not_to_come_again(held: Held) -> None:
    """The connection ends behind the reply."""
    with closing(held.connect()) as client:
        client.sendall(ASK)
        assert held.begun.wait(30)
        held.begin_to_end()
        until_refused(held)
        held.going.set()
        assert b"connection: close" in reply_of(client)
        assert client.recv(1) == b""


def test_who_asks_while_it_ends_is_answered(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request was on its way, over a connection that was open: it is no fault of the client's.
    It is answered, however long that takes.
    """
    monkeypatch.setattr("api.connections.LINGER_SECONDS", 5.0)
    held.going.set()
    with closing(held.connect()) as client, closing(held.connect()) as busy:
        client.sendall(ASK)
        assert b"connection: close" not in reply_of(client)
        held.going.clear()
        busy.sendall(ASK)
        held.begin_to_end()
        until_refused(held)
        client.sendall(ASK)
        held.going.set()
        assert b"connection: close" in reply_of(client)
        assert client.recv(1) == b""


def test_who_does_not_ask_is_hung_up(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an idle connection would keep the process."""
    monkeypatch.setattr("api.connections.LINGER_SECONDS", 0.01)
    held.going.set()
    with closing(held.connect()) as asked, closing(held.connect()) as silent:
        asked.sendall(ASK)
        reply_of(asked)
        held.end()
        assert (asked.recv(1), silent.recv(1)) == (b"", b"")
