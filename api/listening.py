"""Listens for HTTP, in a thread of its own: the process stays with whoever stops it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from uvicorn import Config, Server

from api.connections import MAXIMUM_HEAD_BYTES, Connection
from tandem.errors import SettingsError, TandemError

GRACE_SECONDS = 30
"""How long queries that run are waited for at the end."""

POLL_SECONDS = 0.01
BACKLOG = 2_048


@contextmanager
def listening(web: FastAPI, bound: socket.socket, stop: threading.Event) -> Iterator[str]:
    """Answer requests at a socket until the block ends, and then those that run; the address where.
    ``stop`` is set if it ends before that. The socket is closed at the end.

    Raises:
        TandemError: it has ended by itself.
    """
    address = address_of(bound)  # an end by itself closes it
    server = Server(_config(web))

    def serve() -> None:
        try:
            server.run([bound])
        finally:
            stop.set()

    thread = threading.Thread(target=serve, name="http", daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(POLL_SECONDS)
        yield address
        if not thread.is_alive():
            raise TandemError("the HTTP server has ended by itself", hint="see the lines above")
    finally:
        server.should_exit = True
        thread.join(GRACE_SECONDS + 5)
        bound.close()


def _config(web: FastAPI) -> Config:
    """As little of uvicorn's own as can be: errors alone are logged, by the program's logging."""
    return Config(
        web,
        http=Connection,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # what is a little too long is refused by Guard, which says so
        h11_max_incomplete_event_size=MAXIMUM_HEAD_BYTES,
    )


def bound_to(host: str, port: int) -> socket.socket:
    """A socket that takes connections there.

    Raises:
        SettingsError: nothing can listen there.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, address = found[0][0], found[0][4]
        bound = socket.create_server((str(address[0]), port), family=family, backlog=BACKLOG)
    except (OSError, ValueError) as error:  # a name that is none is the latter
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"nothing can listen at {host}, port {port}: {reason}",
            hint="end what listens there, or choose another place: --host, --port",
        ) from None
    # what is accepted inherits it: else a reply's last part waits for the client's delayed answer
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def address_of(bound: socket.socket) -> str:
    """Where it listens, as a URL."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if bound.family == socket.AF_INET6 else f"http://{host}:{port}"
