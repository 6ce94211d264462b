"""A connection to OpenSearch, and its failures in Tandem's words."""

import logging
import re
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import opensearchpy
import orjson

from tandem.errors import EngineError, EngineUnavailable, SettingsError

EXAMPLE = "write it as opensearch+https://USER:PASSWORD@HOST:9200?ca=/path/to/ca.pem"
SCHEMES = {"opensearch+http": "http", "opensearch+https": "https"}
DEFAULT_PORT = 9_200
CONNECTIONS = 16
OVERLOADED = (429, 502, 503, 504)
MISSING_INDEX = "index_not_found_exception"
MISSING_HINT = (
    "the process that follows builds it again from the log at its next write: tandem follow, or "
    "tandem index"
)


class Overloaded(EngineUnavailable):
    """The server refused for now; the same request may do a moment later."""


class TooLarge(EngineError):
    """The server takes no request of that size."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. ``shown`` is its URL without user and password, fit for messages."""

    scheme: str
    host: str
    port: int
    path: str = ""
    user: str | None = None
    password: str = ""
    ca: str | None = None

    @property
    def shown(self) -> str:
        """The URL without secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse_url(url: str) -> Address:
    """The parts of ``opensearch+http://…`` or ``opensearch+https://…``.

    User and password may be percent-encoded. ``?ca=`` names a file of trusted certificates.

    Raises:
        SettingsError: it is no such URL, or the file is not there.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(url, "is not a URL") from error
    if parts.scheme not in SCHEMES:
        raise _refused(url, f"begins with neither {' nor '.join(SCHEMES)}")
    if not host:
        raise _refused(url, "names no host")
    if parts.fragment:
        raise _refused(url, "has a part after #")
    return Address(
        scheme=SCHEMES[parts.scheme],
        host=host,
        port=port or DEFAULT_PORT,
        path=parts.path.rstrip("/"),
        user=None if parts.username is None else unquote(parts.username),
        password=unquote(parts.password or ""),
        ca=_certificates(url, parts),
    )


def _certificates(url: str, parts: SplitResult) -> str | None:
    given = parse_qs(parts.query, keep_blank_values=True)
    unknown = [name for name in given if name != "ca"]
    if unknown:
        raise _refused(url, f"has the option {unknown[0]!r}, only 'ca' is known")
    if not given:
        return None
    path = given["ca"][-1]
    if parts.scheme != "opensearch+https":
        raise _refused(url, "names certificates, which only https reads")
    if not Path(path).is_file():
        raise _refused(url, f"names certificates in {path!r}, where there is no file")
    return path


def _refused(url: str, reason: str) -> SettingsError:
    # Greedy: a password may itself hold any sign.
    shown = re.sub(r":.*@", "://***@" if "://" in url else ":***@", url, flags=re.DOTALL)
    return SettingsError(f"the OpenSearch URL {shown!r} {reason}", hint=EXAMPLE)


class _Json(opensearchpy.serializer.JSONSerializer):  # type: ignore[misc]
    """JSON by orjson; a body that is bytes already goes out as it is."""

    def loads(self, s: str) -> Any:
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError as error:
            raise opensearchpy.exceptions.SerializationError(s[:200], error) from error

    def dumps(self, data: Any) -> Any:
        return data if isinstance(data, str | bytes) else orjson.dumps(data)


class Server:
    """One server, safe to ask from several threads. Every request has its own time limit, and none
    is repeated: the caller knows whether that helps.
    """

    def __init__(self, address: Address) -> None:
        self.shown = address.shown
        # What fails is told by an error; without a handler Python would print it a second time.
        logging.getLogger("opensearch").addHandler(logging.NullHandler())
        headers = {}
        if address.user is not None:
            # opensearch-py's own would encode it in Latin-1
            pair = f"{address.user}:{address.password}".encode()
            headers["authorization"] = f"Basic {b64encode(pair).decode('ascii')}"
        tls = {"verify_certs": True, "ca_certs": address.ca} if address.scheme == "https" else {}
        self._client = opensearchpy.OpenSearch(
            hosts=[{"host": address.host, "port": address.port, "url_prefix": address.path}],
            use_ssl=address.scheme == "https",
            headers=headers,
            max_retries=0,
            pool_maxsize=CONNECTIONS,
            serializer=_Json(),
            **tls,
        )

    def ask(
        self,
        request: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        seconds: float,
        ignore: Collection[int] = (),
    ) -> Any:
        """The decoded answer to a request such as ``GET /_alias``. ``body`` is JSON to be, or
        bytes; an answer whose status is in ``ignore`` is returned like any other.

        Raises:
            EngineUnavailable: nobody there, no answer in ``seconds``, or too much to do.
            EngineError: the server refused or failed.
        """
        method, path = request.split(" ", 1)
        with self._told(f"{method} {path.partition('?')[0]}", seconds):
            return self._client.transport.perform_request(
                method,
                path,
                params=dict(params or {}),
                body=body,
                timeout=max(seconds, 0.001),
                ignore=ignore,
            )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _told(self, request: str, seconds: float) -> Iterator[None]:
        where = f"OpenSearch at {self.shown}"
        try:
            yield
        except opensearchpy.exceptions.ConnectionTimeout as error:
            raise EngineUnavailable(
                f"{where} did not answer {request} within {seconds:.2g} s"
            ) from error
        except opensearchpy.exceptions.SSLError as error:
            raise EngineUnavailable(
                f"{where} cannot be trusted: {_reason(error)}",
                hint="name the file of the certificate authority in the URL: ?ca=/path/to/ca.pem",
            ) from error
        except opensearchpy.exceptions.ConnectionError as error:
            raise EngineUnavailable(
                f"{where} cannot be reached: {_reason(error)}",
                hint="start the server, or correct the URL in engines.lexical",
            ) from error
        except opensearchpy.exceptions.TransportError as error:
            raise _failure(error, where, request) from error
        except opensearchpy.exceptions.OpenSearchException as error:
            raise EngineError(f"{where} answered {request} with something else: {error}") from error


def _reason(error: Any) -> str:
    return str(error.info or error.error)


def _failure(error: Any, where: str, request: str) -> EngineError:
    """The error that an HTTP status means."""
    status, kind = error.status_code, str(error.error)
    cause = root_cause(error.info)
    if status in OVERLOADED or "Time exceeded" in cause:
        return Overloaded(f"{where} is overloaded: {request}: {status} {cause}")
    if status == 413:
        return TooLarge(f"{where} takes no request as large as this {request}")
    if status == 401:
        return EngineError(
            f"{where} does not know this user and password",
            hint="correct the URL in engines.lexical; special signs are written as %XX",
        )
    if status == 403:
        return EngineError(
            f"{where} does not allow {request}: {cause}",
            hint="give the user the right, or free the index if it was made read-only",
        )
    if status == 404 and kind == MISSING_INDEX:
        return EngineError(f"{where}: the index of {request} is missing", hint=MISSING_HINT)
    return EngineError(f"{where} refused {request}: {status} {cause or kind}")


def root_cause(info: Any) -> str:
    """What an error's body says happened, in a line; empty if it says nothing."""
    error = info.get("error") if isinstance(info, Mapping) else None
    if not isinstance(error, Mapping):
        return str(error or "")
    innermost = (error.get("root_cause") or [error])[0]
    parts = [innermost.get("type"), innermost.get("reason")]
    caused = error.get("caused_by")
    if isinstance(caused, Mapping):
        parts.append(caused.get("reason"))
    return ": ".join(str(part) for part in parts if part)
