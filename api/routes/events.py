"""``/v1/events``: what people did with what they were shown."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from api.access import caller_of, needs
from api.bodies import read_json
from api.event_intake import MAXIMUM_EVENTS, Batch, read_array, read_lines
from api.http_errors import Json
from api.routes.content import JSON, LINES, Body, check_type
from api.routes.described import BODY_ERRORS, errors, reply
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.ubi import TEXTS, read_event
from api.wire import EventsReply
from api.wire_events import EVENT_SCHEMA
from api.wire_examples import EVENT, EVENTS_REPLY
from tandem.events import MAXIMUM_DETAILS_BYTES

KEPT = ", ".join(f"`{name}` of at most {most:,} characters" for name, most in TEXTS.items())
ONE_OR_MORE = {
    "oneOf": [EVENT_SCHEMA, {"type": "array", "maxItems": MAXIMUM_EVENTS, "items": {}}],
}
BODY = {
    "requestBody": {
        "required": True,
        "description": f"One event, or at most {MAXIMUM_EVENTS:,}: as an array, or one a line. "
        f"What is only kept of an event ({KEPT}, what else `event_attributes` has) is at most "
        f"{MAXIMUM_DETAILS_BYTES:,} bytes of JSON.",
        "content": {
            JSON[0]: {
                "schema": ONE_OR_MORE,
                "examples": {"one": {"value": EVENT}, "several": {"value": [EVENT]}},
            },
            LINES[0]: {
                "schema": {"type": "string"},
                "example": '{"action_name": "click", "timestamp": "2026-11-21T09:30:00Z"}\n',
            },
        },
    }
}


def routes(serving: Serving) -> APIRouter:
    """Taking events."""
    router = APIRouter(
        prefix="/v1",
        tags=["events"],
        dependencies=[Depends(needs("search")), Depends(refuse_unknown)],
    )

    @router.post(
        "/events",
        operation_id="events",
        summary="Tell what people did",
        responses={
            200: reply(EventsReply, "What became of each event.", EVENTS_REPLY),
            **errors(
                *BODY_ERRORS,
                "bad_event",
                "bad_filter",
                "document_log_unavailable",
                "event_log_unavailable",
            ),
        },
        openapi_extra=BODY,
    )
    def events(request: Request, body: Body) -> Json:
        """Take one event in the shape of UBI 1.3, or several: as a JSON array, or one a line
        (`application/x-ndjson`). What was accepted is durable. An event counts once: by its
        `event_id`, or without one by its content. Of several, bad ones are named and the others
        kept; a single bad one is an error. Bad is also what is about a document that the key does
        not show.
        """
        kind = check_type(request.headers, *JSON, *LINES)
        batch = read_lines(body) if kind in LINES else _of_json(read_json(body))
        told_of = [event.document_id for event in batch.events.values() if event.document_id]
        unseen = serving.document_desk.unseen(told_of, caller_of(request))
        batch = batch.without(unseen)
        taken = serving.events.take([*batch.events.values()])
        rejected = [reject._asdict() for reject in batch.rejected]
        return Json({**taken._asdict(), "rejected": rejected})

    return router


def _of_json(data: Any) -> Batch:
    return (
        read_array(data)
        if isinstance(data, list)
        else Batch({1: read_event(data)}, [], is_single=True)
    )
