"""Events as senders tell them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from api.ubi import BadEvent, read_event
from api.wire_examples import EVENT

LEAST = {"action_name": "click", "timestamp": "2026-11-21T09:30:00Z"}


def test_a_whole_event() -> None:
    """Every field of UBI lands where the log has it."""
    event = read_event(
        {
            **LEAST, "event_id": "e1", "user_id": "u", "client_id": "c", "session_id": "s",
            "query_id": "q", "timestamp": "2026-11-21T11:30:00.5+02:00",
            "event_attributes": {
                "object": {"object_id": "d/1", "object_id_field": "sku"},
                "position": {"ordinal": 3.0, "xy": {"x": 1, "y": 2}},
                "value": 4.5,
            },
        }
    )  # fmt: skip
    assert (event.event_id, event.action, event.document_id) == ("e1", "click", "d/1")
    assert (event.user_id, event.client_id, event.session_id, event.query_id) == tuple("ucsq")
    assert (event.position, event.value) == (3, 4.5)
    assert event.timestamp == datetime(2026, 11, 21, 9, 30, 0, 500_000, UTC)


def test_what_else_is_told_is_kept() -> None:
    """Under UBI's names, without what has a place of its own."""
    event = read_event(
        {
            **LEAST, "application": "shop", "message": None, "user_query": "snow boots",
            "event_attributes": {
                "object": {"object_id": "d", "internal_id": 7},
                "position": {"ordinal": 2, "x": 10},
                "value": 3, "campaign": {"name": "winter"}, "seconds": 12.5,
            },
        }
    )  # fmt: skip
    assert event.details == {
        "application": "shop",
        "user_query": "snow boots",
        "event_attributes": {
            "object": {"internal_id": 7},
            "position": {"x": 10},
            "campaign": {"name": "winter"},
            "seconds": 12.5,
        },
    }
    assert read_event({**LEAST, "event_attributes": {"object": {"object_id": "d"}}}).details == {}


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"message": "x" * 1_025}, "message", "1,025 characters, at most 1,024 are allowed"),
        ({"application": "x" * 5_000}, "application", "at most 1,024 are"),
        ({"user_query": "x" * 4_001}, "user_query", "at most 4,000 are"),
        ({"user_query": "\U0001f30d" * 1_025}, "user_query", "bytes of JSON, at most 4,096 are"),
        ({"event_attributes": {"x": "x" * 5_000}}, "event_attributes", "at most 4,096 are allowed"),
        ({"message": "x" * 1_000, "event_attributes": {"x": 3_100 * "x"}}, "event_attributes", "4"),
        ({"user_query": "x" * 4_000, "event_attributes": {"x": 90 * "x"}}, "user_query", "4,0"),
    ],
)
def test_what_is_too_much_to_keep(more: Mapping[str, Any], field: str, said: str) -> None:
    """The part that is too long is named, or the longest of them."""
    with pytest.raises(BadEvent) as caught:
        read_event({**LEAST, **more})
    assert caught.value.field == field
    assert said in str(caught.value)
    assert read_event({**LEAST, "message": "x" * 1_024, "user_query": "y" * 2_900}).details


def test_the_example_is_one() -> None:
    """The documentation shows what is taken."""
    assert read_event(EVENT).document_id == "d3"


@pytest.mark.parametrize(
    "position", [None, {}, {"x": 10, "y": 20}, {"xy": {"x": 1.5, "y": 2}}, {"ordinal": None}]
)
def test_positions_without_a_rank(position: object) -> None:
    """Where on the screen it was says nothing about the ranking."""
    assert read_event({**LEAST, "event_attributes": {"position": position}}).position is None


def test_what_is_sent_again_is_the_same_event() -> None:
    """Without an id the content is one, whatever the order of its names."""
    first = read_event({**LEAST, "user_id": "u"})
    again = read_event(dict(reversed({**LEAST, "user_id": "u"}.items())))
    other = read_event({**LEAST, "user_id": "v"})
    assert first.event_id == again.event_id != other.event_id


@pytest.mark.parametrize(
    ("data", "field", "said", "hint"),
    [
        ([], None, "expected a JSON object, found an array", ""),
        ({"timestamp": LEAST["timestamp"]}, "action_name", "is missing", "has an action_name"),
        ({"action_name": "click"}, "timestamp", "is missing", "and a timestamp"),
        ({**LEAST, "acton_name": 1}, "acton_name", "no such field", "did you mean 'action_name'"),
        ({**LEAST, "action_name": 3}, "action_name", "expected a text, found a number", ""),
        ({**LEAST, "action_name": " "}, "action_name", "is blank", "leave it out"),
        ({**LEAST, "event_id": ""}, "event_id", "is blank", "leave it out"),
        ({**LEAST, "event_id": " "}, "event_id", "is blank", "leave it out"),
        ({**LEAST, "user_id": ""}, "user_id", "is blank", "leave it out"),
        ({**LEAST, "user_id": "a\0b"}, "user_id", "holds a zero byte", ""),
        ({**LEAST, "timestamp": 1732181400}, "timestamp", "expected a text, found a number", ""),
        ({**LEAST, "timestamp": "yesterday"}, "timestamp", "expected a date or an RFC 3339", ""),
        ({**LEAST, "timestamp": "2026-11-21T09:30:00"}, "timestamp", "no time zone", "append Z"),
        ({**LEAST, "user_id": "x" * 513}, "user_id", "at most 512 bytes", ""),
        ({**LEAST, "event_attributes": 3}, "event_attributes", "expected an object", ""),
    ],
)
def test_bad_events(data: Any, field: str | None, said: str, hint: str) -> None:
    """What is wrong, where, and what to do."""
    with pytest.raises(BadEvent) as caught:
        read_event(data)
    assert caught.value.field == field
    assert said in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("attributes", "field", "said"),
    [
        ({"object": "d3"}, "object", "expected an object, found a text"),
        ({"object": {"object_id": 17}}, "object.object_id", "expected a text, found a number"),
        ({"object": {"object_id": ""}}, "object.object_id", "is blank"),
        ({"position": 3}, "position", "expected an object, found a number"),
        ({"position": {"ordinal": 0}}, "position.ordinal", "expected 1 to 1,000,000, found 0"),
        ({"position": {"ordinal": 1.5}}, "position.ordinal", "expected a whole number"),
        ({"position": {"ordinal": True}}, "position.ordinal", "expected a whole number"),
        ({"value": "5"}, "value", "expected a number, found a text"),
        ({"value": False}, "value", "expected a number, found false"),
    ],
)
def test_bad_attributes(attributes: Mapping[str, Any], field: str, said: str) -> None:
    """The place is a dotted path."""
    with pytest.raises(BadEvent) as caught:
        read_event({**LEAST, "event_attributes": attributes})
    assert caught.value.field == f"event_attributes.{field}"
    assert said in str(caught.value)
