"""A batch of writes: what is refused line by line, and a reply that is sent meanwhile."""

import asyncio
import json
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import pytest
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from starlette.types import Message

from api.access import EVERYBODY, NOBODY, Caller, Unauthorized
from api.batch_reply import BatchAtWork, BatchReply
from api.document_batch import DocumentBatch
from api.incoming import IncomingLines, Line
from api.listening import bound_to, listening
from api.serving import Serving
from api.web import create_web
from api.workers import Workers
from tandem.catalog.document_log import DocumentLog
from tandem.errors import CatalogError
from tests.document_place import Place, place
from tests.web_client import StandIn

BATCH = "/v1/documents:batch"
CHUNKED = (
    "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Place]:
    """An empty one, with fields."""
    with place(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """A thread."""
    made = Workers("test", 1, 4)
    yield made
    made.close()


def lines_of(*contents: Any) -> list[Line]:
    """What is no bytes is written as JSON."""
    return [
        Line(number, item if isinstance(item, bytes) else json.dumps(item).encode())
        for number, item in enumerate(contents, 1)
    ]


def replies(written: bytes) -> list[dict[str, Any]]:
    """A reply's lines."""
    return [json.loads(line) for line in written.splitlines()]


def put(document_id: str, body: str = "x", **more: Any) -> dict[str, Any]:
    """A line that writes a document."""
    return {"document_id": document_id, "document": {"body": body}, **more}


@pytest.mark.parametrize(
    ("line", "document_id", "code", "field", "said"),
    [
        (b"nope", None, "bad_body", None, "is not JSON"),
        (b'{"document_id": "a", "document_id": "b"}', None, "bad_body", "document_id", "2 times"),
        (b'{"document_id": "\xff"}', None, "bad_body", None, ""),
        (b"[]", None, "bad_body", None, "expected a JSON object, found an array"),
        ({}, None, "bad_document", "document_id", "expected a text, found null"),
        (put("a") | {"document_id": 3}, None, "bad_document", "document_id", "found a number"),
        (put(" "), " ", "bad_parameter", "document_id", ""),
        (put("x" * 600), "x" * 600, "bad_parameter", "document_id", ""),
        (put("a", id="a"), "a", "bad_document", "id", "is no part of a line"),
        (put("a", action="upsert"), "a", "bad_document", "action", "expected one of put, patch"),
        (put("a", action=["put"]), "a", "bad_document", "action", "expected one of put, patch"),
        (put("a", action="delete"), "a", "bad_document", "document", "leave"),
        ({"document_id": "a"}, "a", "bad_document", "document", "expected an object, found null"),
        ({"document_id": "a", "document": []}, "a", "bad_document", "document", "an array"),
        (put("a", if_sequence=-1), "a", "bad_document", "if_sequence", "0 or more"),
        (put("a", if_sequence=True), "a", "bad_document", "if_sequence", "0 or more"),
        (put("a", if_sequence=1.5), "a", "bad_document", "if_sequence", "0 or more"),
        (put("a", if_sequence=2**63), "a", "bad_document", "if_sequence", "0 or more"),
        (put("a", if_sequence=9), "a", "sequence_conflict", None, "does not exist"),
        (put("a", ""), "a", "bad_document", "body", "both empty"),
        ({"document_id": "a", "action": "delete"}, "a", "document_not_found", None, "'a'"),
    ],
)  # fmt: skip
def test_a_broken_line_in_the_middle(
    house: Place, line: Any, document_id: str | None, code: str, field: str | None, said: str
) -> None:
    """It is named in the one shape of errors; those before and after it are written."""
    batch = DocumentBatch(house.intake, lambda: EVERYBODY)
    first, broken, last = replies(batch.write(lines_of(put("first"), line, put("last"))))
    assert first == {"line": 1, "document_id": "first", "result": "created", "sequence": 1}
    assert last == {"line": 3, "document_id": "last", "result": "created", "sequence": 2}
    error = broken.pop("error")
    assert broken == {"line": 2, "document_id": document_id}
    assert (error["code"], error["field"]) == (code, field)
    assert said in f"{error['message']} {error['hint']}"
    assert {*error} == {"code", "message", "field", "hint", "docs"}


def test_a_line_that_is_too_long(house: Place) -> None:
    """It was not even kept, so nobody knows whose it was."""
    batch = DocumentBatch(house.intake, lambda: EVERYBODY)
    (told,) = replies(batch.write([Line(7, None)]))
    assert (told["line"], told["document_id"]) == (7, None)
    assert "more than 1,048,576 bytes" in told["error"]["message"]


def test_every_action_and_the_sum_of_them(house: Place) -> None:
    """In order, the same document again and again."""
    batch = DocumentBatch(house.intake, lambda: EVERYBODY)
    patched = {"action": "patch", "document_id": "a", "document": {"title": "T"}, "if_sequence": 1}
    lines = lines_of(
        put("a", action="put"),
        put("a"),
        patched,
        patched,
        put("b", if_sequence=0),
        {"action": "delete", "document_id": "a", "document": None, "if_sequence": None},
    )
    told = replies(batch.write(lines))
    assert [(item.get("result"), item.get("sequence")) for item in told] == [
        ("created", 1), ("unchanged", 1), ("updated", 2), (None, None), ("created", 3),
        ("deleted", 4),
    ]  # fmt: skip
    (last,) = replies(batch.summary(is_stopped=False))
    assert last["summary"] == {
        "lines": 6, "created": 2, "updated": 1, "unchanged": 1, "deleted": 1, "errors": 1,
        "sequence": 4, "stopping": False,
    }  # fmt: skip


def test_a_key_that_is_revoked_amid_it(house: Place) -> None:
    """From then on each line is refused, however long the call lasts."""
    known = [EVERYBODY]

    def caller() -> Caller:
        if not known:
            raise Unauthorized("this needs a key")
        return known.pop()

    batch = DocumentBatch(house.intake, caller)
    (kept,) = replies(batch.write(lines_of(put("a"))))
    (refused,) = replies(batch.write(lines_of(put("b"))))
    assert (kept["result"], refused["error"]["code"]) == ("created", "unauthorized")
    assert house.bodies() == {"a": "x"}


def test_each_part_asks_who_writes() -> None:
    """Through the application: the key was known when the head of the request came."""
    known = [EVERYBODY]
    web = create_web(
        cast("Serving", StandIn()), recognise=lambda _: known.pop() if known else NOBODY
    )
    lines = json.dumps(put("a")) + "\n"
    reply = TestClient(web).post(
        BATCH, content=lines, headers={"content-type": "application/x-ndjson"}
    )
    assert reply.status_code == 200
    told, summed = replies(reply.content)
    assert told["error"]["code"] == "unauthorized"
    assert summed["summary"]["errors"] == 1


def test_a_log_that_is_down_for_a_while(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line that was not kept says so; the next ones are tried."""
    batch = DocumentBatch(house.intake, lambda: EVERYBODY)

    def fail(*_: object) -> None:
        raise CatalogError("the database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(DocumentLog, "write", fail)
        told = replies(batch.write(lines_of(put("a"), put("b"))))
    assert [item["error"]["code"] for item in told] == ["document_log_unavailable"] * 2
    assert [item["result"] for item in replies(batch.write(lines_of(put("a"))))] == ["created"]
    assert house.bodies() == {"a": "x"}


# --- streamed ---


class Recorded:
    """Where a reply is sent to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.arrived = asyncio.Event()

    async def send(self, message: Message) -> None:
        """Take one message."""
        self.messages.append(message)
        self.arrived.set()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was sent so far."""
        parts = [message.get("body", b"") for message in self.messages]
        return replies(b"".join(parts))

    async def until(self, count: int) -> None:
        """Wait for so many lines."""
        while len(self.lines) < count:
            self.arrived.clear()
            await self.arrived.wait()


async def nobody() -> Message:
    """Nothing is received: the lines come otherwise."""
    raise AssertionError("the body is read by whoever has the lines")


def reply_to(
    house: Place,
    workers: Workers,
    chunks: AsyncIterator[bytes],
    is_stopping: Callable[[], bool] = lambda: False,
    first: int = 0,
) -> BatchReply:
    """The reply to a body."""
    batch = BatchAtWork(DocumentBatch(house.intake, lambda: EVERYBODY), workers, first)
    return BatchReply(IncomingLines(chunks), batch, is_stopping)


def content(*lines: Any) -> bytes:
    """A body."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def test_a_line_is_answered_before_the_next_one_is_sent(house: Place, workers: Workers) -> None:
    """What was answered is in the log already: nobody waits for the end of the body."""
    sent = Recorded()

    async def body() -> AsyncIterator[bytes]:
        for number in range(3):
            yield content(put(f"d{number}"))
            await sent.until(number + 1)
            assert len(house.bodies()) == number + 1

    asyncio.run(reply_to(house, workers, body())({}, nobody, sent.send))
    assert [line.get("line", "sum") for line in sent.lines] == [1, 2, 3, "sum"]
    start, *_, end = sent.messages
    headers = dict(start["headers"])
    assert headers == {b"content-type": b"application/x-ndjson"}
    assert end == {"type": "http.response.body", "body": b"", "more_body": False}


def test_who_reads_nothing_before_everything_is_sent(house: Place, workers: Workers) -> None:
    """Neither waits for the other, however much there is to be answered."""
    done = asyncio.Event()
    sent = Recorded()

    async def body() -> AsyncIterator[bytes]:
        for number in range(300):
            yield content({"document_id": f"d{number}", "action": "delete"})
        done.set()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await done.wait()
        await sent.send(message)

    async def run() -> None:
        async with asyncio.timeout(30):
            await reply_to(house, workers, body())({}, nobody, send)

    asyncio.run(run())
    assert sent.lines[-1]["summary"]["errors"] == 300


def test_who_does_not_read_at_all(
    house: Place, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply fills no disk: it ends like that of a server that stops."""
    monkeypatch.setattr("api.outgoing.MOST_BYTES", 1_000)
    done = asyncio.Event()
    sent = Recorded()

    async def body() -> AsyncIterator[bytes]:
        for number in range(100):
            yield content(put(f"d{number}"))
            await asyncio.sleep(0.001)
        done.set()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await done.wait()
        await sent.send(message)

    asyncio.run(reply_to(house, workers, body())({}, nobody, send))
    *told, last = sent.lines
    assert last["summary"]["stopping"] is True
    assert 0 < len(told) == last["summary"]["lines"] == len(house.bodies()) < 100


def test_who_goes_away_amid_the_body(house: Place, workers: Workers) -> None:
    """What was acknowledged stays; of the line that was cut off nothing is done."""
    sent = Recorded()

    async def body() -> AsyncIterator[bytes]:
        yield content(put("a"))
        await sent.until(1)
        yield b'{"document_id": "b", "document": {"body"'
        raise ClientDisconnect

    asyncio.run(reply_to(house, workers, body())({}, nobody, sent.send))
    assert house.bodies() == {"a": "x"}


def test_a_server_that_ends(house: Place, workers: Workers) -> None:
    """It answers what it has read, says that it stops, and reads the rest away."""
    sent = Recorded()
    stopping = False
    left: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        nonlocal stopping
        yield content(put("a"))
        await sent.until(1)
        stopping = True
        await sent.until(2)
        for number in range(10):
            left.append(number)
            yield content(put(f"late-{number}"))

    reply = reply_to(house, workers, body(), lambda: stopping)
    asyncio.run(reply({}, nobody, sent.send))
    told, last = sent.lines
    assert told["result"] == "created"
    assert last["summary"] | {"lines": 1, "stopping": True} == last["summary"]
    assert house.bodies() == {"a": "x"}
    assert left == list(range(10))


def test_the_first_lines_say_together_which_fields_there_are(
    tmp_path: Path, workers: Workers
) -> None:
    """However the body is cut; the collection is made once."""
    parts = [
        {"document_id": f"d{number}", "document": {"title": "x", "attributes": {name: 1}}}
        for number, name in enumerate(("year", "pages"))
    ]

    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield content(part)
            await asyncio.sleep(0.01)

    with place(tmp_path, fields={}) as house:
        sent = Recorded()
        asyncio.run(reply_to(house, workers, body(), first=100)({}, nobody, sent.send))
        assert [line.get("result") for line in sent.lines] == ["created", "created", None]
        (schema,) = house.made
        assert {"year", "pages"} <= {*schema.by_name}


def test_a_long_batch_takes_bounded_memory(
    house: Place, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the body no more than a part is in memory, nor of its reply."""
    monkeypatch.setattr("api.incoming.HELD_BYTES", 100_000)
    line = content(put("a", "y" * 20_000, if_sequence=9))
    count = 200
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        for _ in range(count):
            await asyncio.sleep(0)
            yield line

    async def send(message: Message) -> None:
        nonlocal sent
        sent += message.get("body", b"").count(b"\n")

    tracemalloc.start()
    try:
        asyncio.run(reply_to(house, workers, body())({}, nobody, send))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent == count + 1
    assert peak < len(line) * count / 4


def test_whoever_has_time_waits_for_a_turn(workers: Workers) -> None:
    """Another one is told that too many wait."""
    codes: list[str] = []

    async def run() -> Sequence[int]:
        one = Workers("one", 1, 0)
        go_on = asyncio.Event()
        loop = asyncio.get_running_loop()

        def busy() -> int:
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
            return 1

        first = asyncio.create_task(one.run(busy))
        await asyncio.sleep(0)
        try:
            await one.run(lambda: 2)
        except Exception as error:
            codes.append(getattr(error, "code", ""))
        second = asyncio.create_task(one.run_in_turn(lambda: 3))
        await asyncio.sleep(0)
        go_on.set()
        found = await asyncio.gather(first, second)
        one.close()
        return found

    assert asyncio.run(run()) == [1, 3]
    assert codes == ["overloaded"]


@contextmanager
def batch_begun(more: str = "") -> Iterator[tuple[socket.socket, BinaryIO]]:
    """A real connection on which the head of a batch was sent, and what comes back on it."""
    web = create_web(cast("Serving", StandIn()))
    with listening(web, bound_to("127.0.0.1", 0), threading.Event()) as address:
        place = urlsplit(address)
        with socket.create_connection((place.hostname, place.port), 30) as connection:
            head = f"POST {BATCH} HTTP/1.1\r\nHost: {place.netloc}\r\n{CHUNKED}{more}\r\n"
            connection.sendall(head.encode())
            yield connection, connection.makefile("rb")


def chunk(line: bytes) -> bytes:
    """A line as a chunk of a body."""
    return b"%x\r\n%s\r\n" % (len(line), line)


def test_both_ways_over_a_real_connection() -> None:
    """A client reads the reply to a line before it sends the next one, and none is cut."""
    with batch_begun() as (connection, replies):
        for number in range(3):
            connection.sendall(chunk(content(put(f"d{number}"))))
            while not (told := replies.readline()).startswith(b'{"line"'):
                assert told, "the connection is open"
            assert json.loads(told)["document_id"] == f"d{number}"
        connection.sendall(b"0\r\n\r\n")
        assert b'"summary"' in replies.read()


def test_who_waits_to_be_asked_for_the_body() -> None:
    """As curl does with a large one, for seconds: it is asked before the reply begins."""
    with batch_begun("Expect: 100-continue\r\n") as (connection, replies):
        assert replies.readline().startswith(b"HTTP/1.1 100 ")
        connection.sendall(chunk(content(put("d"))) + b"0\r\n\r\n")
        reply = replies.read()
        assert b"HTTP/1.1 200 OK" in reply
        assert b'"summary"' in reply
