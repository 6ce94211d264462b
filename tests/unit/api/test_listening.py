"""The HTTP server: where it listens, and how it ends."""

import socket
import threading
from collections.abc import Callable
from urllib.request import urlopen

import pytest
from fastapi import FastAPI
from uvicorn import Server

from api.listening import bound_to, listening
from tandem.errors import SettingsError, TandemError

LOOPBACK = "127.0.0.1"


def web(*answers: Callable[[], str]) -> FastAPI:
    """An application with a path by the name of each function."""
    made = FastAPI()
    for answer in answers:
        made.get(f"/{answer.__name__}")(answer)
    return made


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a..b", "a\0b"])
def test_where_nothing_can_listen(host: str) -> None:
    """A name that leads nowhere or is none, and an address of another machine: said before anything
    starts.
    """
    with (
        pytest.raises(SettingsError, match=f"nothing can listen at {host}, port 0: ") as raised,
        listening(web(), bound_to(host, 0), threading.Event()),
    ):
        raise AssertionError
    assert "--port" in raised.value.hint


def test_a_port_that_is_taken() -> None:
    """The reason is the system's."""
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(SettingsError, match=f"port {port}: Address already in use"),
            listening(web(), bound_to(LOOPBACK, port), threading.Event()),
        ):
            raise AssertionError


def test_no_part_of_a_reply_waits_for_the_one_before() -> None:
    """A connection sends at once: Nagle's algorithm would hold a body back for 40 ms."""
    bound = bound_to(LOOPBACK, 0)
    with bound, socket.create_connection(bound.getsockname()):
        accepted, _ = bound.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_runs_is_finished_and_nothing_new_begun() -> None:
    """The answer to a query that runs at the end is sent when nobody can connect any more."""
    stop, begun = threading.Event(), threading.Event()
    places: list[tuple[str, int]] = []
    answers: list[bytes] = []

    def slow() -> str:
        begun.set()
        while True:
            try:
                socket.create_connection(places[0], timeout=5).close()
            except ConnectionError:
                return "done"

    with listening(web(slow), bound_to(LOOPBACK, 0), stop) as address:
        places.append((LOOPBACK, int(address.rpartition(":")[2])))
        asking = threading.Thread(target=lambda: answers.append(urlopen(f"{address}/slow").read()))
        asking.start()
        assert begun.wait(10)
        assert not stop.is_set()
    asking.join(10)
    assert answers == [b'"done"']
    assert stop.is_set(), "nobody is served any more"


def test_an_end_that_nobody_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is woken, and the command fails: it must not look stopped on purpose."""
    monkeypatch.setattr(Server, "run", lambda *_: None)
    stop = threading.Event()
    with (
        pytest.raises(TandemError, match="has ended by itself"),
        listening(web(), bound_to(LOOPBACK, 0), stop),
    ):
        assert stop.wait(10)
