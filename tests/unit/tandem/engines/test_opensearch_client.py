"""The URL of an OpenSearch server, and how its failures are told: never with a password."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from tandem.engines.opensearch_client import Address, Overloaded, Server, TooLarge, parse_url
from tandem.errors import EngineError, EngineUnavailable, SettingsError

SECRET = "hunter2"


@contextmanager
def answering(status: int, body: Any, seen: list[dict[str, str]] | None = None) -> Iterator[str]:
    """A server that gives every request the same answer; yields its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append({name.lower(): value for name, value in self.headers.items()})
            data = body if isinstance(body, bytes) else orjson.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(url: str, **keywords: Any) -> Any:
    """One request to a server that is closed afterwards."""
    server = Server(parse_url(url))
    try:
        return server.ask("GET /things", seconds=keywords.pop("seconds", 5.0), **keywords)
    finally:
        server.close()


def error(kind: str, reason: str) -> dict[str, Any]:
    """An error's body as OpenSearch writes it."""
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": 400}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("opensearch+http://host", Address("http", "host", 9_200)),
        ("opensearch+https://host:9/", Address("https", "host", 9)),
        ("opensearch+http://[::1]:7/a/b", Address("http", "::1", 7, "/a/b")),
        ("opensearch+http://me@host", Address("http", "host", 9_200, user="me")),
        (
            "opensearch+https://me:p%40ss%2F%3A%C3%BC@host:1",
            Address("https", "host", 1, user="me", password="p@ss/:ü"),
        ),
    ],
)
def test_what_a_url_means(url: str, expected: Address) -> None:
    """Host, port, path, user and password, percent-encoded or not."""
    assert parse_url(url) == expected


def test_certificates(tmp_path: Path) -> None:
    """``?ca=`` names a file that has to be there."""
    file = tmp_path / "ca.pem"
    file.touch()
    assert parse_url(f"opensearch+https://host?ca={file}").ca == str(file)
    for url in (f"opensearch+https://host?ca={file}x", f"opensearch+http://host?ca={file}"):
        with pytest.raises(SettingsError, match="certificates"):
            parse_url(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://host", "begins with neither"),
        (f"opensearch://me:{SECRET}@host", "begins with neither"),
        (f"opensearch+http://me:{SECRET}@", "names no host"),
        (f"opensearch+http://me:{SECRET}@host:port", "is not a URL"),
        (f"opensearch+http://me:{SECRET}/x@host", "is not a URL"),
        (f"opensearch+http://me:{SECRET}@host#x", "part after #"),
        (f"opensearch+http://me:{SECRET}@host?verify=no", "'verify', only 'ca'"),
        (f"opensearch+http://me:{SECRET}@[host", "is not a URL"),
        (f"me:{SECRET}@host", "begins with neither"),
    ],
)
def test_other_urls_are_refused(url: str, reason: str) -> None:
    """The error says what is wrong, shows how one is written, and no password."""
    with pytest.raises(SettingsError, match=reason) as raised:
        parse_url(url)
    assert "opensearch+https://" in raised.value.hint
    assert SECRET not in f"{raised.value} {raised.value.hint}"


def test_the_shown_address_has_no_password() -> None:
    """Neither user nor password stands in messages."""
    assert parse_url(f"opensearch+http://me:{SECRET}@[::1]:7/x").shown == "http://[::1]:7/x"


def test_user_and_password_are_sent() -> None:
    """As UTF-8, whatever signs they have."""
    seen: list[dict[str, str]] = []
    with answering(200, {"ok": 1}, seen) as place:
        assert ask(f"opensearch+http://m%C3%AB:p%E2%82%AC@{place}") == {"ok": 1}
    assert seen[0]["authorization"] == "Basic bcOrOnDigqw="


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (429, error("es_rejected_execution_exception", "queue full"), Overloaded, "queue full"),
        (503, error("cluster_block_exception", "no master"), Overloaded, "no master"),
        (413, b"", TooLarge, "as large"),
        (401, b"Unauthorized", EngineError, "user and password"),
        (403, error("security_exception", "no permissions"), EngineError, "no permissions"),
        (404, error("index_not_found_exception", "no such index"), EngineError, "is missing"),
        (400, error("parsing_exception", "unknown query"), EngineError, "unknown query"),
        (500, error("query_phase", "Time exceeded"), EngineUnavailable, "Time exceeded"),
        (500, b"<html>oh</html>", EngineError, "500"),
        (200, b"<html>hello</html>", EngineError, "something else"),
    ],
)
def test_failures_in_words(status: int, body: Any, kind: type[EngineError], said: str) -> None:
    """Each status is the right error and tells the server's reason, and never the password."""
    with answering(status, body) as place, pytest.raises(kind, match=said) as raised:
        ask(f"opensearch+http://me:{SECRET}@{place}")
    assert type(raised.value) is not EngineError or kind is EngineError
    assert SECRET not in f"{raised.value} {raised.value.hint}"
    assert place in str(raised.value)


def test_an_expected_status_is_an_answer() -> None:
    """What is in ``ignore`` is returned."""
    with answering(404, {"found": False}) as place:
        assert ask(f"opensearch+http://{place}", ignore=(404,)) == {"found": False}


def test_nobody_there() -> None:
    """A refused connection is ``EngineUnavailable`` and says where."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(EngineUnavailable, match=place) as raised:
            ask(f"opensearch+http://me:{SECRET}@{place}")
    assert SECRET not in str(raised.value)
    assert raised.value.hint


def test_nobody_answers() -> None:
    """A server that takes connections and says nothing costs the time limit, once."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(EngineUnavailable, match=r"within 0\.2 s"):
            ask(f"opensearch+http://{place}", seconds=0.2)
        silent.settimeout(5)
        silent.accept()[0].close()
        silent.settimeout(0.2)
        with pytest.raises(TimeoutError):
            silent.accept()
