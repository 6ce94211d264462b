"""Requests to a server, and what it replies."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import orjson

from tandem.client.errors import ServerUnavailable, error_of, no_reply
from tandem.errors import SettingsError

Reply = TypeVar("Reply")
Read = Callable[[Any], Reply]
"""Makes of a reply's JSON what is wanted of it; fails in any way where it is another's."""

MISREAD = (AttributeError, LookupError, TypeError, ValueError)


class Transport:
    """Asks one server. Thread-safe. ``http`` stands in for the transport of httpx."""

    def __init__(
        self, url: str, timeout_seconds: float, http: httpx.BaseTransport | None = None
    ) -> None:
        if not _is_address(url):
            raise SettingsError(
                f"{url!r} is no address of a server", hint="for example http://127.0.0.1:8765"
            )
        self.url = url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._http = httpx.Client(timeout=timeout_seconds, transport=http, trust_env=False)

    def get(
        self,
        path: str,
        parameters: Mapping[str, str],
        read: Read[Reply],
        seconds: float | None = None,
    ) -> Reply:
        """What is at a path; see ``_asked`` for the errors."""
        return self._asked(read, seconds, method="GET", path=path, params=dict(parameters))

    def post(
        self, path: str, body: bytes, read: Read[Reply], seconds: float | None = None
    ) -> Reply:
        """What comes of a body in JSON; see ``_asked`` for the errors."""
        headers = {"content-type": "application/json"}
        return self._asked(read, seconds, method="POST", path=path, content=body, headers=headers)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _asked(self, read: Read[Reply], seconds: float | None, **request: Any) -> Reply:
        """The reply, as it is read.

        Raises:
            ServerUnavailable: there is none.
            ServerFailed: it is none of ``tandem serve``.
            TandemError: the server's own error, as what it is.
        """
        reply = self._answered(seconds or self.timeout_seconds, **request)
        try:
            data = orjson.loads(reply.content)
        except ValueError:
            raise no_reply(f"status {reply.status_code}") from None
        if not reply.is_success:
            raise error_of(reply.status_code, data)
        try:
            return read(data)
        except MISREAD as error:
            raise no_reply(f"status {reply.status_code}") from error

    def _answered(self, seconds: float, *, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(url=self.url + path, timeout=seconds, **request)
        except httpx.TimeoutException as error:
            raise ServerUnavailable(
                f"the server at {self.url} did not answer within {seconds:g} s",
                hint="see whether it is well: GET /health/ready",
            ) from error
        except httpx.DecodingError as error:
            raise no_reply("a body that is not encoded as it says") from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise ServerUnavailable(
                f"the server at {self.url} cannot be reached: {error}",
                hint="start it: tandem serve; or correct the address",
            ) from error


def _is_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)
