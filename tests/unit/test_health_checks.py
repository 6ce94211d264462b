"""The containers' health checks, against servers that answer well, badly or not at all."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.containers import all_of, resolved, services, stages

LOOPBACK = "127.0.0.1"


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """A web server's port, and the paths that it was asked for; it answers with one status."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def listening() -> Iterator[int]:
    """A port on which connections are accepted, and never answered."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def is_healthy(service: str, usual_port: int, port: int) -> bool:
    """Run a service's health check against another port."""
    kind, *command = services()[service]["healthcheck"]["test"]
    assert kind == "CMD"
    moved = [resolved(word, {}).replace(str(usual_port), str(port)) for word in command]
    assert moved != command, "the check asks another port than the server's"
    if moved[0] == "python":  # the image's; here it may have another name
        moved[0] = sys.executable
    return subprocess.run(moved, capture_output=True, check=False, timeout=30).returncode == 0


def test_qdrant_is_healthy_when_it_says_that_it_is_ready() -> None:
    """No tool but the shell is used, since the image has none."""
    with answering(200) as (port, asked):
        assert is_healthy("qdrant", 6333, port)
        assert asked == ["/readyz"]


@pytest.mark.parametrize("status", [404, 500, 503])
def test_qdrant_is_unhealthy_when_it_says_anything_else(status: int) -> None:
    """A port that is open is not enough."""
    with answering(status) as (port, _):
        assert not is_healthy("qdrant", 6333, port)


def test_qdrant_is_unhealthy_when_it_says_nothing() -> None:
    """Neither a refused connection nor a hanging server passes."""
    assert not is_healthy("qdrant", 6333, closed_port())
    with listening() as port:
        assert not is_healthy("qdrant", 6333, port)


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is in the image; here: apt install curl"
)
@pytest.mark.parametrize(("status", "healthy"), [(200, True), (408, False), (503, False)])
def test_opensearch_is_healthy_when_no_primary_is_missing(status: int, *, healthy: bool) -> None:
    """Its answer to a wait that was in vain is 408."""
    with answering(status) as (port, asked):
        assert is_healthy("opensearch", 9200, port) is healthy
        assert asked == ["/_cluster/health?wait_for_status=yellow&timeout=3s"]


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (404, False), (503, False)])
def test_the_api_is_healthy_when_it_says_so(status: int, *, healthy: bool) -> None:
    """It is asked whether it is alive, not whether there is anything to search."""
    with answering(status) as (port, asked):
        assert is_healthy("api", 8765, port) is healthy
        assert asked == ["/health/live"]


def test_the_api_is_unhealthy_when_nobody_listens() -> None:
    """As before it has started, and after it has died."""
    assert not is_healthy("api", 8765, closed_port())


def ask_image(urls: dict[str, str]) -> int:
    """The exit code of the image's own health check under settings."""
    (check,) = all_of(stages()[-1], "HEALTHCHECK")
    words = check.text[check.text.index("CMD ") + 4 :]
    python, *arguments = type(check)("CMD", words).words
    assert python == "python"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=kept | urls, capture_output=True, check=False, timeout=30
    ).returncode


def test_tandem_is_healthy_when_every_server_can_be_reached() -> None:
    """One that refuses is enough to be unhealthy."""
    with listening() as lexical, listening() as vector, listening() as catalogue:
        urls = {
            "TANDEM_ENGINES__LEXICAL": f"opensearch+http://{LOOPBACK}:{lexical}",
            "TANDEM_ENGINES__VECTOR": f"qdrant+http://:key@{LOOPBACK}:{vector}",
            "TANDEM_ENGINES__CATALOG": f"postgresql+psycopg://me:word@{LOOPBACK}:{catalogue}/db",
        }
        assert ask_image(urls) == 0
        for name, url in urls.items():
            port = url.rpartition(":")[2].partition("/")[0]
            assert ask_image(urls | {name: url.replace(port, str(closed_port()))}) != 0


def test_tandem_with_engines_in_the_process_has_nobody_to_reach() -> None:
    """The image alone, with its embedded engines, is healthy."""
    assert ask_image({}) == 0
    assert (
        ask_image({"TANDEM_ENGINES__LEXICAL": "tantivy:", "TANDEM_ENGINES__CATALOG": "sqlite:"})
        == 0
    )
