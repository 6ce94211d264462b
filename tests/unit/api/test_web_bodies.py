"""What is asked by a body: as by parameters, and every fault named."""

from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.bodies import BadBody, read_json
from api.wire import SearchReply
from tandem.strict_json import MAXIMUM_NESTING
from tests.web_client import StandIn, client_of, error_of

HEADERS = {"content-type": "application/json"}


def posted(served: StandIn, content: bytes, kind: str | None = "application/json") -> Any:
    """The reply to a body."""
    headers = {} if kind is None else {"content-type": kind}
    return client_of(served).post("/v1/search", content=content, headers=headers)


def test_a_body_asks_as_parameters_do() -> None:
    """Every name reaches the query; the reply has the same shape."""
    served = StandIn()
    body = {
        "q": "snow", "filter": {"year": {"gte": 1990}}, "facets": ["kind", "kind", "year"],
        "limit": 3, "cursor": None, "configuration": "lexical", "fields": ["title"],
        "explain": True, "budget_ms": 500_000, "user_id": "u", "record": False,
    }  # fmt: skip
    reply = posted(served, orjson.dumps(body))
    assert reply.status_code == 200
    SearchReply.model_validate_json(reply.content, strict=True)
    ((name, query),) = served.asked
    assert (name, query.text, query.limit) == ("lexical", "snow", 3)
    assert (query.filters, query.facets) == ({"year": {"gte": 1990}}, ("kind", "year"))
    assert (query.user_id, query.client_id) == ("u", None)
    assert {*reply.json()["hits"][0]} == {"document_id", "rank", "score", "title", "explain"}
    assert served.recorded == []


def test_what_is_shown_is_recorded() -> None:
    """Unless nobody sees it."""
    served = StandIn()
    client = client_of(served)
    for path in ("/v1/search?q=x", "/v1/search?q=x&record=false", "/v1/documents/a/similar"):
        assert client.get(path).status_code == 200
    assert [item.query.surface for item in served.recorded] == ["search", "similar"]


@pytest.mark.parametrize(
    ("content", "code", "field", "said"),
    [
        (b"", "bad_body", None, "the body is empty, expected JSON"),
        (b"{", "bad_body", None, "the body is not JSON"),
        (b"q=snow", "bad_body", None, "the body is not JSON"),
        (b'{"limit": NaN}', "bad_body", None, "the body is not JSON"),
        (b'{"q": "\\ud800"}', "bad_body", None, "the body is not JSON"),
        (b'{"q": "\xff"}', "bad_body", None, "the body is not JSON"),
        (b"[]", "bad_body", None, "expected a JSON object, found an array"),
        (b"null", "bad_body", None, "expected a JSON object, found null"),
        (b'"snow"', "bad_body", None, "expected a JSON object, found a text"),
        (b'{"q": "a", "q": "b"}', "bad_body", "q", "q: is given 2 times, expected once"),
        (b'{"filter": {"a": 1, "a": 2}}', "bad_filter", "filter", "filter.a: is given 2 times"),
        (b'{"filter": ' + b'{"a":' * 40 + b"1" + b"}" * 41, "bad_filter", "filter", "32 levels"),
        (b'{"facets": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}", "bad_body", "facets" + ".0" * 31,
         "at most 32 levels"),
        (b'{"filter": ' + b"[" * 5_000, "bad_body", None, "the body is not JSON"),
        (b'{"qq": "x"}', "bad_parameter", "qq", "there is no such parameter"),
        (b'{"q": 3}', "bad_parameter", "q", "q: expected a text, found 3"),
        (b'{"q": null}', "bad_parameter", "q", "expected a text, found null"),
        (b'{"limit": "10"}', "bad_parameter", "limit", 'expected a whole number, found "10"'),
        (b'{"limit": true}', "bad_parameter", "limit", "expected a whole number, found true"),
        (b'{"explain": 1}', "bad_parameter", "explain", "expected true or false, found 1"),
        (b'{"facets": "kind"}', "bad_parameter", "facets", "expected a list of texts"),
        (b'{"facets": ["kind", 3]}', "bad_parameter", "facets.1", "expected a text, found 3"),
        (b'{"filter": "{}"}', "bad_filter", "filter", "expected a JSON object, found str"),
        (b'{"filter": null}', "bad_filter", "filter", "expected a JSON object, found NoneType"),
        (b'{"q": "x", "filter": {"kid": 1}}', "bad_filter", "filter", "filter.kid: no such field"),
        (b'{"user_id": " "}', "bad_parameter", "user_id", "is blank"),
        (b'{"session_id": "a\\u0000"}', "bad_parameter", "session_id", "holds a zero byte"),
        (b'{"sort": "-"}', "bad_parameter", "sort", "names no field"),
        (b'{"facets": [%s]}' % b",".join([b'"a"'] * 21), "bad_parameter", "facets", "at most 20"),
    ],
)  # fmt: skip
def test_bad_bodies(content: bytes, code: str, field: str | None, said: str) -> None:
    """What, where, what was expected; nothing is searched."""
    served = StandIn()
    error = error_of(posted(served, content))
    assert (error["code"], error["field"]) == (code, field)
    assert said in error["message"]
    assert served.asked == []


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "the content type is none, expected application/json"),
        ({"content-type": "text/plain"}, "the content type is 'text/plain'"),
        ({"content-type": "application/x-www-form-urlencoded"}, "x-www-form-urlencoded"),
        ({**HEADERS, "content-encoding": "gzip"}, "the body is encoded as 'gzip'"),
        ({"content-type": "application/json; charset=utf-16"}, "expected UTF-8"),
        ({"content-type": "application/json; profile=x; charset=latin-1"}, "in 'latin-1'"),
        ({"content-type": 'application/json; charset="utf-16"; profile=x'}, "in 'utf-16'"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/search", "/v1/events"])
def test_bodies_of_other_types(path: str, headers: dict[str, str], said: str) -> None:
    """Not guessed at: a form would be read as JSON only by luck."""
    error = error_of(client_of(StandIn()).post(path, content=b"{}", headers=headers))
    assert error["code"] == "unsupported_media_type"
    assert said in error["message"]


@pytest.mark.parametrize(
    "parameters",
    ["charset=UTF-8", "charset=utf-8; profile=x", 'profile="a;b";charset="utf-8"', "profile=x"],
)
def test_a_charset_may_be_named(parameters: str) -> None:
    """UTF-8 is what JSON is in anyway; what else is told of the type changes nothing."""
    kind = f"application/json; {parameters}"
    assert posted(StandIn(), b'{"q": "x"}', kind).status_code == 200


@pytest.mark.parametrize("path", ["/v1/search", "/v1/events"])
def test_a_body_takes_no_parameters_beside(path: str) -> None:
    """One of them would be ignored."""
    error = error_of(client_of(StandIn()).post(f"{path}?q=x", content=b"{}", headers=HEADERS))
    assert (error["code"], error["field"]) == ("bad_parameter", "q")


def test_nesting_to_the_limit() -> None:
    """The deepest that is allowed is read."""
    assert read_json(b"[" * MAXIMUM_NESTING + b"]" * MAXIMUM_NESTING)
    with pytest.raises(BadBody):
        read_json(b"[" * (MAXIMUM_NESTING + 1) + b"]" * (MAXIMUM_NESTING + 1))


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": 1, "kind": 2}',
        '{"not": {"kind": "a", "kind": "b"}}',
        '{"year": [{"gte": 1}, {"gte": 1, "gte": 2}]}',
        '{"kind": ' + "[" * 31 + "]" * 31 + "}",
        '{"kind": ' + "[" * 30 + "]" * 30 + "}",
        '{"not":' * 900 + "{}" + "}" * 900,
    ],
)
def test_filters_are_read_the_same_way(text: str) -> None:
    """One reader: the same words, whichever way they came."""
    client = client_of(StandIn())
    told = error_of(client.get("/v1/search", params={"filter": text}))
    assert (told["code"], told["field"]) == ("bad_filter", "filter")
    said = error_of(posted(StandIn(), f'{{"filter": {text}}}'.encode()))
    assert said == told


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "q": TEXTS,
    "filter": st.dictionaries(st.sampled_from(["kind", "year", "kid"]), TEXTS | NUMBERS),
    "limit": NUMBERS | st.booleans() | TEXTS,
    "budget_ms": NUMBERS | st.booleans() | TEXTS,
    "configuration": st.sampled_from(["hybrid", "rrf", "hybird", ""]),
    "explain": st.booleans() | TEXTS,
    "record": st.booleans() | NUMBERS,
    "user_id": TEXTS,
    "sort": TEXTS,
    "facets": st.lists(st.sampled_from(["kind", "yaer", "é"]), max_size=25),
    "fields": st.lists(st.sampled_from(["title", "kind", "kidn"]), max_size=5),
}
ASKED = st.fixed_dictionaries({}, optional={**VALUES, "limt": st.integers(0, 9)})


def as_parameter(value: Any) -> str:
    """A value as a parameter has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(value)
    return orjson.dumps(value).decode()


def is_sayable(asked: dict[str, Any]) -> bool:
    """A text that looks like a number or a boolean is one in a parameter."""
    typed = [asked.get(name) for name in ("limit", "budget_ms", "explain", "record")]
    return not any(
        isinstance(item, str) and (item in {"true", "false"} or item.strip("-.0123456789eE+") == "")
        for item in typed
    )


def within_64_bits(value: Any) -> Any:
    """What this test's writer of JSON can write."""
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


@settings(deadline=None)
@given(asked=ASKED.filter(is_sayable))
def test_parameters_and_bodies_are_one(asked: dict[str, Any]) -> None:
    """The same answer, or the same error, whichever way the same is asked."""
    asked = {
        name: {key: within_64_bits(item) for key, item in value.items()}
        if isinstance(value, dict)
        else within_64_bits(value)
        for name, value in asked.items()
    }
    by_body, by_parameters = StandIn(), StandIn()
    pairs = [f"{name}={quote(as_parameter(value), safe='')}" for name, value in asked.items()]
    told = client_of(by_parameters).get(f"/v1/search?{'&'.join(pairs)}")
    said = posted(by_body, orjson.dumps(asked))
    assert said.status_code == told.status_code, (said.text, told.text)
    if said.status_code != 200:
        assert error_of(said) == error_of(told)
        return
    assert answer_of(said) == answer_of(told)
    (first,), (second,) = by_body.asked, by_parameters.asked
    assert first[0] == second[0]
    for name in ("text", "filters", "facets", "limit", "sort", "user_id"):
        assert getattr(first[1], name) == getattr(second[1], name)


def answer_of(reply: Any) -> dict[str, Any]:
    """All but the query's own id."""
    data: dict[str, Any] = reply.json()
    return {name: value for name, value in data.items() if name != "query_id"}
