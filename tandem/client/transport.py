"""Requests to a server, and what it replies."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
import orjson

from tandem.client.errors import (
    NOTHING_DONE,
    PASSING,
    ServerUnavailable,
    code_of,
    error_of,
    no_reply,
)
from tandem.client.patience import Again, patiently
from tandem.errors import SettingsError

Reply = TypeVar("Reply")
Read = Callable[[Any], Reply]
"""Makes of a reply's JSON what is wanted of it; fails in any way where it is another's."""

MISREAD = (AttributeError, LookupError, TypeError, ValueError)

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""No byte of the request has left."""

LOST = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException)
"""What passes, the former included; the request may have arrived, and may have been done."""

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2.0)
"""httpx's own, but that no idle connection is kept as long as a server keeps it (5 s): a request
would meet the server's hanging up.
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. ``is_repeatable``: done twice it is the same as done once, so that it may be
    sent again where no reply came. ``seconds`` is how long the reply is waited for, if not as long
    as for others.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    media_type: str = "application/json"
    is_repeatable: bool = True
    seconds: float | None = None


class Transport:
    """Asks one server. Thread-safe. Each request has ``timeout_seconds``, in which it is tried
    again up to ``retries`` times where that is safe. ``http`` stands in for the transport of httpx.

    Raises:
        SettingsError: the URL is none of a server, or the key cannot be one.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None,
        timeout_seconds: float,
        retries: int,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        if not _is_address(url):
            raise SettingsError(
                f"{url!r} is no address of a server", hint="for example http://127.0.0.1:8765"
            )
        self.url = url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._retries = retries
        self._http = httpx.Client(
            headers=_headers(key),
            timeout=timeout_seconds,
            limits=LIMITS,
            transport=http,
            trust_env=False,
        )

    def ask(self, request: Request, read: Read[Reply]) -> Reply:
        """The reply, as it is read.

        Raises:
            ServerUnavailable: there is none.
            ServerFailed: it is none of ``tandem serve``.
            TandemError: the server's own error, as what it is.
        """
        return self.patiently(lambda seconds: self._asked(request, read, seconds), request.seconds)

    def patiently(self, ask: Callable[[float], Reply], seconds: float | None = None) -> Reply:
        """What ``ask`` gives, within the seconds that it is told, tried again where it raises
        ``Again``.
        """
        return patiently(ask, self._retries, seconds or self.timeout_seconds)

    def lines(self, request: Request, read: Read[Reply], seconds: float) -> Iterator[Reply]:
        """One try: each line of the reply as it is read, as soon as it is there.

        Raises:
            Again: it failed, or its reply broke off; whoever asks knows what may be asked again.
            TandemError: as ``ask``.
        """
        with self._sent(request, seconds) as reply:
            if not reply.is_success:
                raise _failure(reply, _json(reply, reply.read()))
            for line in _lines(reply.iter_bytes()):
                yield _read(reply, _json(reply, line), read)

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

    def _asked(self, request: Request, read: Read[Reply], seconds: float) -> Reply:
        try:
            with self._sent(request, seconds) as reply:
                data = _json(reply, reply.read())
            if not reply.is_success:
                raise _failure(reply, data)
        except Again as again:
            raise again.judged(is_repeatable=request.is_repeatable) from again.__cause__
        return _read(reply, data, read)

    @contextmanager
    def _sent(self, request: Request, seconds: float) -> Iterator[httpx.Response]:
        """The reply's head; whatever breaks while the rest is read is told as well."""
        headers = {} if request.body is None else {"content-type": request.media_type}
        try:
            with self._http.stream(
                request.method,
                self.url + request.path,
                params=dict(request.parameters),
                content=request.body,
                headers=headers,
                timeout=seconds,
            ) as reply:
                yield reply
        except httpx.DecodingError as error:
            raise no_reply("a body that is not encoded as it says") from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise self._unanswered(error, seconds) from error

    def _unanswered(self, error: Exception, seconds: float) -> Exception:
        """What nobody answered, to be tried again where that may be of use."""
        if isinstance(error, httpx.TimeoutException):
            unavailable = ServerUnavailable(
                f"the server at {self.url} did not answer within {seconds:.3g} s",
                hint="see whether it is well: GET /health/ready",
            )
        else:
            unavailable = ServerUnavailable(
                f"the server at {self.url} cannot be reached: {error}",
                hint="start it: tandem serve; or correct the address",
            )
        is_undone = isinstance(error, UNSENT)
        return Again(unavailable, is_undone=is_undone) if isinstance(error, LOST) else unavailable


def _failure(reply: httpx.Response, data: Any) -> Exception:
    """The error that a reply tells, to be tried again where that may be of use."""
    error = error_of(reply.status_code, data)
    told = code_of(data)
    if told not in PASSING:
        return error
    return Again(error, is_undone=told in NOTHING_DONE, after_seconds=_after_seconds(reply))


def _after_seconds(reply: httpx.Response) -> float:
    """When the server wants to be asked again; what is no number of seconds counts as at once."""
    told = reply.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() else 0.0


def _json(reply: httpx.Response, content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        raise no_reply(f"status {reply.status_code}") from None


def _read(reply: httpx.Response, data: Any, read: Read[Reply]) -> Reply:
    try:
        return read(data)
    except MISREAD as error:
        raise no_reply(f"status {reply.status_code}") from error


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """What stands between line feeds, and nothing else: JSON may hold other separators. A last line
    without one counts.
    """
    held = b""
    for part in parts:
        *whole, held = (held + part).split(b"\n")
        yield from filter(None, whole)
    if held:
        yield held


def _headers(key: str | None) -> dict[str, str]:
    """What every request says.

    Raises:
        SettingsError: the key cannot be one.
    """
    if key is None:
        return {}
    if not key or not all("!" <= character <= "~" for character in key):
        raise SettingsError(
            "the key is none: it is empty, or holds a space or what is not ASCII",
            hint="give it as tandem keys create has shown it",
        )
    return {"authorization": f"Bearer {key}"}


def _is_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)
