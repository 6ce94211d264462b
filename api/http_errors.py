"""Errors as HTTP tells them: one shape, and one closed table of codes."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any, NamedTuple

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from api.near_miss import near_miss
from tandem.errors import FilterError, TandemError
from tandem.events import MAXIMUM_DETAILS_BYTES
from tandem.telemetry import logger

REFERENCE = "docs/reference/http.md"

MAXIMUM_ADDRESS_BYTES = 64 * 1024
"""Path and parameters, as sent: room for the longest text, whatever its script, and a filter."""

MAXIMUM_BODY_BYTES = 1024 * 1024
MAXIMUM_TOLD_CHARACTERS = 500
"""How much an error says: what was sent may be long, and is in it."""


class Told(NamedTuple):
    """The status with which a code is sent, and what it means."""

    status: int
    meaning: str


CODES: Mapping[str, Told] = {
    "bad_request": Told(
        400, "What was sent is no HTTP, its head is larger than 256 KB, or its address is no UTF-8."
    ),
    "bad_parameter": Told(400, "A parameter is unknown, given twice, or not what it may be."),
    "bad_body": Told(400, "The body is not JSON, or not of the kind that is expected."),
    "bad_query": Told(
        400, "The text, `limit`, `facets`, `sort`, `budget_ms` or `configuration` is not allowed."
    ),
    "bad_filter": Told(
        400, "The filter is no JSON object, holds a name twice, or does not fit the fields."
    ),
    "bad_cursor": Told(400, "The cursor is none, or was given for another query."),
    "bad_event": Told(
        400,
        "The event lacks something, or holds what no event may, or more than "
        f"{MAXIMUM_DETAILS_BYTES:,} bytes of what is only kept.",
    ),
    "bad_document": Told(
        400, "The document, or the line of a batch, is not what its collection takes."
    ),
    "unauthorized": Told(401, "There is no key, or none that is known and not revoked."),
    "forbidden": Told(403, "The key is known, but has not the scope that this needs."),
    "cross_site": Told(403, "A page of another site has a browser send what would be noted."),
    "collection_not_found": Told(404, "Nothing has been indexed yet; it is found once it is."),
    "document_not_found": Told(404, "There is no document of that id."),
    "pool_not_found": Told(404, "There is no pool of that name to judge."),
    "not_pooled": Told(404, "The pool does not have that query, or that document for it."),
    "not_found": Told(404, "There is nothing at this path."),
    "method_not_allowed": Told(405, "The path is there, for another method."),
    "id_taken": Told(409, "Another document has that id, one that the key does not show."),
    "cursor_expired": Told(410, "The pages of that query are not kept any more: ask it again."),
    "sequence_conflict": Told(
        412, "The document stands at another sequence than `if_sequence` or `If-Match` says."
    ),
    "body_too_large": Told(
        413,
        f"The body, one that a GET brings included, has more than {MAXIMUM_BODY_BYTES:,} bytes.",
    ),
    "address_too_long": Told(
        414,
        f"Path and parameters have more than {MAXIMUM_ADDRESS_BYTES:,} bytes as they are sent.",
    ),
    "unsupported_media_type": Told(415, "The body is of a type that is not read, or compressed."),
    "wrong_host": Told(
        421, "The server is asked by a name in `Host` that the setting `server.hosts` has not."
    ),
    "too_many_requests": Told(
        429, "The key has asked more often than it may; `Retry-After` says when it may again."
    ),
    "internal": Told(500, "Something failed that should not; the server's log says what."),
    "pool_unreadable": Told(
        500, "The file of a pool, or of its ratings, is broken; the message names the line."
    ),
    "search_unavailable": Told(
        503, "No leg could answer within the budget, or the collection could not be opened yet."
    ),
    "overloaded": Told(
        503, "Too many connections, or the query's time was over before its turn came."
    ),
    "document_log_unavailable": Told(
        503, "The document log did not answer: nothing is acknowledged, send it again."
    ),
    "event_log_unavailable": Told(
        503,
        "The event log could not take the events: none was kept, send them again. Or nobody could "
        "be erased: ask again, what is done stays done.",
    ),
    "ratings_unavailable": Told(
        503, "The rating could not be made durable: it is not kept, send it again."
    ),
    "stopping": Told(503, "The server ends, and does not finish the request."),
    "not_ready": Told(503, "No search can be answered now; said by `/health/ready` alone."),
}

BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
"""What is refused by its status: by the framework, and by ``guard`` amid a body."""

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
AGAIN = {
    "overloaded", "stopping", "event_log_unavailable", "search_unavailable", "ratings_unavailable",
    "document_log_unavailable",
}  # fmt: skip
"""What may be over soon."""

HEADERS = {"unauthorized": {"www-authenticate": "Bearer"}}
"""What is sent with some codes."""

NOT_ANSWERED, SEE_LOG = "the request could not be answered", "see the log of tandem serve"

AGAIN_SECONDS = 1
"""After how long whoever gets one of those may ask again."""

NAMES = {"text": "q", "filters": "filter", "seed_document_id": "document_id"}
"""Parameters that are called otherwise than what they set."""


class BadParameter(TandemError):
    """A parameter cannot be used as it was given; ``field`` names it."""

    code = "bad_parameter"

    def __init__(self, field: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}", hint=hint)
        self.field = field


class Json(Response):
    """A reply in JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content in UTF-8; NaN is null."""
        return orjson.dumps(content)


class ErrorJson(Json):
    """The reply of an error; whoever counts errors finds its code in the request's state."""

    error_code = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ``Response``."""
        scope.setdefault("state", {})["error_code"] = self.error_code
        await super().__call__(scope, receive, send)


def error_reply(
    code: str,
    message: str,
    *,
    hint: str = "",
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Json:
    """The one shape of every error."""
    again = {"retry-after": str(AGAIN_SECONDS)} if code in AGAIN else {}
    sent = {**again, **HEADERS.get(code, {}), **(headers or {})}
    detail = _detail(code, message, hint=hint, field=field)
    reply = ErrorJson({"error": detail}, CODES[code].status, sent)
    reply.error_code = code
    return reply


def detail_of(error: TandemError) -> dict[str, Any]:
    """An error inside a reply that tells other things too."""
    if error.code not in CODES:
        logger("api").error("a part of a request failed", exc_info=error)
        return _detail("internal", NOT_ANSWERED, hint=SEE_LOG)
    return _detail(error.code, str(error), hint=error.hint, field=_field(error))


def _detail(code: str, message: str, *, hint: str = "", field: str | None = None) -> dict[str, Any]:
    return {
        "code": code,
        "message": shortened(message),
        "field": field and shortened(field),
        "hint": shortened(hint) or None,
        "docs": f"{REFERENCE}#{code}",
    }


def shortened(text: str) -> str:
    """The text, without its middle where it is long."""
    if len(text) <= MAXIMUM_TOLD_CHARACTERS:
        return text
    half = MAXIMUM_TOLD_CHARACTERS // 2 - 1
    return f"{text[:half]}…{text[-half:]}"


def failed(request: str, error: Exception) -> Json:
    """The reply to what nobody has foreseen: the log alone says what it was."""
    logger("api").error("%s failed", request, exc_info=error)
    return error_reply("internal", NOT_ANSWERED, hint=SEE_LOG)


def answer_errors(web: FastAPI, paths: Iterable[str]) -> None:
    """Let the application tell every error in the one shape. ``paths`` are those there are."""
    known = tuple(paths)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, TandemError)
        if error.code not in CODES:
            return failed(shown(request.scope), error)
        wait = getattr(error, "seconds", None)
        headers = {} if wait is None else {"retry-after": str(ceil(wait))}
        return error_reply(
            error.code, str(error), hint=error.hint, field=_field(error), headers=headers
        )

    async def not_there(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code, path = BY_STATUS.get(error.status_code, ""), request.url.path
        if code == "not_found":
            return error_reply(code, f"there is no path {path!r}", hint=near_miss(path, known))
        if code == "method_not_allowed":
            allowed = ", ".join(_methods_at(request))
            message = f"{request.method} is not possible at {path}, expected {allowed}"
            return error_reply(code, message, headers={"allow": allowed})
        if code == "body_too_large":
            return error_reply(code, error.detail, hint="send less at a time")
        return failed(shown(request.scope), error)

    web.add_exception_handler(TandemError, refused)
    web.add_exception_handler(HTTPException, not_there)


def _methods_at(request: Request) -> list[str]:
    """Those of every route that leads there: the framework names those of the first one alone."""
    routes = request.app.routes
    return [
        method
        for method in METHODS
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]


def shown(scope: Scope) -> str:
    """The request for a log, by its route: a path may hold whose it is, or of what."""
    route = scope.get("route")
    return f"{scope['method']} {getattr(route, 'path', 'at no route')}"


def _field(error: TandemError) -> str | None:
    if isinstance(error, FilterError):
        return "filter"
    field = getattr(error, "field", None)
    return None if field is None else NAMES.get(field, field)
