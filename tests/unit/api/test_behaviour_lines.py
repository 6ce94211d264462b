"""What a line of a file tells: events and queries of UBI, and plain deeds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.behaviour_lines import read_line
from api.ubi import BadEvent, read_event
from tandem.events import Event, Exposure, Impression

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LEAST = {"timestamp": "2026-11-21T09:30:00Z", "document_id": "d", "rating": 4}
QUERY = {"user_query": "boots", "query_id": "q", "timestamp": "2026-11-21T09:30:00Z"}


def deed(**more: Any) -> Event:
    """A plain line, read."""
    found = read_line({**LEAST, **more}, 1)
    assert isinstance(found, Event)
    return found


def query(**more: Any) -> Impression:
    """A query's line, read."""
    found = read_line({**QUERY, **more}, 7)
    assert isinstance(found, Impression)
    return found


def test_a_rating() -> None:
    """As the public collections have them: numbers in place of texts, seconds in place of times."""
    found = read_line({"timestamp": 1.5, "user_id": 672, "document_id": "1", "rating": 2.5}, 1)
    assert isinstance(found, Event)
    assert (found.action, found.value, found.user_id) == ("rating", 2.5, "672")
    assert found.timestamp == datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)
    assert found.event_id.startswith("content:")


def test_an_action() -> None:
    """With whatever else an event has."""
    names = {name: name for name in ("event_id", "client_id", "session_id", "query_id")}
    found = deed(rating=None, action="purchase", value=19.5, position=3.0, **names)
    assert found == Event(
        "event_id", "purchase", AT, "d", None, "client_id", "session_id", "query_id", 3, 19.5
    )
    assert deed(rating=None, action="click").value is None
    assert deed(rating=5, action="rating").value == 5


def test_the_same_content_is_the_same_deed() -> None:
    """Whatever the order of its names; a second later it is another one."""
    turned = dict(reversed(LEAST.items()))
    assert read_line(turned, 1) == deed()
    assert deed(timestamp="2026-11-21T09:30:01Z").event_id != deed().event_id


def test_an_event_of_ubi() -> None:
    """As the server takes it."""
    data = {"action_name": "click", "timestamp": "2026-11-21T09:30:00Z", "user_query": "boots"}
    assert read_line(data, 1) == read_event(data)


@pytest.mark.parametrize(
    "field",
    ["query_response_hit_ids", "query_response_objects_ids", "query_response_object_ids"],
)
def test_a_query_of_ubi(field: str) -> None:
    """It becomes what was shown, in its order; that another engine answered it is told."""
    found = query(**{field: ["b", "a"]}, client_id="c", query_attributes={"page": 1})
    assert found.exposures == (Exposure("b", 1), Exposure("a", 2))
    assert (found.query_text, found.client_id, found.release) == ("boots", "c", 7)
    assert found.timestamp == AT
    assert found.as_of == 0
    assert found.details == {"query_attributes": {"page": 1}, "imported": True}
    assert query().exposures == ()


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ([1], None, "expected a JSON object, found an array"),
        ({}, "action", "expected a rating, or an action as a text, found neither"),
        ({**LEAST, "ratings": 4}, "ratings", "did you mean 'rating'"),
        ({**LEAST, "zebra": 4}, "zebra", "known: action, client_id"),
        ({**LEAST, "rating": "4"}, "rating", "expected a number, found a text"),
        ({**LEAST, "rating": True}, "rating", "expected a number, found true"),
        ({**LEAST, "action": "click"}, "rating", "stands beside an action or a value"),
        ({**LEAST, "value": 1}, "rating", "stands beside an action or a value"),
        ({**LEAST, "rating": None, "action": 1}, "action", "found a number"),
        ({**LEAST, "rating": 1e309}, "value", "expected a finite number"),
        ({**LEAST, "document_id": 1.5}, "document_id", "a text or a whole number, found a number"),
        ({**LEAST, "document_id": " "}, "document_id", "is blank"),
        ({**LEAST, "user_id": False}, "user_id", "a text or a whole number, found false"),
        ({**LEAST, "position": 1.5}, "position", "expected a whole number, found 1.5"),
        ({**LEAST, "position": 0}, "position", "expected 1 to 1,000,000"),
        ({**LEAST, "timestamp": None}, "timestamp", "is missing"),
        ({**LEAST, "timestamp": True}, "timestamp", "expected a number, found true"),
        ({**LEAST, "timestamp": "yesterday"}, "timestamp", "an RFC 3339 time"),
        ({**LEAST, "timestamp": "2026-11-21T09:30:00"}, "timestamp", "has no time zone"),
        ({**LEAST, "timestamp": 1_763_717_400_000}, "timestamp", "divide milliseconds by 1,000"),
        ({**LEAST, "timestamp": -9e10}, "timestamp", "from the year 1 on"),
        ({**QUERY, "query_id": None}, "query_id", "is missing"),
        ({**QUERY, "user_query": 1}, "user_query", "expected a text, found a number"),
        ({**QUERY, "query_response_hit_ids": "a"}, "query_response_hit_ids", "an array of doc"),
        ({**QUERY, "query_response_hit_ids": [1]}, "query_response_hit_ids", "an array of doc"),
        ({**QUERY, "hits": ["a"]}, "hits", "is no field of such a line"),
        ({**QUERY, "query_attributes": {"a": "b" * 5_000}}, "details", "4,096 are allowed"),
        ({"event_attributes": {}}, "action_name", "is missing"),
    ],
)
def test_what_is_refused(data: object, field: str | None, said: str) -> None:
    """With the field and what was expected."""
    with pytest.raises(BadEvent) as raised:
        read_line(data, 1)
    assert raised.value.field == field
    assert said in f"{raised.value.reason}; {raised.value.hint}"
