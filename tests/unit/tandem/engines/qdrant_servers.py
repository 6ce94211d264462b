"""Small local HTTP servers in place of a Qdrant server: silent, refusing, or with fixed answers."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Request(NamedTuple):
    """What the server was asked."""

    method: str
    path: str
    key: str | None
    body: Any


class Answering:
    """A server that gives one status and body to every request, and remembers the requests."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        self.requests: list[Request] = []
        answering = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                sent = json.loads(self.rfile.read(length)) if length else None
                key = self.headers.get("api-key")
                answering.requests.append(Request(self.command, self.path, key, sent))
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - its names

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"qdrant+http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Stop and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def answering(
    status: int, body: Any, headers: Mapping[str, str] | None = None
) -> Iterator[Answering]:
    """See ``Answering``."""
    server = Answering(status, body, headers or {})
    try:
        yield server
    finally:
        server.close()


@contextmanager
def silent() -> Iterator[str]:
    """The URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"qdrant+http://127.0.0.1:{server.getsockname()[1]}"


def nobody() -> str:
    """A URL where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"qdrant+http://127.0.0.1:{port}"
