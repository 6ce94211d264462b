"""Reaching a Qdrant server: its URL, deadlines of requests, and what its errors mean."""

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import httpx
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from tandem.errors import EngineError, EngineUnavailable, SettingsError

SCHEMES = {"qdrant+http": "http", "qdrant+https": "https"}
PORT = 6333
EXAMPLE = "expected qdrant+http://[user:]KEY@host:6333, or qdrant+https://…"
BEFORE_HOST = r"^((?:qdrant\+https?:|https?:)?(?://)?).*@"
UNHURRIED_SECONDS = 60
"""For what no caller gives a deadline: writes, reading in pages, making and dropping."""

PASSING_STATUS = frozenset({408, 429, 502, 503, 504})
PASSING_CODES = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED"})

_socket_seconds: ContextVar[float | None] = ContextVar("_socket_seconds", default=None)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. ``url`` holds no key; ``grpc_port`` is set where gRPC was asked for."""

    url: str
    key: str | None = field(default=None, repr=False)
    grpc_port: int | None = None


def connect(url: str) -> QdrantClient:
    """A client for ``qdrant+http://host:6333`` or ``qdrant+https://host:6333``; nothing is sent.

    The API key is the password, or what stands alone before the ``@``, percent-encoded where it
    holds one of ``/?#@:%``; or the text of the file that ``?api_key_file=PATH`` names. The port is
    6333 unless given; a path is the prefix behind a reverse proxy. ``?grpc=6334`` speaks gRPC at
    that port; deadlines are then rounded up to whole seconds.

    Raises:
        SettingsError: the URL is not one of these, or the key's file cannot be used.

    """
    address = read_address(url)
    client = QdrantClient(
        url=address.url,
        # As a header and not as ``api_key``: the client warns of a key over plain http, which is
        # right inside a private network.
        headers={} if address.key is None else {"api-key": address.key},
        prefer_grpc=address.grpc_port is not None,
        grpc_port=address.grpc_port or PORT + 1,
        timeout=UNHURRIED_SECONDS,
        check_compatibility=False,
    )
    client.http.client.add_middleware(_heed_deadline)
    return client


def _heed_deadline(
    request: httpx.Request, send: Callable[[httpx.Request], httpx.Response]
) -> httpx.Response:
    """The client's own timeouts are whole seconds; a search may have less than one left."""
    seconds = _socket_seconds.get()
    if seconds is not None:
        request.extensions["timeout"] = httpx.Timeout(seconds).as_dict()
    return send(request)


def read_address(url: str) -> Address:
    """What ``connect`` says of URLs.

    Raises:
        SettingsError: see ``connect``.

    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, PORT if parts.port is None else parts.port
    except ValueError:  # whose reason may quote a key
        raise SettingsError(
            f"{url.partition('//')[0]}//…: host or port cannot be read, {EXAMPLE}",
            hint="the port is 1 to 65535, an IPv6 address stands in brackets",
        ) from None
    shown = without_secrets(url)
    if parts.scheme not in SCHEMES or not host or port == 0:
        raise SettingsError(
            f"{shown}: not the URL of a Qdrant server, {EXAMPLE}", hint="see the engines' settings"
        )
    if "@" in parts.path + parts.query or parts.fragment:
        raise SettingsError(
            f"{shown}: the @ stands in the wrong place, or something follows a #",
            hint="write / ? # @ : % inside a key percent-encoded, / as %2F for one",
        )
    options = _options(parts, shown)
    shown_host = f"[{host}]" if ":" in host else host
    return Address(
        f"{SCHEMES[parts.scheme]}://{shown_host}:{port}{parts.path.rstrip('/')}",
        _key(parts, options.get("api_key_file"), shown),
        _grpc_port(options["grpc"], shown) if "grpc" in options else None,
    )


def without_secrets(url: str) -> str:
    """The URL without user, key and options, however broken it is."""
    masked = re.sub(BEFORE_HOST, r"\1***@", url, flags=re.DOTALL)
    return re.split("[?#]", masked, maxsplit=1)[0]


def _options(parts: SplitResult, shown: str) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - {"api_key_file", "grpc"})
    if unknown:
        hint = "the API key stands before the @, or in the file that api_key_file names"
        names = ", ".join(unknown)
        raise SettingsError(f"{shown}: no option {names}, expected api_key_file or grpc", hint=hint)
    return options


def _grpc_port(given: str, shown: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", given) or not 1 <= int(given) <= 65_535:
        raise SettingsError(
            f"{shown}: grpc={given[:20]} is no port", hint="the server's gRPC port, often grpc=6334"
        )
    return int(given)


def _key(parts: SplitResult, file: str | None, shown: str) -> str | None:
    given = unquote(parts.password or parts.username or "")
    if file is not None:
        if given:
            raise SettingsError(f"{shown}: an API key and api_key_file", hint="keep one of the two")
        given = _file_text(file, shown)
    if not given:
        return None
    if not (given.isascii() and given.isprintable()) or " " in given:
        raise SettingsError(
            f"{shown}: the API key holds a character that no header may hold",
            hint="a key has ASCII letters, digits and signs only",
        )
    return given


def _file_text(file: str, shown: str) -> str:
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text, or its folder is not known"
        raise SettingsError(
            f"{shown}: the file of the API key, {file}, cannot be read: {reason}",
            hint="name a file that holds the key and nothing else",
        ) from None
    if not text:
        raise SettingsError(f"{shown}: the file of the API key, {file}, is empty", hint=EXAMPLE)
    return text


class Deadline:
    """A moment some seconds from now, by which an answer is worth having."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; zero or less when it has passed."""
        return self._end - time.monotonic()


class Server:
    """A client with the name of its place, and errors in Tandem's words."""

    def __init__(self, client: QdrantClient) -> None:
        self.client = client
        options = client.init_options
        given = options.get("url") or options.get("host") or options.get("location")
        self.place = f"Qdrant at {without_secrets(str(given or options.get('path')))}"

    @contextmanager
    def asked(self, doing: str, deadline: Deadline | None = None) -> Iterator[int]:
        """Around one request, ``doing`` in words: the client's timeout for it, whole seconds.

        The exact rest of the deadline is the limit of connecting, of sending, and of every wait
        for a piece of the answer.

        Raises:
            EngineUnavailable: the deadline has passed, or the server cannot be reached, is
                overloaded, or did not answer in time.
            EngineError: anything else that went wrong.

        """
        deadline = deadline or Deadline(UNHURRIED_SECONDS)
        remaining = deadline.remaining()
        if remaining <= 0:
            raise self._late(doing, deadline)
        limit = _socket_seconds.set(remaining)
        try:
            yield math.ceil(remaining)
        except EngineError:
            raise
        except Exception as error:
            raise self._translated(error, doing, deadline) from error
        finally:
            _socket_seconds.reset(limit)

    def _late(self, doing: str, deadline: Deadline) -> EngineUnavailable:
        return EngineUnavailable(
            f"{self.place} did not answer within {deadline.seconds:g} s ({doing})"
        )

    def _translated(self, error: Exception, doing: str, deadline: Deadline) -> EngineError:
        cause = error.source if isinstance(error, ResponseHandlingException) else error
        code = _grpc_code(cause)
        if isinstance(cause, httpx.TimeoutException) or code == "DEADLINE_EXCEEDED":
            return self._late(doing, deadline)
        told = f"{self.place}: {doing} failed: {_reason(cause)}"
        if isinstance(cause, httpx.TransportError) or code == "UNAVAILABLE":
            return EngineUnavailable(told, hint="is the server running, and the URL right?")
        if _passes(cause, code):
            return EngineUnavailable(told, hint="the server is busy; try again")
        if _status(cause) in (401, 403) or code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
            return EngineError(told, hint="check the API key in the URL, or in api_key_file")
        if _status(cause) == 404 or code == "NOT_FOUND":
            hint = (
                "was the collection removed? The process that follows builds it again from the log "
                "at its next write: tandem follow, or tandem index"
            )
            return EngineError(told, hint=hint)
        return EngineError(told)


def _passes(error: Exception, code: str) -> bool:
    """Whether the same request may succeed later. Older servers tell a timeout as status 500."""
    if code in PASSING_CODES or isinstance(error, ResourceExhaustedResponse):
        return True
    status = _status(error)
    return status in PASSING_STATUS or (status == 500 and "timed out" in _reason(error))


def _status(error: Exception) -> int | None:
    return error.status_code if isinstance(error, UnexpectedResponse) else None


def _grpc_code(error: Exception) -> str:
    """The name of a gRPC error's code; empty for other errors."""
    code: Any = getattr(error, "code", None)
    return str(code().name) if callable(code) else ""


def _reason(error: Exception) -> str:
    """What the server, or the network, says."""
    if isinstance(error, UnexpectedResponse):
        try:
            said = error.structured()["status"]["error"]
        except (ValueError, KeyError, TypeError):
            said = error.content.decode("utf-8", "replace")[:200]
        return f"{error.status_code} {said or error.reason_phrase}".strip()
    details: Any = getattr(error, "details", None)
    return str(details() if callable(details) else error) or type(error).__name__
