"""Requests to a server, and its errors as errors."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from tandem.errors import (
    BadCursor,
    CollectionNotFound,
    CursorExpired,
    DocumentNotFound,
    FilterError,
    InputError,
    QueryError,
    SearchUnavailable,
    SettingsError,
    TandemError,
)


class ServerUnavailable(TandemError):
    """The server cannot be reached, or did not answer in time."""

    code = "server_unavailable"


class ServerFailed(TandemError):
    """The server could not do what it was asked; ``told`` is its own code."""

    code = "server_failed"

    def __init__(self, message: str, *, hint: str = "", told: str = "") -> None:
        super().__init__(message, hint=hint)
        self.told = told


class Refused(InputError):
    """The server does not take what it was sent; ``told`` is its own code, ``field`` what is
    meant.
    """

    code = "refused"

    def __init__(
        self, message: str, *, hint: str = "", told: str = "", field: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.told = told
        self.field = field


PLAIN: Mapping[str, Callable[..., TandemError]] = {
    "bad_cursor": BadCursor,
    "bad_filter": FilterError,
    "collection_not_found": CollectionNotFound,
    "cursor_expired": CursorExpired,
    "document_not_found": DocumentNotFound,
    "search_unavailable": SearchUnavailable,
}
"""What a code of the server is here."""


class Transport:
    """Asks one server. Thread-safe. ``http`` stands in for the transport of httpx."""

    def __init__(
        self, url: str, timeout_seconds: float, http: httpx.BaseTransport | None = None
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise SettingsError(
                f"{url!r} is no address of a server", hint="for example http://127.0.0.1:8765"
            )
        self.url = url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._http = httpx.Client(timeout=timeout_seconds, transport=http, trust_env=False)

    def get(self, path: str, parameters: Mapping[str, str]) -> Any:
        """What is at a path; see ``_asked`` for the errors."""
        return self._asked("GET", path, self.timeout_seconds, params=dict(parameters))

    def post(self, path: str, body: object, timeout_seconds: float | None = None) -> Any:
        """What comes of a body in JSON; see ``_asked`` for the errors."""
        try:
            content = orjson.dumps(body)
        except TypeError as error:
            raise Refused(f"what is asked cannot be written as JSON: {error}") from None
        headers = {"content-type": "application/json"}
        seconds = timeout_seconds or self.timeout_seconds
        return self._asked("POST", path, seconds, content=content, headers=headers)

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

    def _asked(self, method: str, path: str, seconds: float, **more: Any) -> Any:
        """The reply.

        Raises:
            ServerUnavailable: there is none.
            TandemError: the server's own error, as what it is.
        """
        try:
            reply = self._http.request(method, self.url + path, timeout=seconds, **more)
        except httpx.TimeoutException as error:
            raise ServerUnavailable(
                f"the server at {self.url} did not answer within {seconds:g} s",
                hint="see whether it is well: GET /v1/ready",
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServerUnavailable(
                f"the server at {self.url} cannot be reached: {error}",
                hint="start it: tandem serve; or correct the address",
            ) from error
        data = _content(reply)
        if reply.is_success and data is not None:
            return data
        raise _error(reply.status_code, data)


def _content(reply: httpx.Response) -> Any:
    try:
        return orjson.loads(reply.content)
    except ValueError:
        return None


def _error(status: int, data: Any) -> TandemError:
    told = data.get("error") if isinstance(data, dict) else None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        return ServerFailed(
            f"status {status}, and no reply of tandem serve",
            hint="see whether something else listens at that address",
        )
    code, message = told["code"], str(told.get("message"))
    hint, field = told.get("hint") or "", told.get("field")
    if code == QueryError.code:
        return QueryError(message, field=field or "", hint=hint)
    if code in PLAIN:
        return PLAIN[code](message, hint=hint)
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        return Refused(message, hint=hint, told=code, field=field)
    return ServerFailed(message, hint=hint, told=code)
