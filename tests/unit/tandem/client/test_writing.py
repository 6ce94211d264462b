"""Writes: what is sent, what is told of them, and what becomes of many."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any, cast

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.client import (
    Client,
    Delete,
    Patch,
    Put,
    Refused,
    ServerFailed,
    ServerUnavailable,
    Stored,
    Write,
    Written,
)
from tandem.client.asking import BYTES_PER_CALL, ITEMS_PER_CALL
from tandem.documents import Document
from tandem.errors import DocumentNotFound, SequenceConflict, TandemError
from tests.scripted_server import Script, client_told, failing, lines

WHOLE = Document(
    "a/b c?d", "Title", "Body", {"kind": "book", "tags": ("x", "y"), "year": 1999, "sold": True},
    datetime(2026, 11, 21, 9, 30, tzinfo=timezone(timedelta(hours=2))),
)  # fmt: skip
SHAPE = {
    "title": "Title",
    "body": "Body",
    "attributes": {"kind": "book", "tags": ["x", "y"], "year": 1999, "sold": True},
    "updated_at": "2026-11-21T09:30:00+02:00",
}
NAN = float("nan")
Ask = Callable[[Client], object]


def told(line: int, document_id: str = "d", result: str = "created") -> dict[str, Any]:
    """What a server says of a line."""
    return {"line": line, "document_id": document_id, "result": result, "sequence": 100 + line}


def refusal(line: int, code: str = "bad_document") -> dict[str, Any]:
    """The same of one that it does not take."""
    error = {"code": code, "message": f"it is {code}", "field": "year", "hint": None, "docs": "d"}
    return {"line": line, "document_id": "d", "error": error}


SUMMARY: dict[str, Any] = {"summary": {}}


def written(**more: Any) -> httpx.Response:
    """The reply to one write."""
    reply = {"document_id": "d", "result": "updated", "sequence": 7, **more}
    return httpx.Response(200, json=reply)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.put(Document("\ud800", "x")),
        lambda client: client.put(Document("d", "\ud800")),
        lambda client: client.put(Document("d", "x", attributes={"a": NAN})),
        lambda client: client.put(Document("d", "x", attributes=cast("Any", {"a": {1}}))),
        lambda client: client.put(Document("d", "x", attributes=cast("Any", {1: "x"}))),
        lambda client: client.put(Document("d", "x", attributes={"a": 2**70})),
        lambda client: client.put(Document("d", "x", updated_at=cast("Any", object()))),
        lambda client: client.put(Document("d", "x"), if_sequence=2**70),
        lambda client: client.patch("\ud800", {"title": "x"}),
        lambda client: client.patch("d", {"attributes": {"a": [1, {"b": float("inf")}]}}),
        lambda client: client.patch("d", cast("Any", ["title"])),
        lambda client: client.patch("d", {"attributes": {"a": object()}}),
        lambda client: client.delete("\ud800"),
        lambda client: client.document("\ud800"),
        lambda client: list(client.write_many([Put(Document("d", attributes={"a": NAN}))])),
    ],
)
def test_what_is_no_json_is_not_sent(ask: Ask) -> None:
    """Nor what would be something else in it: NaN would be null, and gone."""
    served = Script()
    with pytest.raises(Refused, match="cannot be sent: "):
        ask(client_told(served))
    assert served.asked == []


def test_a_document_is_put_whole() -> None:
    """In the shape of a hit, under its id."""
    served = Script(written())
    assert client_told(served).put(WHOLE) == Written("d", "updated", 7)
    (asked,) = served.asked
    assert (asked.method, asked.url.raw_path) == ("PUT", b"/v1/documents/a%2Fb%20c%3Fd")
    assert asked.headers["content-type"] == "application/json"
    assert served.bodies == [SHAPE]


def test_a_document_may_lack_everything() -> None:
    """The server says what it needs."""
    served = Script(written())
    client_told(served).put(Document("d"))
    assert served.bodies == [{"title": "", "body": "", "attributes": {}}]


def test_changes_are_sent_as_they_are() -> None:
    """Null removes."""
    served = Script(written())
    changes = {"attributes": {"year": 2024, "draft": None}, "updated_at": None}
    client_told(served).patch("d", changes)
    assert (served.asked[0].method, served.bodies) == ("PATCH", [changes])


def test_a_delete_has_no_body() -> None:
    """Nor a type of one."""
    served = Script(written(result="deleted"))
    assert client_told(served).delete("d").result == "deleted"
    (asked,) = served.asked
    assert (asked.method, asked.url.path, asked.content) == ("DELETE", "/v1/documents/d", b"")
    assert "content-type" not in asked.headers


def test_conditions_and_waiting() -> None:
    """Both as parameters; what legs show comes back, also where one does not yet."""
    indexed = {"lexical": True, "vector": False}
    asks: list[tuple[Ask, str]] = [
        (lambda client: client.put(WHOLE, if_sequence=0), "if_sequence=0"),
        (lambda client: client.patch("d", {}, if_sequence=6), "if_sequence=6"),
        (lambda client: client.delete("d", if_sequence=6, wait=True),
         "if_sequence=6&wait=indexed&wait_ms=10000"),
        (lambda client: client.put(WHOLE, wait=True, wait_ms=50), "wait=indexed&wait_ms=50"),
        (lambda client: client.put(WHOLE, wait_ms=0), "wait=indexed&wait_ms=0"),
    ]  # fmt: skip
    for ask, parameters in asks:
        served = Script(written(indexed=indexed, refused={"vector": "no"}))
        said = cast("Written", ask(client_told(served)))
        assert (said.indexed, said.refused) == (indexed, {"vector": "no"})
        assert served.asked[0].url.query.decode() == parameters


def test_a_document_comes_back_as_it_was() -> None:
    """With its sequence; lists are tuples again."""
    reply = {"document_id": WHOLE.document_id, **SHAPE, "sequence": 7}
    served = Script(httpx.Response(200, json=reply))
    assert client_told(served).document(WHOLE.document_id) == Stored(WHOLE, 7)
    assert served.asked[0].url.raw_path == b"/v1/documents/a%2Fb%20c%3Fd"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(412, "sequence_conflict", SequenceConflict), (404, "document_not_found", DocumentNotFound),
     (400, "bad_document", Refused), (409, "id_taken", Refused), (403, "forbidden", Refused)],
)  # fmt: skip
def test_refusals(status: int, code: str, kind: type[TandemError]) -> None:
    """Of the kinds that they are; whatever has none says its code."""
    asks: list[Ask] = [
        lambda client: client.put(WHOLE, if_sequence=1),
        lambda client: client.patch("d", {}),
        lambda client: client.delete("d"),
    ]
    for ask in asks:
        with pytest.raises(kind) as caught:
            ask(client_told(Script(failing(status, code))))
        assert getattr(caught.value, "told", code) == code


@pytest.mark.parametrize("data", [[], {}, {"document_id": "d"}, {"document_id": "d", "result": 1}])
def test_another_one_s_json(data: Any) -> None:
    """Good JSON with a good status, but of something else."""
    asks: list[Ask] = [
        lambda client: client.put(WHOLE),
        lambda client: client.document("d"),
        lambda client: list(client.write_many([Delete("d")])),
    ]
    for ask in asks:
        with pytest.raises(ServerFailed, match="no reply of tandem serve"):
            ask(client_told(Script(httpx.Response(200, json=data))))


def test_many_writes_of_every_kind() -> None:
    """A line each, and an outcome each; a bad one stops nothing."""
    served = Script(
        lines(told(1), told(2, result="updated"), refusal(3), told(4, result="deleted"), SUMMARY)
    )
    writes: list[Write] = [
        Put(WHOLE),
        Patch("d", {"title": "x"}, if_sequence=4),
        Put(Document("d", attributes={"year": "x"}), if_sequence=0),
        Delete("d"),
    ]
    first, second, third, fourth = client_told(served).write_many(writes)
    (asked,) = served.asked
    assert (asked.method, asked.url.path) == ("POST", "/v1/documents:batch")
    assert asked.headers["content-type"] == "application/x-ndjson"
    assert served.batches == [
        [
            {"action": "put", "document_id": "a/b c?d", "document": SHAPE},
            {
                "action": "patch",
                "document_id": "d",
                "document": {"title": "x"},
                "if_sequence": 4,
            },
            {
                "action": "put",
                "document_id": "d",
                "document": {"title": "", "body": "", "attributes": {"year": "x"}},
                "if_sequence": 0,
            },
            {"action": "delete", "document_id": "d"},
        ]
    ]
    assert (first.place, first.result, first.sequence, first.error) == (0, "created", 101, None)
    assert (second.place, second.result) == (1, "updated")
    assert (third.place, third.result, third.sequence) == (2, None, None)
    assert isinstance(third.error, Refused)
    assert (third.error.told, third.error.field) == ("bad_document", "year")
    assert (fourth.place, fourth.result) == (3, "deleted")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("sequence_conflict", SequenceConflict), ("document_not_found", DocumentNotFound),
     ("internal", ServerFailed), ("new", Refused)],
)  # fmt: skip
def test_a_line_s_error_is_of_its_kind(code: str, kind: type[TandemError]) -> None:
    """As if it were a request's."""
    (line,) = client_told(Script(lines(refusal(1, code), SUMMARY))).write_many([Delete("d")])
    assert type(line.error) is kind
    assert str(line.error) == f"it is {code}"


def taken(request: httpx.Request) -> httpx.Response:
    """The reply of a server that takes all."""
    sent = map(orjson.loads, request.content.splitlines())
    return lines(*(told(n, one["document_id"]) for n, one in enumerate(sent, 1)), SUMMARY)


def test_no_call_is_larger_than_need_be() -> None:
    """By count and by bytes; places go on."""
    sizes = []

    def answer(request: httpx.Request) -> httpx.Response:
        sizes.append(len(request.content))
        return taken(request)

    body = "x" * 100_000
    writes: list[Write] = [
        *map(Delete, map(str, range(2_500))),
        *(Put(Document(f"p{n}", body)) for n in range(15)),
    ]
    outcomes = list(client_told(answer).write_many(writes))
    assert [line.place for line in outcomes] == list(range(2_515))
    assert [line.document_id for line in outcomes] == [write.document_id for write in writes]
    assert len(sizes) == 4
    assert max(sizes) <= BYTES_PER_CALL


def test_writes_are_taken_as_they_are_needed() -> None:
    """However many there are, a call's are held."""
    given = 0

    def endless() -> Iterator[Write]:
        nonlocal given
        while True:
            given += 1
            yield Delete(f"d{given}")

    outcomes = client_told(taken).write_many(endless())
    assert given == 0
    assert next(outcomes).place == 0
    assert given == ITEMS_PER_CALL + 1


def test_no_writes() -> None:
    """Nothing is asked for them."""
    assert list(client_told(Script()).write_many([])) == []


def test_a_write_that_cannot_be_sent_is_named() -> None:
    """What was told of before is done."""
    writes: list[Write] = [*map(Delete, map(str, range(ITEMS_PER_CALL + 1)))]
    writes += [Put(Document("d", "\ud800"))]
    outcomes = client_told(taken).write_many(writes)
    assert len([next(outcomes) for _ in range(ITEMS_PER_CALL)]) == ITEMS_PER_CALL
    with pytest.raises(Refused, match="the write at place 1001 cannot be sent: "):
        next(outcomes)


@pytest.mark.parametrize("cut", [{"breaks": True}, {}])
def test_what_nobody_told_of_is_sent_again(cut: dict[str, bool]) -> None:
    """The rest of the call, and no more: whether the reply broke off or ended too early."""
    served = Script(
        httpx.ConnectError,
        lines(told(1), refusal(2), **cut),
        failing(503, "stopping"),
        lines(told(1, result="unchanged"), **cut),
        lines(told(1), SUMMARY),
    )
    writes = [Delete(name) for name in "abcd"]
    outcomes = list(client_told(served, retries=4).write_many(writes))
    sent = [[line["document_id"] for line in batch] for batch in served.batches]
    assert sent == [[*"abcd"], [*"abcd"], [*"cd"], [*"cd"], ["d"]]
    assert [line.place for line in outcomes] == [0, 1, 2, 3]
    assert [line.result for line in outcomes] == ["created", None, "unchanged", "created"]


@pytest.mark.parametrize("cut", [{"breaks": True}, {}])
def test_what_has_a_condition_is_not_sent_again(cut: dict[str, bool]) -> None:
    """What was told of is told; then that nobody knows of the rest."""
    writes = [Delete("a", if_sequence=1), Delete("b"), Delete("c", if_sequence=1)]
    served = Script(lines(told(1), **cut))
    outcomes = client_told(served).write_many(writes)
    assert next(outcomes).place == 0
    with pytest.raises(ServerUnavailable, match="is not known"):
        next(outcomes)

    served = Script(lines(told(1), told(2), told(3), **cut))
    assert len(list(client_told(served).write_many(writes))) == 3


def test_lines_that_failed_for_a_moment_are_sent_again() -> None:
    """With all that comes after them: what is written twice keeps its order."""
    down = refusal(2, "document_log_unavailable")
    served = Script(lines(told(1), down, told(3), SUMMARY), lines(told(1), told(2), SUMMARY))
    outcomes = list(client_told(served).write_many([Delete(name) for name in "abb"]))
    sent = [[line["document_id"] for line in batch] for batch in served.batches]
    assert sent == [[*"abb"], [*"bb"]]
    assert [line.result for line in outcomes] == ["created"] * 3

    served = Script(lines(told(1), down), *(lines(refusal(1, "stopping")) for _ in range(2)))
    with pytest.raises(ServerFailed, match="it is stopping"):
        list(client_told(served).write_many([Delete("a"), Delete("b")]))


def test_conditional_lines_that_failed_for_a_moment_are_told() -> None:
    """Whoever set the condition decides."""
    down = refusal(1, "document_log_unavailable")
    writes = [Delete("a"), Delete("b", if_sequence=1)]
    first, second = client_told(Script(lines(down, told(2), SUMMARY))).write_many(writes)
    assert isinstance(first.error, ServerFailed)
    assert second.result == "created"


def test_a_condition_that_was_told_of_does_not_count() -> None:
    """The rest has none, and is sent again."""
    writes = [Delete("a", if_sequence=1), Delete("b")]
    served = Script(lines(told(1), breaks=True), lines(told(1), SUMMARY))
    assert [line.place for line in client_told(served).write_many(writes)] == [0, 1]


def test_a_server_that_takes_no_batch() -> None:
    """Its error is told; nothing was."""
    outcomes = client_told(Script(failing(403, "forbidden"))).write_many([Delete("d")])
    with pytest.raises(Refused, match="it is forbidden"):
        next(outcomes)


@pytest.mark.parametrize(
    "reply",
    [
        lines(told(2), SUMMARY),
        lines(told(1), told(1), SUMMARY),
        lines(told(1), told(2), told(3), SUMMARY),
        lines(told(1), told(2), {}, breaks=True),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b'{"line": 1}\n'),
        httpx.Response(502, content=b"<html>"),
    ],
)
def test_lines_that_answer_nothing(reply: httpx.Response) -> None:
    """Another one's, or about another write."""
    with pytest.raises(ServerFailed, match="no reply of tandem serve"):
        list(client_told(Script(reply)).write_many([Delete("a"), Delete("b")]))


@given(st.lists(st.text(), min_size=1, max_size=8), st.lists(st.integers(0, 60), max_size=6))
def test_lines_end_at_line_feeds_alone(ids: list[str], cuts: list[int]) -> None:
    """JSON may hold what other readers take for the end of a line; parts may end anywhere."""

    def answer(request: httpx.Request) -> httpx.Response:
        reply = b"\n".join(orjson.dumps(told(n, name)) for n, name in enumerate(ids, 1))
        edges = [0, *sorted(min(cut, len(reply)) for cut in cuts), len(reply)]
        parts = [reply[start:end] for start, end in pairwise(edges)]
        return httpx.Response(200, content=iter(parts))

    writes = [Delete(str(place)) for place in range(len(ids))]
    assert [line.document_id for line in client_told(answer).write_many(writes)] == ids
