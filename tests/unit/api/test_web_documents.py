"""Documents over HTTP, against real engines: what is answered, and what searches find then."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.bootstrap import House, open_house
from api.serving import Serving
from api.web import create_web
from api.wire_documents import DocumentReply, WriteReply
from indexer.writers import LexicalWriter, VectorWriter
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.document_log import DocumentLog
from tandem.documents import Change
from tandem.errors import CatalogError
from tandem.protocols import Refusal
from tests.integration.downtime import embedders
from tests.owned_house import at_work, settings_in
from tests.served_house import served
from tests.web_client import error_of

LINES = {"content-type": "application/x-ndjson"}
WAIT: dict[str, str | int] = {"wait": "indexed", "wait_ms": 60_000}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, TestClient]]:
    """Thirty documents, followed by this process, which looks by itself once a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with served(tmp_path_factory.mktemp("documents")) as (house, client):
            patch.setattr("indexer.following.IDLE_SECONDS", 60.0)
            yield house, client


@pytest.fixture
def client(shop: tuple[House, TestClient]) -> TestClient:
    """Asks the application over them."""
    return shop[1]


def found(client: TestClient, text: str, configuration: str, **more: Any) -> list[str]:
    """The ids that a search finds."""
    asked = {"q": text, "configuration": configuration, "limit": 100, **more}
    hits = client.get("/v1/search", params=asked).json()["hits"]
    return [hit["document_id"] for hit in hits]


def written(reply: Any) -> dict[str, Any]:
    """What became of a write, after a look at its shape."""
    told = WriteReply.model_validate_json(reply.content, strict=True)
    return told.model_dump(exclude_none=True)


# --- what is refused ---


@pytest.mark.parametrize(
    ("method", "path", "more", "code", "field"),
    [
        ("PUT", "/x", {"content": b"{"}, "bad_body", None),
        ("PUT", "/x", {"json": []}, "bad_body", None),
        ("PUT", "/x", {"json": {"titel": "x"}}, "bad_document", "titel"),
        ("PUT", "/x", {"json": {"title": "x"}, "params": {"if_sequenze": 1}}, "bad_parameter",
         "if_sequenze"),
        ("PUT", "/x", {"json": {"title": "x"}, "params": {"if_sequence": -1}}, "bad_parameter",
         "if_sequence"),
        ("PUT", "/x", {"json": {"title": "x"}, "params": {"if_sequence": 2**63}}, "bad_parameter",
         "if_sequence"),
        ("PUT", "/x", {"json": {"title": "x"}, "params": {"wait": "applied"}}, "bad_parameter",
         "wait"),
        ("PUT", "/x", {"json": {"title": "x"}, "params": {"wait_ms": 10}}, "bad_parameter",
         "wait_ms"),
        ("PUT", "/x", {"json": {"title": "x"}, "params": {**WAIT, "wait_ms": 60_001}},
         "bad_parameter", "wait_ms"),
        ("PUT", "/x", {"json": {"title": "x"}, "headers": {"if-match": "7"}}, "bad_parameter",
         "If-Match"),
        ("PUT", "/%20", {"json": {"title": "x"}}, "bad_parameter", "document_id"),
        ("PUT", "/", {"json": {"title": "x"}}, "bad_parameter", "document_id"),
        ("PUT", "/" + "x" * 513, {"json": {"title": "x"}}, "bad_parameter", "document_id"),
        ("PUT", "/a%0Ab", {"json": {"title": "x"}}, "bad_document", "document_id"),
        ("PUT", "/x", {"content": b"title=x", "headers": {"content-type": "text/plain"}},
         "unsupported_media_type", None),
        ("PUT", "/x", {"content": b" " * 1_048_577}, "body_too_large", None),
        ("PATCH", "/x", {"json": {"title": "x"}}, "document_not_found", None),
        ("DELETE", "/x", {}, "document_not_found", None),
        ("DELETE", "/d1", {"params": {"if_sequence": 1}}, "sequence_conflict", None),
        ("DELETE", "/d1", {"headers": {"if-none-match": "*"}}, "sequence_conflict", None),
        ("GET", "/x", {}, "document_not_found", None),
        ("GET", "/d1", {"params": {"fields": "title"}}, "bad_parameter", "fields"),
        ("POST", "/d1", {"json": {}}, "method_not_allowed", None),
        ("PUT", "/d1/similar", {"json": {"title": "x"}}, "method_not_allowed", None),
        ("POST", ":batch", {"json": {}}, "unsupported_media_type", None),
        ("POST", ":batch", {"content": b"", "headers": LINES, "params": {"wait": "indexed"}},
         "bad_parameter", "wait"),
        ("DELETE", "/d1", {"headers": {"sec-fetch-site": "cross-site"}}, "cross_site", None),
    ],
)  # fmt: skip
def test_what_is_refused(
    client: TestClient, method: str, path: str, more: dict[str, Any], code: str, field: str | None
) -> None:
    """In the one shape, before anything is done."""
    before = client.get("/v1/documents/d1").json()
    headers = {"content-type": "application/json", **more.get("headers", {})}
    reply = client.request(method, f"/v1/documents{path}", **{**more, "headers": headers})
    error = error_of(reply)
    assert (error["code"], error["field"]) == (code, field)
    assert client.get("/v1/documents/d1").json() == before
    assert client.get("/v1/documents/x").status_code == 404


def test_a_log_that_is_down(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and when to ask again; a batch is not even begun."""

    def fail(*_: object) -> Any:
        raise CatalogError("the database is gone")

    monkeypatch.setattr(DocumentLog, "write", fail)
    monkeypatch.setattr(DocumentLog, "changes_of", fail)
    monkeypatch.setattr("api.founding.Founding.is_to_be_inferred", fail)
    for reply in (
        client.put("/v1/documents/x", json={"title": "x"}),
        client.patch("/v1/documents/d1", json={"title": "x"}),
        client.delete("/v1/documents/d1"),
        client.get("/v1/documents/d1"),
        client.post("/v1/documents:batch", content=b"{}", headers=LINES),
    ):
        assert error_of(reply)["code"] == "document_log_unavailable"
        assert reply.headers["retry-after"] == "1"


# --- a document ---


def test_a_document_from_its_first_version_to_its_last(client: TestClient) -> None:
    """Every reply says at which sequence it stands, and the next write is bound to that."""
    content = {"title": "Sledge", "body": "of oak", "attributes": {"year": 1999}}
    path = "/v1/documents/sledge"
    reply = client.put(path, json=content, headers={"if-none-match": "*"})
    first = written(reply)
    assert (reply.status_code, first["result"]) == (201, "created")
    assert reply.headers["etag"] == f'"{first["sequence"]}"'

    reply = client.put(path, json=content)
    assert (reply.status_code, written(reply)) == (200, first | {"result": "unchanged"})

    reply = client.get(path)
    told = DocumentReply.model_validate_json(reply.content, strict=True).model_dump()
    own = {"document_id": "sledge", "sequence": first["sequence"], "updated_at": None}
    assert told == {**own, **content}
    known = {"if-none-match": reply.headers["etag"]}
    reply = client.get(path, headers=known)
    assert (reply.status_code, reply.content) == (304, b"")
    assert reply.headers["etag"] == known["if-none-match"]

    bound = {"if-match": reply.headers["etag"], "content-type": "application/merge-patch+json"}
    patch = b'{"title": null, "attributes": {"year": null, "kind": ["a", "b"]}}'
    reply = client.patch(path, content=patch, headers=bound)
    second = written(reply)
    assert second == {"document_id": "sledge", "result": "updated", "sequence": second["sequence"]}
    assert second["sequence"] > first["sequence"]
    assert client.get(path, headers=known).json()["attributes"] == {"kind": ["a", "b"]}
    assert error_of(client.patch(path, content=patch, headers=bound))["code"] == "sequence_conflict"

    reply = client.delete(path, params={"if_sequence": second["sequence"]})
    assert written(reply)["result"] == "deleted"
    assert "etag" not in reply.headers
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "document_id", ["x/y", "x/similar", "similar", "ü ?#%&", "a%2Fb", "c:batch"]
)
def test_any_id_in_the_path(client: TestClient, document_id: str) -> None:
    """Percent-encoded, an id that looks like another path is told from that one."""
    path = f"/v1/documents/{quote(document_id, safe='')}"
    assert written(client.put(path, json={"title": "x"}))["document_id"] == document_id
    assert client.get(path).json()["document_id"] == document_id
    similar = client.get(f"{path}/similar", params={"limit": 1})
    assert similar.status_code in {200, 404}, "it may not be searchable yet"
    assert written(client.delete(path))["result"] == "deleted"


# --- searchable ---


def test_what_was_waited_for_is_found(client: TestClient) -> None:
    """By words and by meaning, at once; and no longer when it is gone. Who writes wakes who
    follows, which would look in a minute only.
    """
    reply = client.put("/v1/documents/w", json={"title": "Toboggan"}, params=WAIT)
    both = {"lexical": True, "vector": True}
    assert (reply.status_code, written(reply)["indexed"]) == (201, both)
    assert found(client, "toboggan", "lexical") == ["w"]
    assert "w" in found(client, "toboggan", "semantic")
    reply = client.delete("/v1/documents/w", params=WAIT)
    assert (reply.status_code, written(reply)["indexed"]) == (200, both)
    assert found(client, "toboggan", "lexical") == []
    assert "w" not in found(client, "toboggan", "semantic")


def test_a_search_sees_what_was_written_before(client: TestClient) -> None:
    """By parameters and by a body; each page of a batch's documents."""
    lines = "".join(
        json.dumps({"document_id": f"b{number}", "document": {"title": "Bobsleigh"}}) + "\n"
        for number in range(60)
    )
    reply = client.post("/v1/documents:batch", content=lines, headers=LINES)
    told = [json.loads(line) for line in reply.text.splitlines()]
    assert [line["result"] for line in told[:-1]] == ["created"] * 60
    sequence = told[-1]["summary"]["sequence"]
    asked = {"q": "bobsleigh", "min_sequence": sequence, "budget_ms": 60_000, "limit": 100}
    for search in (
        client.get("/v1/search", params=asked),
        client.post("/v1/search", json=asked),
    ):
        assert search.json()["degraded"] == []
        assert search.json()["total"] >= 60


def test_a_sequence_that_nobody_has_got_yet(client: TestClient) -> None:
    """It would be waited for in vain."""
    error = error_of(client.get("/v1/search", params={"q": "x", "min_sequence": 2**62}))
    assert (error["code"], error["field"]) == ("bad_parameter", "min_sequence")


@contextmanager
def held_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The vector leg prepares nothing before the block ends."""
    go_on = threading.Event()
    prepare = VectorWriter.prepare

    def late(writer: VectorWriter, changes: Sequence[Change]) -> Any:
        go_on.wait(60)
        return prepare(writer, changes)

    monkeypatch.setattr(VectorWriter, "prepare", late)
    try:
        yield
    finally:
        go_on.set()


def test_a_leg_that_is_behind(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, by the write and by the search; the other one shows the document."""
    with held_back(monkeypatch):
        path = "/v1/documents/late"
        reply = client.put(
            path, json={"title": "Luge"}, params={"wait": "indexed", "wait_ms": 2_000}
        )
        assert reply.status_code == 202
        assert written(reply)["indexed"] == {"lexical": True, "vector": False}
        asked = {"q": "luge", "min_sequence": written(reply)["sequence"], "budget_ms": 500}
        search = client.get("/v1/search", params=asked).json()
        assert search["degraded"] == [{"leg": "vector", "reason": "behind"}]
        assert "late" in {hit["document_id"] for hit in search["hits"]}
    reply = client.put(path, json={"title": "Luge"}, params=WAIT)
    assert written(reply)["result"] == "unchanged"
    assert written(reply)["indexed"] == {"lexical": True, "vector": True}


def test_a_version_that_an_engine_refuses(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for any longer, and it is said why."""
    monkeypatch.setattr(LexicalWriter, "apply", lambda *_: [Refusal("odd", "too odd")])
    reply = client.put("/v1/documents/odd", json={"title": "Skeleton"}, params=WAIT)
    assert reply.status_code == 201
    told = written(reply)
    assert told["indexed"] == {"lexical": False, "vector": True}
    assert told["refused"] == {"lexical": "too odd"}


def test_who_cannot_be_asked_shows_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the catalogue nobody knows how far the indexes are: searches go on, and say so."""
    sequence = written(client.put("/v1/documents/q", json={"title": "Curling"}))["sequence"]

    def fail(*_: object) -> Any:
        raise CatalogError("the database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "read", fail)
        patched.setattr(DocumentLog, "head", fail)
        asked = {"q": "snow", "min_sequence": sequence, "budget_ms": 400}
        reply = client.get("/v1/search", params=asked)
    assert reply.status_code == 200
    assert [item for item in reply.json()["degraded"] if item["reason"] == "behind"] == [
        {"leg": "lexical", "reason": "behind"},
        {"leg": "vector", "reason": "behind"},
    ]


# --- the first document ---


@pytest.mark.parametrize("fields", [{}, {"kind": {"type": "keyword"}}])
def test_the_first_document_of_all(
    tmp_path: Path, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server over nothing takes it; it is found like any other, by the fields that it has."""
    monkeypatch.setattr("api.embedders.load_embedder", embedders.load)
    with (
        open_house(settings_in(tmp_path, fields=fields), "test", follows=True) as house,
        at_work(house),
        closing(Serving(house)) as serving,
    ):
        client = TestClient(create_web(serving))
        assert error_of(client.get("/v1/search?q=x"))["code"] == "collection_not_found"
        assert error_of(client.get("/v1/documents/a"))["code"] == "document_not_found"
        content = {"title": "First", "attributes": {"kind": "k"}}
        reply = client.put("/v1/documents/a", json=content)
        assert (reply.status_code, written(reply)["sequence"]) == (201, 1)
        assert client.get("/v1/search?q=x").status_code == 200, "whoever was told so can search"
        assert client.put("/v1/documents/a", json=content, params=WAIT).status_code == 200
        assert found(client, "first", "lexical", filter='{"kind": "k"}') == ["a"]
