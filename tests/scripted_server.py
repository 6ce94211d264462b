"""A server that answers as it is told, one request after the other."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import orjson

from tandem.client import Client

Answer = httpx.Response | type[httpx.RequestError]
"""What a request gets: a reply, or what breaks in its place."""


def client_told(answer: Callable[[httpx.Request], httpx.Response], **how: Any) -> Client:
    """A client of whatever answers so."""
    return Client("http://testserver", http=httpx.MockTransport(answer), **how)


class Script:
    """Gives each request the next of the ``answers``, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.MockTransport``."""
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("as the script says", request=request)

    @property
    def bodies(self) -> list[Any]:
        """What was sent, as JSON."""
        return [orjson.loads(request.content) for request in self.asked]

    @property
    def batches(self) -> list[list[Any]]:
        """What was sent, line by line."""
        return [list(map(orjson.loads, request.content.splitlines())) for request in self.asked]


def failing(status: int, code: str, **headers: str) -> httpx.Response:
    """An error of the server."""
    error = {"code": code, "message": f"it is {code}", "field": None, "hint": "next", "docs": "d"}
    return httpx.Response(status, json={"error": error}, headers=headers)


def lines(*told: Mapping[str, Any], breaks: bool = False) -> httpx.Response:
    """A reply line by line, of which the last may break off."""

    def parts() -> Iterator[bytes]:
        for one in told:
            yield orjson.dumps(one)[:5]
            yield orjson.dumps(one)[5:] + b"\n"
        if breaks:
            yield b'{"line": '
            raise httpx.RemoteProtocolError("peer closed connection")

    return httpx.Response(200, content=parts())


@contextmanager
def hanging_up(*replies: bytes) -> Iterator[tuple[str, Sequence[bytes]]]:
    """The address of a real server that takes a request a connection, sends the next of the
    ``replies``, whole or not, and hangs up; and the bodies that it has read.
    """
    read: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as bound:

        def serve() -> None:
            for reply in replies:
                connection, _ = bound.accept()
                with connection, connection.makefile("rb") as sent:
                    length = 0
                    while (line := sent.readline()) not in (b"\r\n", b""):
                        name, _, value = line.partition(b":")
                        length = int(value) if name.lower() == b"content-length" else length
                    read.append(sent.read(length))
                    connection.sendall(reply)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{bound.getsockname()[1]}", read
        serving.join(60)
