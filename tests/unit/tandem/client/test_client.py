"""The client against the real application, over a stand-in of what is served; and against servers
that answer otherwise.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import orjson
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.asked_writes import AskedWrite
from api.event_intake import MAXIMUM_EVENTS
from api.http_errors import NAMES
from api.listening import bound_to, listening
from tandem.client import Client, Delete, Patch, Put, Refused, Sent, ServerFailed, ServerUnavailable
from tandem.client.asking import BYTES_PER_CALL, ITEMS_PER_CALL
from tandem.client.errors import FIELDS
from tandem.documents import Document
from tandem.errors import (
    BadCursor,
    CollectionNotFound,
    CursorExpired,
    DocumentNotFound,
    FilterError,
    QueryError,
    SearchUnavailable,
    SequenceConflict,
    SettingsError,
    TandemError,
)
from tandem.events import Event
from tandem.protocols import Searcher
from tandem.queries import Query, Sort
from tandem.rankings import Correction, Degradation, Highlight
from tests.scripted_server import Script, client_told
from tests.web_client import DOCUMENTS, HITS, StandIn, client_of

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "total": 12,
    "reachable": 10,
    "facets": {"kind": {"book": 7}},
    "cursor": "next",
    "is_frozen": False,
    "correction": Correction("snow", {"snwo": "snow"}),
    "highlights": {"a": Highlight(None, "<mark>snow</mark>", is_passage=True)},
    "notes": {"a": ("sale: pinned",)},
    "applied": ("sale",),
}


class Application(httpx.BaseTransport):
    """Takes requests to the application without a server between."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.BaseTransport``."""
        reply = self._client.request(
            request.method,
            str(request.url),
            content=request.read(),
            headers=dict(request.headers),
        )
        return httpx.Response(reply.status_code, headers=dict(reply.headers), content=reply.content)


def client_over(served: StandIn) -> Client:
    """A client of what is served."""
    return Client("http://testserver/", http=Application(client_of(served)))


def test_an_answer_comes_back_as_it_was() -> None:
    """Every word of a page survives the wire, but for the query's own id."""
    served = StandIn(result={**WHOLE, "unread": frozenset("b")})
    searcher: Searcher = client_over(served)
    client = client_over(served)
    query = Query("snwo", filters={"year": {"gte": 1990}}, facets=("kind",), limit=3, user_id="u")
    found = client.search(query, configuration="lexical", explain=True)
    ((name, asked),) = served.asked
    assert name == "lexical"
    assert (asked.text, asked.filters, asked.facets, asked.limit, asked.user_id) == (
        "snwo", {"year": {"gte": 1990}}, ("kind",), 3, "u",
    )  # fmt: skip
    assert found.query == replace(query, query_id=asked.query_id)
    assert found.page.hits == HITS
    assert found.documents == DOCUMENTS
    assert {name: getattr(found, name) for name in WHOLE} == WHOLE
    assert found.unread == frozenset("b")
    assert (found.release, found.configuration) == (3, "lexical")
    assert [item.leg for item in found.degraded] == ["vector"]
    assert found.milliseconds == {"total": 1.235}
    assert searcher.search(query).page.hits[0].document_id == "a"


def test_a_text_is_a_query() -> None:
    """What is not explained has no evidence; who is gone is no document, and read all the same."""
    served = StandIn(result={"unread": frozenset()})
    found = client_over(served).search("snow", record=False)
    assert [hit.evidence for hit in found.page.hits] == [(), ()]
    assert {*found.documents} == {"a"}
    assert found.unread == frozenset()
    assert served.recorded == []


@pytest.mark.parametrize("fields", [["title"], ["kind"], []])
def test_only_what_is_chosen(fields: list[str]) -> None:
    """The rest of a document is empty."""
    found = client_over(StandIn()).search("snow", fields=fields)
    assert found.documents["a"].title == ("Snow" if fields == ["title"] else "")
    assert found.documents["a"].attributes == ({"kind": "book"} if fields == ["kind"] else {})


def test_browsing_and_paging() -> None:
    """The order and the cursor reach the server; a blank text is none."""
    served = StandIn()
    client = client_over(served)
    client.search(Query("", sort=Sort("year", is_descending=True)))
    client.search(Query("", cursor="abc", limit=2))
    (_, first), (_, second) = served.asked
    assert (first.text, first.sort) == ("", Sort("year", is_descending=True))
    assert (second.cursor, second.limit) == ("abc", 2)


def test_similar() -> None:
    """Any id is the same on the other side of a real server."""
    served = StandIn()
    web = client_of(served).app
    assert isinstance(web, FastAPI)
    ids = ["d3", "a/b?c#d", "é %2F", "similar", "a//b", "/", ".", "..", "../x", "..."]
    with (
        listening(web, bound_to("127.0.0.1", 0), threading.Event()) as address,
        Client(address) as client,
    ):
        for document_id in ids:
            client.similar(document_id, limit=3, filters={"kind": "a"}, explain=True)
    assert [asked.seed_document_id for _, asked in served.asked] == ids
    assert {asked.surface for _, asked in served.asked} == {"similar"}
    assert served.asked[0][1].filters == {"kind": "a"}


def test_suggestions() -> None:
    """Text and kind, what is missing from them, and how long it took."""
    served = StandIn()
    found = client_over(served).suggest("sn", limit=2, filters={"kind": "a"})
    assert found.items == (("snow", "query"), ("Snow", "title"))
    assert found.degraded == (Degradation("lexical", "timeout"),)
    assert found.milliseconds == {"total": 0.25}
    assert served.typed == [("sn", {"kind": "a"}, 2)]


def test_events_arrive_as_they_were() -> None:
    """Also what has no place of its own; in calls of a thousand."""
    whole = Event(
        "e1", "rating", MOMENT, "d", "u", "c", "s", "q", 3, 4.5,
        {"application": "shop", "event_attributes": {"object": {"x": 1}, "seconds": 2}},
    )  # fmt: skip
    events = [whole, *(Event(f"v{n}", "view", MOMENT) for n in range(1_000))]
    served = StandIn()
    sent = client_over(served).send(events)
    assert served.told == events
    assert (sent.accepted, sent.duplicates, sent.rejected) == (1_001, 0, ())


def counted(request: httpx.Request) -> dict[str, Any]:
    """The reply of a server that takes all."""
    told = orjson.loads(request.content)
    return {
        "accepted": len(told),
        "duplicates": 0,
        "unknown_query_ids": [],
        "rejected": [
            {"line": line, "field": "action_name", "message": "no", "hint": None}
            for line, one in enumerate(told, 1)
            if one["action_name"] == "bad"
        ],
    }


def test_no_call_is_larger_than_a_server_takes() -> None:
    """Whatever the events hold, each call keeps to both limits, and is as full as it may be."""
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sizes.append(len(request.content))
        return httpx.Response(200, json=counted(request))

    events = [
        Event(f"v{n}", "bad" if n == 2_999 else "view", MOMENT, details={"message": "x" * 1_200})
        for n in range(3_000)
    ]
    sent = client_told(answer).send(events)
    assert (sent.accepted, [item.place for item in sent.rejected]) == (3_000, [2_999])
    assert max(sizes) <= BYTES_PER_CALL
    assert len(sizes) == -(-sum(sizes) // BYTES_PER_CALL) == 4
    assert ITEMS_PER_CALL == MAXIMUM_EVENTS


def test_large_events_arrive() -> None:
    """A thousand that are too large for one body."""
    served = StandIn()
    events = [Event(f"v{n}", "view", MOMENT, details={"message": "日" * 400}) for n in range(1_000)]
    assert client_over(served).send(events).accepted == 1_000
    assert served.told == events


def test_no_events() -> None:
    """Nothing is asked for them."""
    assert client_told(refused).send([]) == Sent()


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"event_attributes": "x"}, "event_attributes"),
        ({"event_attributes": {"object": 3}}, "event_attributes.object"),
        ({"event_attributes": {"position": ["x"]}}, "event_attributes.position"),
        ({"shop": "x"}, "shop"),
    ],
)
def test_odd_details_are_named_and_stop_nothing(details: dict[str, Any], field: str) -> None:
    """The server says what is wrong with them."""
    served = StandIn()
    events = [Event("a", "view", MOMENT), Event("b", "view", MOMENT, "d", details=details)]
    sent = client_over(served).send(events)
    assert [(item.place, item.field) for item in sent.rejected] == [(1, field)]
    assert served.told == events[:1]


@pytest.mark.parametrize(
    "details", [{"event_attributes": None}, {"event_attributes": {"object": None}}]
)
def test_details_of_null_are_none(details: dict[str, Any]) -> None:
    """The event's own document is told all the same."""
    served = StandIn()
    client_over(served).send([Event("a", "view", MOMENT, "d", details=details)])
    assert served.told == [Event("a", "view", MOMENT, "d")]


def test_rejected_events_are_named_by_their_place() -> None:
    """Counted over all calls."""
    reject = {"line": 2, "field": "user_id", "message": "no", "hint": None}
    reply = {"accepted": 1, "duplicates": 1, "unknown_query_ids": ["q"], "rejected": [reject]}
    client = client_told(lambda _: httpx.Response(200, json=reply))
    sent = client.send([Event(f"v{n}", "view", MOMENT) for n in range(1_001)])
    assert [item.place for item in sent.rejected] == [1, 1_001]
    assert (sent.accepted, sent.unknown_query_ids) == (2, ("q",))


def test_writes_arrive_as_they_are() -> None:
    """Each at its document, whatever its id; with its condition, and waiting as told."""
    served = StandIn()
    web = client_of(served).app
    assert isinstance(web, FastAPI)
    ids = ["d3", "a/b?c#d", "é %2F", "similar", "a//b", "/", ".", "..", "../x", "...", "a/similar"]
    with (
        listening(web, bound_to("127.0.0.1", 0), threading.Event()) as address,
        Client(address) as client,
    ):
        for document_id in ids:
            document = Document(document_id, "Snow", "", {"kind": "book"})
            assert client.put(document, if_sequence=7).document_id == document_id
            assert client.patch(document_id, {"title": None}).result == "updated"
            assert client.delete(document_id).sequence == 7
            assert client.document(document_id).document.document_id == document_id
        assert client.put(document, wait=True, wait_ms=50).indexed is not None
        told = list(client.write_many([Put(document, 7), Patch("d", {}), Delete("d")]))
    content = {"title": "Snow", "body": "", "attributes": {"kind": "book"}}
    log = served.document_desk.log
    assert log[: 3 * len(ids)] == [
        asked
        for name in ids
        for asked in (
            AskedWrite("put", name, content, 7),
            AskedWrite("patch", name, {"title": None}),
            AskedWrite("delete", name),
        )
    ]
    assert served.document_desk.waited == [(7, 0.05)]
    assert [(item.action, item.if_sequence) for item in log[-3:]] == [
        ("put", 7), ("patch", None), ("delete", None),
    ]  # fmt: skip
    assert [line.result for line in told] == ["created", "updated", "deleted"]


def test_a_search_that_sees_a_write() -> None:
    """The server is told which; a leg that is behind is named."""
    served = StandIn()
    served.document_desk.behind_by = (Degradation("vector", "behind"),)
    found = client_over(served).search("snow", min_sequence=7)
    assert [sequence for sequence, _ in served.document_desk.waited] == [7]
    assert Degradation("vector", "behind") in found.degraded


def test_erasure() -> None:
    """What was done, and whether that is all."""
    for user_id, is_done in (("a/b", True), ("x" * 200, False)):
        erased = client_over(StandIn()).erase_user(user_id)
        assert (erased.user_id, erased.is_done) == (user_id, is_done)
        counts = (erased.events, erased.impressions, erased.features)
        assert all(isinstance(count, int) for count in counts)
        assert all(isinstance(reach, str) for reach in erased.beyond_reach)


def test_health() -> None:
    """Alive and ready."""
    with client_over(StandIn()) as client:
        assert client.is_alive()
        assert (client.ready().collection, client.ready().release) == ("main", 3)


@pytest.mark.parametrize(
    ("query", "kind", "field"),
    [
        (Query("x", limit=0), QueryError, "limit"),
        (Query("x" * 4_001), QueryError, "text"),
        (
            Query("", surface="similar", seed_document_id="x" * 513),
            Refused,
            "seed_document_id",
        ),
        (Query("x", filters={"kid": 1}), FilterError, None),
        (Query("x", user_id=" "), Refused, "user_id"),
    ],
)
def test_errors_of_the_server_are_errors_here(query: Query, kind: Any, field: str | None) -> None:
    """The same classes, words and hints; a field is called as the query calls it."""
    with pytest.raises(kind) as caught:
        client_over(StandIn()).search(query)
    assert getattr(caught.value, "field", None) == field


def test_every_other_name_of_the_wire_is_known() -> None:
    """A field is the same on both sides."""
    assert {other: name for name, other in NAMES.items()} == FIELDS


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "bad_cursor", BadCursor),
        (404, "collection_not_found", CollectionNotFound),
        (404, "document_not_found", DocumentNotFound),
        (410, "cursor_expired", CursorExpired),
        (503, "search_unavailable", SearchUnavailable),
        (412, "sequence_conflict", SequenceConflict),
        (503, "overloaded", ServerFailed),
        (429, "too_many_requests", ServerFailed),
        (401, "unauthorized", Refused),
        (403, "forbidden", Refused),
        (500, "internal", ServerFailed),
        (413, "body_too_large", Refused),
    ],
)
def test_codes(status: int, code: str, kind: type[TandemError]) -> None:
    """Each is what it is there; message and hint are kept."""
    error = {"code": code, "message": "what", "field": None, "hint": "next", "docs": "d"}
    client = client_told(lambda _: httpx.Response(status, json={"error": error}))
    with pytest.raises(kind) as caught:
        client.search("x")
    assert (str(caught.value), caught.value.hint) == ("what", "next")
    assert type(caught.value) is kind


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"error": "x"}', b"\xff"])
def test_what_is_no_server_of_ours(body: bytes) -> None:
    """A proxy, or something else at that port."""
    client = client_told(lambda _: httpx.Response(502, content=body))
    with pytest.raises(ServerFailed, match="status 502, and no reply of tandem serve"):
        client.search("x")


@pytest.mark.parametrize(
    "data",
    [
        None, 7, [], {}, "x", {"alive": True},
        {"hits": 3, "suggestions": 3, "did_you_mean": None, "query_id": "q", "degraded": []},
        {"suggestions": [{"text": "x"}], "accepted": "x", "hits": [[]], "rejected": [{}]},
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.search("x"),
        lambda client: client.similar("x"),
        lambda client: client.suggest("x"),
        lambda client: client.send([Event("a", "view", MOMENT)]),
        lambda client: client.erase_user("u"),
        lambda client: client.ready(),
    ],
)
def test_another_one_s_json(data: Any, ask: Callable[[Client], object]) -> None:
    """Good JSON with a good status, but of something else."""
    client = client_told(lambda _: httpx.Response(200, content=orjson.dumps(data)))
    with pytest.raises(ServerFailed, match="status 200, and no reply of tandem serve"):
        ask(client)


def test_an_alive_that_is_none() -> None:
    """As any other reply."""
    with pytest.raises(ServerFailed, match="no reply of tandem serve"):
        client_told(lambda _: httpx.Response(200, json=[])).is_alive()


def test_a_body_that_is_not_encoded_as_it_says() -> None:
    """A broken proxy."""
    headers = {"content-encoding": "gzip"}
    client = client_told(lambda _: httpx.Response(200, headers=headers, content=iter([b"{}"])))
    with pytest.raises(ServerFailed, match="not encoded as it says"):
        client.search("x")


@pytest.mark.parametrize("field", [7, ["q"], {"q": 1}, None])
def test_a_field_that_is_no_name(field: Any) -> None:
    """It is left out."""
    error = {"code": "bad_query", "message": "what", "field": field, "hint": 3}
    client = client_told(lambda _: httpx.Response(400, json={"error": error}))
    with pytest.raises(QueryError, match="what") as caught:
        client.search("x")
    assert (caught.value.field, caught.value.hint) == ("", "3")


def test_a_server_that_says_more_is_ready() -> None:
    """A later one, for instance."""
    told = {**StandIn().readiness(), "since": "yesterday"}
    assert client_told(lambda _: httpx.Response(200, json=told)).ready().release == 3


def timed_out(request: httpx.Request) -> httpx.Response:
    """No answer."""
    raise httpx.ReadTimeout("late", request=request)


def refused(request: httpx.Request) -> httpx.Response:
    """Nobody there."""
    raise httpx.ConnectError("connection refused", request=request)


@pytest.mark.parametrize(
    ("answer", "said"), [(timed_out, "did not answer within"), (refused, "cannot be reached")]
)
def test_no_answer(answer: Any, said: str) -> None:
    """Which server, and what to do."""
    with pytest.raises(ServerUnavailable, match=said) as caught:
        client_told(answer).search("x")
    assert "http://testserver" in str(caught.value)
    assert caught.value.hint


def test_a_query_is_given_its_own_time() -> None:
    """A reply is waited for as long as its budget, and a little longer."""
    waited = []

    def answer(request: httpx.Request) -> httpx.Response:
        waited.append(request.extensions["timeout"]["read"])
        return httpx.Response(500)

    client = client_told(answer)
    given: list[dict[str, Any]] = [{}, {"surface": "similar", "seed_document_id": "d"}]
    for more in given:
        for budget_ms in (None, 1_000, 60_000, 1e300):
            with pytest.raises(ServerFailed):
                client.search(Query("x", budget_ms=budget_ms, **more))
    assert waited == [30, 30, 65, 605] * 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8765",
        "ftp://x",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://x:port",
        "http://\ud800",
    ],
)
def test_no_address(url: str) -> None:
    """Told before anything is asked."""
    with pytest.raises(SettingsError, match="is no address of a server"):
        Client(url)


def test_a_key_goes_with_every_request() -> None:
    """And nothing does without one."""
    served = Script(*[httpx.Response(200, json={"alive": True})] * 3)
    client_told(served, key="tdm_1_secret").is_alive()
    client_told(served).is_alive()
    told = [request.headers.get("authorization") for request in served.asked]
    assert told == ["Bearer tdm_1_secret", None]


@pytest.mark.parametrize("key", ["", "a key", "schlüssel", "tdm\n", "\ud800"])
def test_no_key(key: str) -> None:
    """Told before anything is asked, without a word of it."""
    with pytest.raises(SettingsError, match="the key is none") as caught:
        Client("http://testserver", key=key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.search("\ud800"),
        lambda client: client.search(Query("x", filters={"a": {1}})),
        lambda client: client.search(Query("x", filters=cast("Any", 3))),
        lambda client: client.search(Query("x", limit=2**70)),
        lambda client: client.search(Query("x", budget_ms=float("nan"))),
        lambda client: client.search(Query("x", budget_ms=float("inf"))),
        lambda client: client.similar("\ud800"),
        lambda client: client.similar("d", filters={"a": {1}}),
        lambda client: client.search(
            Query("", surface="similar", seed_document_id="d", user_id="\ud800")
        ),
        lambda client: client.suggest("\ud800"),
        lambda client: client.erase_user("\ud800"),
        lambda client: client.suggest("x", filters={"a": {1}}),
        lambda client: client.suggest("x", filters={"a": "\ud800"}),
    ],
)
def test_what_is_no_json_is_not_sent(ask: Callable[[Client], object]) -> None:
    """Nor what is no UTF-8, in a body, a parameter or a path."""
    with pytest.raises(Refused, match="what is asked cannot be sent: "):
        ask(client_over(StandIn()))


def test_an_event_that_cannot_be_sent_is_named() -> None:
    """Before any of them was sent."""
    events = [Event("a", "view", MOMENT), Event("b", "view", MOMENT, value=10**300)]
    with pytest.raises(Refused, match="the event at place 1 cannot be sent: "):
        client_told(refused).send(events)
