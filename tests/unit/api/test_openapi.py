"""The API describes itself: every operation, with limits, examples and every error."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from api.http_errors import CODES
from api.ubi import KNOWN, read_event
from api.wire import (
    ErasureReply,
    ErrorReply,
    EventsReply,
    HealthReply,
    ReadyReply,
    SearchReply,
    SuggestReply,
)
from api.wire_asked import SearchAsked, SimilarAsked, SuggestAsked
from api.wire_documents import LINES, REPLY_LINES, DocumentReply, WriteAsked, WriteReply
from api.wire_events import EVENT_SCHEMA
from api.wire_judging import (
    DocumentAsked,
    DocumentsAsked,
    JudgingDocumentReply,
    JudgingDocumentsReply,
    JudgingQueriesReply,
    PoolsReply,
    QueriesAsked,
    RatingAsked,
    RatingReply,
    UndoAsked,
    UndoReply,
)
from tandem.rankings import Part, Reason
from tests.web_client import StandIn, client_of

OPERATIONS = {
    ("get", "/v1/search"): "search",
    ("post", "/v1/search"): "search_by_body",
    ("get", "/v1/suggest"): "suggest",
    ("get", "/v1/documents/{document_id}/similar"): "similar",
    ("get", "/v1/documents/{document_id}"): "document",
    ("put", "/v1/documents/{document_id}"): "put_document",
    ("patch", "/v1/documents/{document_id}"): "patch_document",
    ("delete", "/v1/documents/{document_id}"): "delete_document",
    ("post", "/v1/documents:batch"): "documents_batch",
    ("post", "/v1/events"): "events",
    ("delete", "/v1/users/{user_id}"): "erase_user",
    ("get", "/v1/judging/pools"): "judging_pools",
    ("get", "/v1/judging/queries"): "judging_queries",
    ("get", "/v1/judging/documents"): "judging_documents",
    ("get", "/v1/judging/document"): "judging_document",
    ("post", "/v1/judging/ratings"): "judging_rate",
    ("post", "/v1/judging/undo"): "judging_undo",
    ("get", "/health/live"): "live",
    ("get", "/health/ready"): "ready",
    ("get", "/metrics"): "metrics",
}
REPLIES: dict[str, type[BaseModel]] = {
    "search": SearchReply, "search_by_body": SearchReply, "similar": SearchReply,
    "suggest": SuggestReply, "events": EventsReply, "live": HealthReply,
    "ready": ReadyReply, "erase_user": ErasureReply,
    "document": DocumentReply, "put_document": WriteReply, "patch_document": WriteReply,
    "delete_document": WriteReply,
    "judging_pools": PoolsReply, "judging_queries": JudgingQueriesReply,
    "judging_documents": JudgingDocumentsReply, "judging_document": JudgingDocumentReply,
    "judging_rate": RatingReply, "judging_undo": UndoReply,
}  # fmt: skip


SUCCESS = {"200", "201", "202"}


def described() -> Any:
    """The document, as a client gets it."""
    return client_of(StandIn()).get("/v1/openapi.json").json()


def operations() -> Iterator[dict[str, Any]]:
    """Each operation."""
    for path in described()["paths"].values():
        yield from path.values()


def test_every_operation_is_there() -> None:
    """The page's own paths are nobody's API."""
    found = {
        (method, path): operation["operationId"]
        for path, told in described()["paths"].items()
        for method, operation in told.items()
    }
    assert found == OPERATIONS


@pytest.mark.parametrize("name", REPLIES)
def test_every_operation_is_described(name: str) -> None:
    """Summary, description, tag; an example of the reply that is one; every error by its status."""
    (operation,) = [item for item in operations() if item["operationId"] == name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert all(item["description"] for item in operation.get("parameters", ()))
    responses = dict(operation["responses"])
    for status in SUCCESS & {*responses}:
        told = responses.pop(status)["content"]["application/json"]
        assert told["schema"]["$ref"].endswith(REPLIES[name].__name__)
        REPLIES[name].model_validate(told["example"], strict=True)
    responses.pop("304", None)
    for status, response in responses.items():
        content = response["content"]["application/json"]
        assert content["schema"]["$ref"].endswith("/ErrorReply")
        for code, example in content["examples"].items():
            assert str(CODES[code].status) == status
            ErrorReply.model_validate(example["value"], strict=True)
    assert {"400", "414", "500", "503"} <= {*responses}
    if "requestBody" in operation:
        assert {"413", "415"} <= {*responses}


def test_every_code_is_some_operations() -> None:
    """But those of paths and methods that there are not."""
    told = {
        code
        for operation in operations()
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/json", {}).get("examples", ())
    }
    assert {*CODES} - told == {"not_found", "method_not_allowed"}


def test_examples_of_requests_are_taken() -> None:
    """What the documentation shows works as it stands."""
    client = client_of(StandIn())
    for path, told in described()["paths"].items():
        for method, operation in told.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                examples = content.get("examples", {"": {"value": content.get("example")}})
                for example in examples.values():
                    value = example["value"]
                    given = {"content": value} if isinstance(value, str) else {"json": value}
                    address, headers = path.format(document_id="d3"), {"content-type": kind}
                    reply = client.request(method, address, headers=headers, **given)
                    assert str(reply.status_code) in SUCCESS, reply.text


def test_the_lines_of_a_batch_are_as_the_example_says() -> None:
    """Each line of the reply has the names that are shown, an error the shape of every one."""
    lines = [json.loads(line) for line in REPLY_LINES.splitlines()]
    for line in lines:
        if "error" in line:
            ErrorReply.model_validate({"error": line["error"]}, strict=True)
    reply = client_of(StandIn()).post(
        "/v1/documents:batch", content=LINES, headers={"content-type": "application/x-ndjson"}
    )
    told = [json.loads(line) for line in reply.text.splitlines()]
    assert [{*line} for line in told] == [
        {*line} if "error" not in line else {*lines[0]} for line in lines
    ]
    assert {*told[-1]["summary"]} == {*lines[-1]["summary"]}


def test_limits_are_told() -> None:
    """In parameters and in the body alike."""
    paths = described()["paths"]
    parameters = {
        item["name"]: item.get("schema") for item in paths["/v1/search"]["get"]["parameters"]
    }
    body = paths["/v1/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for told in (parameters, body["properties"]):
        assert (told["limit"]["minimum"], told["limit"]["maximum"]) == (1, 1_000)
        assert told["q"]["maxLength"] == 4_000
        assert told["budget_ms"]["maximum"] == 600_000
        assert told["facets"]["maxItems"] == 20
        assert told["user_id"]["maxLength"] == 512
    assert parameters["filter"] is None, "it is JSON in a parameter"
    assert body["additionalProperties"] is False
    assert next(iter(parameters)) == "q"


def test_limits_of_requests_are_told() -> None:
    """Every operation says how large its body, its address and what an event keeps may be."""
    for operation in operations():
        responses = operation["responses"]
        assert "1,048,576 bytes" in responses["413"]["description"], operation["operationId"]
        assert "65,536 bytes" in responses["414"]["description"]
        assert "Retry-After" in responses["503"]["headers"]
        assert "headers" not in responses["400"]
    properties = EVENT_SCHEMA["properties"]
    assert (properties["message"]["maxLength"], properties["user_query"]["maxLength"]) == (
        1_024,
        4_000,
    )
    assert "4,096 bytes of JSON" in properties["event_attributes"]["description"]


@pytest.mark.parametrize(
    "model",
    [
        SearchAsked, SimilarAsked, SuggestAsked,
        QueriesAsked, DocumentsAsked, DocumentAsked, RatingAsked, UndoAsked, WriteAsked,
    ],
)  # fmt: skip
def test_every_name_has_a_meaning(model: Any) -> None:
    """Also in the schema of a body."""
    properties = model.model_json_schema()["properties"]
    assert [name for name, told in properties.items() if not told.get("description")] == []


def test_the_shape_of_an_event_is_what_is_read() -> None:
    """The same names, required and not."""
    assert {*EVENT_SCHEMA["properties"]} == {*KNOWN}
    least = {"action_name": "view", "timestamp": "2026-11-21T09:30:00Z"}
    assert {*EVENT_SCHEMA["required"]} == {*least}
    assert read_event({**dict.fromkeys(KNOWN), **least}).action == "view", "null is absent"


def test_what_may_be_missing_is_a_closed_list() -> None:
    """Programs may tell the parts and the reasons apart; each part is explained."""
    told = described()["components"]["schemas"]["DegradationReply"]["properties"]
    assert tuple(told["leg"]["enum"]) == get_args(Part)
    assert all(f"`{part}`" in told["leg"]["description"] for part in get_args(Part))
    assert tuple(told["reason"]["enum"]) == get_args(Reason)
    assert all(f"`{reason}`" in told["reason"]["description"] for reason in get_args(Reason))
