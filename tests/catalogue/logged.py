"""What people did and saw, for the tests of the event log."""

from datetime import UTC, datetime
from typing import Any

from tandem.events import Event, Exposure, Impression

AT = datetime(2026, 11, 25, 22, 30, 1, 234_567, tzinfo=UTC)


def event(event_id: str, **values: Any) -> Event:
    """A click of the user ``u``, unless said otherwise."""
    given: dict[str, Any] = {"action": "click", "timestamp": AT, "user_id": "u"}
    return Event(event_id, **given | values)


def impression(query_id: str, first: int = 1, count: int = 2, **values: Any) -> Impression:
    """A page of two documents, unless said otherwise."""
    shown = tuple(Exposure(f"d{first + place}", first + place) for place in range(count))
    given: dict[str, Any] = {"timestamp": AT, "release": 1, "exposures": shown}
    return Impression(query_id, **given | values)
