"""A server that answers as it is told, one request after the other."""

from collections.abc import Callable, Iterator, Mapping
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
