"""What an event, an exposure and an impression may hold."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tandem.errors import FieldError
from tandem.events import Event, Exposure, Impression

AT = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
EAST, WEST = timezone(timedelta(hours=2)), timezone(timedelta(hours=-2))
EVENT = {"event_id": "e", "action": "click", "timestamp": AT}
IMPRESSION = {"query_id": "q", "timestamp": AT, "release": 1}
EXPOSURE = {"document_id": "d", "position": 1}


@pytest.mark.parametrize(
    ("word", "given", "field", "value"),
    [
        (Event, EVENT, "event_id", ""),
        (Event, EVENT, "event_id", "\ud800"),
        (Event, EVENT, "event_id", "x" * 513),
        (Event, EVENT, "event_id", "ä" * 257),
        (Event, EVENT, "event_id", "a\0b"),
        (Event, EVENT, "action", " \t"),
        (Event, EVENT, "timestamp", AT.replace(tzinfo=None)),
        (Event, EVENT, "timestamp", datetime.min.replace(tzinfo=EAST)),
        (Event, EVENT, "timestamp", datetime.max.replace(tzinfo=WEST)),
        (Event, EVENT, "document_id", ""),
        (Event, EVENT, "user_id", ""),
        (Event, EVENT, "user_id", "a\0b"),
        (Event, EVENT, "client_id", "\udfff"),
        (Event, EVENT, "session_id", "x" * 513),
        (Event, EVENT, "query_id", ""),
        (Event, EVENT, "position", 0),
        (Event, EVENT, "position", 1_000_001),
        (Event, EVENT, "value", math.nan),
        (Event, EVENT, "value", -math.inf),
        (Event, EVENT, "value", 10**400),
        (Event, EVENT, "details", {"value": math.nan}),
        (Event, EVENT, "details", {"at": AT}),
        (Event, EVENT, "details", {"many": (1, 2)}),
        (Event, EVENT, "details", {"text": "\ud800"}),
        (Event, EVENT, "details", {1: "number"}),
        (Event, EVENT, "details", {"large": 2**70}),
        (Event, EVENT, "details", ["list"]),
        (Event, EVENT, "details", {"x": "x" * 4_089}),
        (Exposure, EXPOSURE, "document_id", ""),
        (Exposure, EXPOSURE, "position", -1),
        (Exposure, EXPOSURE, "propensity", 0.0),
        (Exposure, EXPOSURE, "propensity", 1.1),
        (Exposure, EXPOSURE, "propensity", math.nan),
        (Exposure, EXPOSURE, "team", ""),
        (Impression, IMPRESSION, "query_id", ""),
        (Impression, IMPRESSION, "timestamp", AT.replace(tzinfo=None)),
        (Impression, IMPRESSION, "timestamp", datetime.min.replace(tzinfo=EAST)),
        (Impression, IMPRESSION, "release", 0),
        (Impression, IMPRESSION, "release", 2**31),
        (Impression, IMPRESSION, "surface", ""),
        (Impression, IMPRESSION, "surface", "a surface of another house"),
        (Impression, IMPRESSION, "as_of", -1),
        (Impression, IMPRESSION, "query_text", "\ud800"),
        (Impression, IMPRESSION, "query_text", "x" * 4_001),
        (Impression, IMPRESSION, "user_id", ""),
        (Impression, IMPRESSION, "session_id", "\0"),
        (Impression, IMPRESSION, "details", {"x": "ä" * 2_045}),
        (Impression, IMPRESSION, "exposures", (Exposure("a", 2), Exposure("b", 2))),
    ],
)
def test_what_is_none(
    word: Callable[..., object], given: dict[str, Any], field: str, value: object
) -> None:
    """The field is named, and what was expected of it."""
    with pytest.raises(FieldError) as raised:
        word(**given | {field: value})
    assert raised.value.field == field


def test_the_widest_that_is_allowed() -> None:
    """At the ends of every range."""
    details = {"x": "x" * 4_088}
    event = Event("x" * 512, "a", AT, "ä" * 256, position=1_000_000, value=-1e308, details=details)
    shown = tuple(Exposure(f"d{position}", position, 1e-9) for position in (3, 2, 1_000_000))
    impression = Impression("q", AT, 2**31 - 1, "x" * 4_000, exposures=shown)
    for moment in (datetime.min, datetime.max):
        assert Event("e", "a", moment.replace(tzinfo=UTC)).timestamp.year in (1, 9999)
    assert event.position == 1_000_000
    assert event.details == details
    assert impression.first_position == 2


def test_a_page_without_answers() -> None:
    """It was shown all the same."""
    assert Impression("q", AT, 1).first_position == 0
