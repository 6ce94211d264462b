"""Events over HTTP: one, many, bad ones between good ones."""

from typing import Any

import orjson
import pytest

from api.event_intake import MAXIMUM_EVENTS
from api.wire import EventsReply
from tests.web_client import StandIn, client_of, error_of, fail_with

LEAST = {"action_name": "click", "timestamp": "2026-11-21T09:30:00Z"}


def posted(served: StandIn, content: Any, kind: str = "application/json") -> Any:
    """The reply to events."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return client_of(served).post("/v1/events", content=body, headers={"content-type": kind})


def test_one_event() -> None:
    """It is taken, and the reply has its shape."""
    served = StandIn()
    reply = posted(served, LEAST)
    assert reply.status_code == 200
    EventsReply.model_validate_json(reply.content, strict=True)
    assert reply.json() == {
        "accepted": 1,
        "duplicates": 0,
        "unknown_query_ids": [],
        "rejected": [],
    }
    assert [event.action for event in served.told] == ["click"]


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/jsonl", "application/json"])
def test_several_events(kind: str) -> None:
    """Bad ones are named by their line, the others kept."""
    served = StandIn()
    items = [LEAST, {**LEAST, "user_id": 3}, {"action_name": "view"}, {**LEAST, "user_id": "u"}]
    lines = b"\n".join(map(orjson.dumps, items))
    reply = posted(served, items if kind == "application/json" else lines, kind)
    assert reply.status_code == 200
    told = EventsReply.model_validate_json(reply.content, strict=True)
    assert told.accepted == 2
    assert [(item.line, item.field) for item in told.rejected] == [(2, "user_id"), (3, "timestamp")]
    assert told.rejected[1].hint == "an event has an action_name and a timestamp"
    assert [event.user_id for event in served.told] == [None, "u"]


def test_lines_that_are_no_json() -> None:
    """They are rejects like any other; blank lines are none, and keep their number."""
    content = orjson.dumps(LEAST) + b'\r\n\n{"a": NaN}\n{"user_id": 1, "user_id": 2}\n[]\n'
    told = EventsReply.model_validate_json(
        posted(StandIn(), content, "application/x-ndjson").content
    )
    assert told.accepted == 1
    assert [item.line for item in told.rejected] == [3, 4, 5]
    assert "not JSON" in told.rejected[0].message
    assert told.rejected[1].field == "user_id"


def test_a_single_bad_event_is_an_error() -> None:
    """There is nothing else that could have gone well."""
    served = StandIn()
    error = error_of(posted(served, {**LEAST, "event_attributes": {"value": "5"}}))
    assert (error["code"], error["field"]) == ("bad_event", "event_attributes.value")
    assert served.told == []


def test_none_and_too_many() -> None:
    """An empty array is no fault; of too many nothing is taken."""
    served = StandIn()
    assert posted(served, []).json()["accepted"] == 0
    for content, kind in (
        (orjson.dumps([LEAST] * (MAXIMUM_EVENTS + 1)), "application/json"),
        (b"\n".join([orjson.dumps(LEAST)] * (MAXIMUM_EVENTS + 1)), "application/x-ndjson"),
    ):
        error = error_of(posted(served, content, kind))
        assert error["code"] == "bad_body"
        assert "1,001 events, at most 1,000" in error["message"]
    assert served.told == []


@pytest.mark.parametrize("content", [b"", b"  ", b"{", b"null", b'"x"', b"3"])
def test_no_events_at_all(content: bytes) -> None:
    """Named as what it is."""
    assert error_of(posted(StandIn(), content))["code"] in {"bad_body", "bad_event"}


def test_a_log_that_is_down_is_told() -> None:
    """Nothing is lost silently."""
    from api.event_intake import EventLogUnavailable

    served = fail_with(EventLogUnavailable("the event log did not take the events", hint="again"))
    assert error_of(posted(served, LEAST))["code"] == "event_log_unavailable"
