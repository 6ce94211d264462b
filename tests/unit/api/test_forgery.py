"""What somebody with bad intent sends: a clear refusal in the one shape, and nothing of the inside.

Over real engines: what a stand-in would swallow may be meant for them.
"""

import gzip
import re
from collections.abc import Iterator
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from starlette.testclient import TestClient

from tests.integration.downtime import embedders
from tests.served_house import served
from tests.web_client import error_of

JSON = {"content-type": "application/json"}
INJECTIONS = (
    "'; DROP TABLE documents; --", '" OR 1=1 --', "x' UNION SELECT * FROM events --",
    '{"match_all": {}}', '{"script": {"source": "System.exit(1)"}}', "body:* OR title:*",
    "*:*", "(((", '"unclosed', "a AND", "NOT", "[1 TO *]", "^^^", "~~", "/regex.*/", "a\\",
    "${jndi:ldap://x/y}", "{{7*7}}", "<script>alert(1)</script>", "../../etc/passwd", "%00", "%s%n",
    "\u202e\u0000\u0007", "\ufeff", "a\r\nSet-Cookie: x=1",
)  # fmt: skip
INSIDE = re.compile(
    r"Traceback|site-packages|\.py\b|sqlalchemy|sqlite|SELECT .* FROM|psycopg|tantivy::|"
    rf"qdrant_edge|pydantic|{re.escape(gettempdir())}/",
)
"""What would tell how it is built, and where it lies; not from what was sent itself."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application over real engines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with served(tmp_path_factory.mktemp("served")) as (_, opened):
            yield opened


def checked(reply: Any, sent: str = "") -> Any:
    """The reply, after a look at it: an answer, or a clear refusal that leaks nothing."""
    assert reply.status_code == 200 or 400 <= reply.status_code < 500, reply.text
    if reply.status_code != 200:
        error = error_of(reply)
        told = f"{error['message']} {error['hint']}".replace(sent, "")
        assert not INSIDE.search(told), told
    return reply


@pytest.mark.parametrize("text", INJECTIONS)
def test_texts_are_texts(client: TestClient, text: str) -> None:
    """In the query and in the prefix they are words, or none; in an id they are nobody."""
    is_seen = any(sign.isprintable() and sign != "\ufeff" for sign in text.replace("\u202e", ""))
    allowed = {200} if is_seen else {200, 400}
    for path in ("/v1/search", "/v1/suggest"):
        assert checked(client.get(path, params={"q": text})).status_code in allowed
    assert checked(client.post("/v1/search", json={"q": text})).status_code in allowed
    missing = checked(client.get(f"/v1/documents/{quote(text, safe='')}/similar"), text)
    assert missing.status_code in {400, 404}


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize(
    "name", ["filter", "facets", "sort", "cursor", "configuration", "limit", "budget_ms", "explain"]
)
def test_every_parameter_refuses_what_it_is_not(client: TestClient, name: str, text: str) -> None:
    """None of them is handed on to an engine."""
    reply = checked(client.get("/v1/search", params={name: text}), text)
    assert reply.status_code == 400
    assert error_of(reply)["field"] == name


@pytest.mark.parametrize("text", INJECTIONS)
def test_filters_bind_values(client: TestClient, text: str) -> None:
    """A value is compared, a name is looked up."""
    by_value = checked(client.post("/v1/search", json={"filter": {"kind": text}}))
    assert (by_value.status_code, by_value.json()["total"]) == (200, 0)
    by_name = checked(client.post("/v1/search", json={"filter": {text: "x"}}), text)
    assert error_of(by_name)["code"] == "bad_filter"


@pytest.mark.parametrize("text", INJECTIONS)
def test_events_hold_texts(client: TestClient, text: str) -> None:
    """They are kept as they are; the log goes on."""
    event = {
        "action_name": text, "timestamp": "2026-11-21T09:30:00Z", "user_id": text,
        "query_id": text, "message": text, "event_attributes": {"object": {"object_id": text}},
    }  # fmt: skip
    reply = checked(client.post("/v1/events", json=event), text)
    if reply.status_code == 200:
        told = reply.json()
        assert told["accepted"] + told["duplicates"] == 1
        assert told["unknown_query_ids"] == [text] * told["accepted"]


def cursors(client: TestClient) -> tuple[str, str]:
    """One of a frozen ranking, and one of browsing."""
    found = client.get("/v1/search", params={"q": "snow", "limit": 2}).json()["cursor"]
    listed = client.get("/v1/search", params={"sort": "year", "limit": 2}).json()["cursor"]
    assert found
    assert listed
    return found, listed


def test_cursors_are_not_made_by_hand(client: TestClient) -> None:
    """Cut, lengthened, altered or invented ones are refused: no page is anybody else's."""
    for cursor in cursors(client):
        flipped = ("A" if cursor[5] != "A" else "B") + cursor[6:]
        forged = [
            cursor[:-1], cursor + "A", cursor[:5] + flipped, cursor[::-1], cursor + "=",
            cursor.upper() + "x", "", "b.", "A" * 27, "A" * 3_000, "é" * 27, "b." + "A" * 40,
        ]  # fmt: skip
        for text in forged:
            reply = checked(client.get("/v1/search", params={"cursor": text}), text)
            assert reply.status_code in {400, 410}, text
            assert error_of(reply)["code"] in {"bad_cursor", "cursor_expired"}


def test_cursors_belong_to_their_query(client: TestClient) -> None:
    """Beside another query, on another surface, or for another person they are refused."""
    found, listed = cursors(client)
    for other in (
        {"q": "text"}, {"filter": '{"kind": "odd"}'}, {"facets": "kind"}, {"user_id": "eve"},
        {"configuration": "lexical"},
    ):  # fmt: skip
        reply = checked(client.get("/v1/search", params={"cursor": found, **other}))
        assert error_of(reply)["code"] == "bad_cursor", other
    for other in ({"sort": "-year"}, {"filter": '{"kind": "odd"}'}, {"sort": "price"}):
        reply = checked(client.get("/v1/search", params={"cursor": listed, **other}))
        assert error_of(reply)["code"] == "bad_cursor", other
    for cursor in (found, listed):
        path = "/v1/documents/d1/similar"
        reply = checked(client.get(path, params={"cursor": cursor}))
        assert error_of(reply)["code"] == "bad_cursor"


@pytest.mark.parametrize(
    "path",
    [
        "/page/%2e%2e/%2e%2e/etc/passwd", "/page/..%2f..%2fapi/web", "/page/....//web",
        "/page/%252e%252e/web", "/page/C:%5cwindows",
        "/page//etc/passwd", "/page/%00", "/v1/../tandem.toml", "/v1/%2e%2e/tandem.toml",
        "//example.com/%2f..", "/.git/config", "/v1/openapi.json/..", "/page/__init__",
    ],
)  # fmt: skip
def test_paths_lead_nowhere(client: TestClient, path: str) -> None:
    """They are looked up, not walked."""
    assert error_of(checked(client.get(path), path))["code"] == "not_found"


@pytest.mark.parametrize(
    "path",
    [
        "/page/..%c0%af..%c0%afetc/passwd", "/v1/search?user_id=%e9", "/v1/search?q=caf%C3%A9%e9",
        "/v1/search?q=%ed%a0%80", "/v1/documents/%ff/similar", "/v1/search?%ff=x",
        "/v1/suggest?q=%f4%90%80%80",
    ],
)  # fmt: skip
def test_addresses_in_another_encoding(client: TestClient, path: str) -> None:
    """Refused: what stands for a sign that cannot be read would be one person for many."""
    error = error_of(checked(client.get(path)))
    assert (error["code"], error["hint"]) == ("bad_request", "percent-encode the address in UTF-8")


@pytest.mark.parametrize("path", ["/v1/search", "/v1/events"])
def test_bodies_that_are_too_much(client: TestClient, path: str) -> None:
    """Ten megabytes, a bomb, a tower: refused before anybody reads on."""
    large = b'{"q": "' + b"x" * 10_000_000 + b'"}'
    assert error_of(client.post(path, content=large, headers=JSON))["code"] == "body_too_large"
    bomb = gzip.compress(b'{"q": "' + b"x" * 50_000_000 + b'"}')
    packed = {**JSON, "content-encoding": "gzip"}
    assert error_of(client.post(path, content=bomb, headers=packed))["code"] == (
        "unsupported_media_type"
    )
    for tower in (b"[" * 500_000, b'{"filter":' * 30_000, b"[" * 900 + b"]" * 900):
        reply = checked(client.post(path, content=tower, headers=JSON))
        assert error_of(reply)["code"] == "bad_body"


@pytest.mark.parametrize("deep", [40, 1_000, 9_000])
@pytest.mark.parametrize("path", ["/v1/search", "/v1/suggest", "/v1/documents/d1/similar"])
def test_filters_that_are_towers(client: TestClient, path: str, deep: int) -> None:
    """In a parameter as in a body; also beside a cursor, where they are compared."""
    towers = ('{"kind": ' + "[" * deep + "]" * deep + "}", '{"not":' * deep + "{}" + "}" * deep)
    for tower in (text for text in towers if len(text) < 50_000):
        for beside in ({}, *({"cursor": cursor} for cursor in cursors(client))):
            if beside and path == "/v1/suggest":
                continue
            reply = checked(client.get(path, params={"filter": tower, **beside}))
            assert error_of(reply)["code"] == "bad_filter"


@pytest.mark.parametrize(
    "content",
    [
        b'{"limit": NaN}', b'{"limit": Infinity}', b'{"q": "\\ud800"}', b'{"q": "\xed\xa0\x80"}',
        b'{"limit": ' + b"9" * 5_000 + b"}", b'{"limit": 1e999}', b"\x00", b"\xff\xfe{\x00}\x00",
        b'{"q": "a", "q": "b"}', b'{"q": "a"} {"q": "b"}', b"{'q': 'a'}", b'{"q": "a",}',
        b'{"__proto__": {"x": 1}}', b'{"limit": 1e18}', b'{"limit": -1}', b'{"budget_ms": -0.0}',
        b'{"filter": {"year": 1e300}}', b'{"filter": {"year": {"gte": [1]}}}',
        b'{"filter": {"kind": [' + b",".join([b'"x"'] * 1_001) + b"]}}",
        b'{"filter": {"not": {"not": {"not": {"not": {"not": {"not": {"kind": "x"}}}}}}}}',
        b'{"filter": {"kind": "\\u0000", "year": "x"}}', b'{"fields": ["nope"], "q": 1}',
    ],
)  # fmt: skip
def test_bodies_that_are_none(client: TestClient, content: bytes) -> None:
    """Each is named as what it is, and nothing is guessed."""
    reply = checked(client.post("/v1/search", content=content, headers=JSON))
    assert reply.status_code == 400, reply.text


@pytest.mark.parametrize(
    "query",
    [
        "q=a&q=b", "limit=1&limit=2", "q=a&Q=b", "q[]=a", "limit=9999999999999999999999", "limit=",
        "limit=+1", "limit=0x10", "limit=1_0", "limit=%D9%A3", "explain=1", "record=no",
        "user_id=%00", "user_id=" + "x" * 513, "sort=", "sort=-", "configuration=",
        "filter=%FF", "facets=,", "budget_ms=1e999",
    ],
)  # fmt: skip
def test_parameters_that_are_none(client: TestClient, query: str) -> None:
    """As with bodies."""
    assert checked(client.get(f"/v1/search?{query}")).status_code == 400


def test_everything_works_afterwards(client: TestClient) -> None:
    """Nothing of the above has done anything."""
    found = client.get("/v1/search", params={"q": "word7", "configuration": "lexical"}).json()
    assert [hit["document_id"] for hit in found["hits"]] == ["d7"]
    everything = client.post("/v1/search", content=orjson.dumps({"limit": 1}), headers=JSON).json()
    assert everything["total"] == 30
    similar = client.get(f"/v1/documents/{quote('a/b c?d', safe='')}/similar").json()
    assert "a/b c?d" not in {hit["document_id"] for hit in similar["hits"]}
