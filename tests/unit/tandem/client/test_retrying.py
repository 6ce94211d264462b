"""What is asked again, and what is not; how long that takes."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import orjson
import pytest

from tandem.client import Client, ServerFailed, ServerUnavailable
from tandem.documents import Document
from tandem.errors import TandemError
from tandem.events import Event
from tandem.queries import Query
from tests.scripted_server import Answer, Script, client_told, failing, hanging_up
from tests.unit.tandem.client.conftest import Clock

WRITTEN = {"document_id": "d", "result": "updated", "sequence": 7}
EMPTY: dict[str, Any] = {
    "query_id": "q", "configuration": "hybrid", "release": 1, "hits": [], "total": 0,
    "reachable": 0, "frozen": True, "facets": None, "cursor": None, "did_you_mean": None,
    "degraded": [], "milliseconds": {},
}  # fmt: skip
SENT: dict[str, Any] = {"accepted": 1, "duplicates": 0, "unknown_query_ids": [], "rejected": []}
ERASED: dict[str, Any] = {
    "user_id": "u", "state": "done", "events": 3, "impressions": 2, "features": 1,
    "beyond_reach": ["backups"],
}  # fmt: skip
EVENT = Event("e", "view", datetime(2026, 11, 21, tzinfo=UTC))

Ask = Callable[[Client], object]
REPEATABLE: list[tuple[Ask, Any]] = [
    (lambda client: client.search("x"), EMPTY),
    (lambda client: client.search(Query("", surface="similar", seed_document_id="d")), EMPTY),
    (lambda client: client.suggest("x"), {"suggestions": [], "degraded": [], "milliseconds": {}}),
    (lambda client: client.document("d"), {"document_id": "d", "sequence": 7}),
    (lambda client: client.send([EVENT]), SENT),
    (lambda client: client.put(Document("d", "x")), WRITTEN),
    (lambda client: client.patch("d", {"title": "x"}), WRITTEN),
    (lambda client: client.delete("d"), WRITTEN),
    (lambda client: client.erase_user("u"), ERASED),
    (lambda client: client.is_alive(), {"alive": True}),
]
CONDITIONAL: list[Ask] = [
    lambda client: client.put(Document("d", "x"), if_sequence=6),
    lambda client: client.put(Document("d", "x"), if_sequence=0),
    lambda client: client.patch("d", {"title": "x"}, if_sequence=6),
    lambda client: client.delete("d", if_sequence=6),
]
TURNED_AWAY = [(503, "overloaded"), (429, "too_many_requests")]
PASSING = [
    (503, "stopping"),
    (503, "document_log_unavailable"),
    (503, "event_log_unavailable"),
    (503, "search_unavailable"),
]
UNSENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
LOST = [httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadTimeout]


def broken() -> httpx.Response:
    """A reply that breaks off amid its body."""

    def parts() -> Any:
        yield b'{"document_id"'
        raise httpx.RemoteProtocolError("peer closed connection")

    return httpx.Response(200, content=parts())


@pytest.mark.parametrize(("ask", "reply"), REPEATABLE)
def test_what_may_be_done_twice_is_asked_again(ask: Ask, reply: Any) -> None:
    """Whether nobody was there, the reply was lost, or the server asks for patience."""
    answers: list[Answer] = [
        *UNSENT,
        *LOST,
        broken(),
        *(failing(*told) for told in TURNED_AWAY + PASSING),
    ]
    served = Script(*answers, httpx.Response(200, json=reply))
    ask(client_told(served, retries=len(answers), timeout_seconds=1e6))
    assert len(served.asked) == len(answers) + 1
    assert len({(asked.method, asked.url, asked.content) for asked in served.asked}) == 1


@pytest.mark.parametrize("ask", CONDITIONAL)
def test_what_was_surely_not_done_is_asked_again(ask: Ask) -> None:
    """A write with a condition too."""
    answers: list[Answer] = [*UNSENT, *(failing(*told) for told in TURNED_AWAY)]
    served = Script(*answers, httpx.Response(200, json=WRITTEN))
    ask(client_told(served, retries=len(answers), timeout_seconds=1e6))
    assert len(served.asked) == len(answers) + 1


@pytest.mark.parametrize("ask", CONDITIONAL)
def test_what_may_have_been_done_is_not_asked_again(ask: Ask) -> None:
    """Its second try would be refused for what the first one did; nobody knows, which is said."""
    for kind in LOST:
        served = Script(kind)
        with pytest.raises(ServerUnavailable, match="is not known") as caught:
            ask(client_told(served))
        assert "compare its sequence" in caught.value.hint
    for status, code in PASSING:
        with pytest.raises(TandemError, match=f"it is {code}"):
            ask(client_told(Script(failing(status, code))))
    with pytest.raises(ServerUnavailable, match="is not known"):
        ask(client_told(Script(broken())))


def test_connections_that_really_break() -> None:
    """Before, amid and after a reply's head; what was sent again is the same."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    body = orjson.dumps(WRITTEN)
    whole = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    broken = [b"", head, head + b"Content-Length: 99\r\n\r\n{", whole[:-1]]
    with hanging_up(*broken, whole) as (address, read), Client(address, retries=4) as client:
        assert client.put(Document("d", "x")).sequence == 7
    assert len(read) == 5
    assert len({*read}) == 1
    with hanging_up(*broken) as (address, read), Client(address) as client:
        for done in range(1, 5):
            with pytest.raises(ServerUnavailable, match="is not known"):
                client.put(Document("d", "x"), if_sequence=3)
            assert len(read) == done


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "bad_query"), (401, "unauthorized"), (403, "forbidden"), (404, "document_not_found"),
     (412, "sequence_conflict"), (500, "internal"), (503, "not_ready")],
)  # fmt: skip
def test_what_does_not_pass_is_told_at_once(status: int, code: str, clock: Clock) -> None:
    """Asking again would be no use."""
    for ask, _ in REPEATABLE:
        served = Script(failing(status, code))
        with pytest.raises(TandemError, match=f"it is {code}"):
            ask(client_told(served, retries=9))
    assert clock.paused == []


def test_an_address_that_cannot_be_asked_is_told_at_once(clock: Clock) -> None:
    """It gets no better."""
    with pytest.raises(ServerUnavailable):
        client_told(Script(httpx.UnsupportedProtocol)).is_alive()
    assert clock.paused == []


def test_patience_ends_with_the_last_error() -> None:
    """Whose cause is kept."""
    served = Script(httpx.ReadError, failing(503, "stopping"), httpx.ConnectError)
    with pytest.raises(ServerUnavailable, match="cannot be reached") as caught:
        client_told(served).search("x")
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


def test_without_retries() -> None:
    """Once is enough for somebody who has patience of their own."""
    served = Script(httpx.ConnectError)
    with pytest.raises(ServerUnavailable):
        client_told(served, retries=0).search("x")


def test_pauses_grow_and_differ(clock: Clock) -> None:
    """Up to eight seconds, drawn by lot from the upper half."""
    with pytest.raises(ServerUnavailable):
        client_told(Script(*[httpx.ConnectError] * 9), retries=8, timeout_seconds=60).search("x")
    longest = [0.5, 1, 2, 4, 8, 8, 8, 8]
    assert all(
        most / 2 <= paused <= most for paused, most in zip(clock.paused, longest, strict=True)
    )
    assert all(one != other for one, other in pairwise(clock.paused))


def test_a_server_that_says_when(clock: Clock) -> None:
    """Not before that; what is no number of seconds is none."""
    for said, least in (("3", 3.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.25), ("\xb2", 0.25)):
        away = failing(429, "too_many_requests")
        away.headers = httpx.Headers([(b"retry-after", said.encode("latin-1"))])
        client_told(Script(away, httpx.Response(200, json=EMPTY))).search("x")
        assert least <= clock.paused.pop() <= max(least, 0.5)


def test_no_more_time_than_there_is(clock: Clock) -> None:
    """Tries and pauses share it: what would come too late is not tried."""
    served = Script(failing(429, "too_many_requests", **{"retry-after": "31"}))
    with pytest.raises(ServerFailed) as caught:
        client_told(served, timeout_seconds=31).search("x")
    assert (caught.value.told, clock.paused) == ("too_many_requests", [])

    left = []

    def slow(request: httpx.Request) -> httpx.Response:
        left.append(request.extensions["timeout"]["read"])
        clock.now += 4
        return failing(503, "search_unavailable")

    with pytest.raises(TandemError, match="search_unavailable"):
        client_told(slow, timeout_seconds=10, retries=9).search("x")
    first, second = clock.paused
    assert left == pytest.approx([10, 6 - first, 2 - first - second])


def test_what_has_its_own_time_is_tried_within_that(clock: Clock) -> None:
    """A long wait for a write, as a query with a large budget."""
    left = []

    def slow(request: httpx.Request) -> httpx.Response:
        left.append(request.extensions["timeout"]["read"])
        clock.now += 20
        return failing(503, "stopping")

    with pytest.raises(ServerFailed):
        client_told(slow, retries=1).put(Document("d", "x"), wait=True, wait_ms=60_000)
    assert left == pytest.approx([65, 45 - clock.paused[0]])
