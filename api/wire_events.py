"""The shape of an event, for OpenAPI; ``api.ubi`` reads it."""

from typing import Any

from api.ubi import TEXTS
from tandem.documents import MAXIMUM_ID_BYTES
from tandem.events import MAXIMUM_DETAILS_BYTES, MAXIMUM_POSITION


def _text(description: str) -> dict[str, Any]:
    return {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": MAXIMUM_ID_BYTES,
        "description": description,
    }


_ID = f"at most {MAXIMUM_ID_BYTES} bytes of UTF-8"
_OBJECT = {
    "type": ["object", "null"],
    "properties": {"object_id": _text(f"The document's id: {_ID}.")},
    "description": "What it was done to.",
}
_POSITION = {
    "type": ["object", "null"],
    "properties": {
        "ordinal": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": MAXIMUM_POSITION,
            "description": "The hit's `rank`, from 1 over all pages.",
        }
    },
    "description": "Where it stood; `xy`, or x and y, are kept.",
}

EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["action_name", "timestamp"],
    "properties": {
        "action_name": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAXIMUM_ID_BYTES,
            "description": "What was done: `click`, `rating`, `purchase` …",
        },
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "When, by the sender's clock: RFC 3339 with a time zone.",
        },
        "event_id": _text(f"By which it counts once, {_ID}; by default made of the content."),
        "query_id": _text(f"Of the reply that showed the document, {_ID}."),
        "user_id": _text(f"Who, {_ID}."),
        "client_id": _text(f"The device or browser, {_ID}."),
        "session_id": _text(f"The visit, {_ID}."),
        **{
            name: {
                "type": ["string", "null"],
                "maxLength": most,
                "description": f"Kept: at most {most:,} characters.",
            }
            for name, most in TEXTS.items()
        },
        "event_attributes": {
            "type": ["object", "null"],
            "description": "What else there is to say: other names are kept. With the texts above "
            f"they are at most {MAXIMUM_DETAILS_BYTES:,} bytes of JSON.",
            "properties": {
                "object": _OBJECT,
                "position": _POSITION,
                "value": {
                    "type": ["number", "null"],
                    "description": "What the action carries, such as a rating.",
                },
            },
        },
    },
}
