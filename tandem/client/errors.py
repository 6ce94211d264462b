"""What goes wrong between a client and its server; a server's errors, as errors."""

from collections.abc import Callable, Mapping
from typing import Any

from tandem.errors import (
    BadCursor,
    CollectionNotFound,
    CursorExpired,
    DocumentNotFound,
    FilterError,
    InputError,
    QueryError,
    SearchUnavailable,
    SequenceConflict,
    TandemError,
)

FAILED = 500
"""The first status with which the server itself is to blame."""


class ServerUnavailable(TandemError):
    """The server cannot be reached, or did not answer in time."""

    code = "server_unavailable"


class ServerFailed(TandemError):
    """The server could not do what it was asked; ``told`` is its own code."""

    code = "server_failed"

    def __init__(self, message: str, *, hint: str = "", told: str = "") -> None:
        super().__init__(message, hint=hint)
        self.told = told


class Refused(InputError):
    """The server does not take what it was sent, or nobody could send it; ``told`` is the server's
    own code, ``field`` what is meant.
    """

    code = "refused"

    def __init__(
        self, message: str, *, hint: str = "", told: str = "", field: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.told = told
        self.field = field


PLAIN: Mapping[str, Callable[..., TandemError]] = {
    "bad_cursor": BadCursor,
    "bad_filter": FilterError,
    "collection_not_found": CollectionNotFound,
    "cursor_expired": CursorExpired,
    "document_not_found": DocumentNotFound,
    "search_unavailable": SearchUnavailable,
    "sequence_conflict": SequenceConflict,
}
"""What a code of the server is here."""

FIELDS = {"q": "text", "filter": "filters", "document_id": "seed_document_id"}
"""What a ``Query`` calls otherwise than the parameter that sets it."""


NOTHING_DONE = frozenset({"overloaded", "too_many_requests"})
"""Codes of a server that has turned away what it was asked: anything may be asked again."""

PASSING = NOTHING_DONE | {
    "document_log_unavailable", "event_log_unavailable", "search_unavailable", "stopping",
}  # fmt: skip
"""Codes of what may be over soon; of the others nobody knows whether something was done."""


def error_of(status: int, data: Any) -> TandemError:
    """The error that a reply tells."""
    code = code_of(data)
    if code is None:
        return no_reply(f"status {status}")
    told = data["error"]
    message, hint = str(told.get("message")), str(told.get("hint") or "")
    field = told.get("field")
    field = FIELDS.get(field, field) if isinstance(field, str) else None
    if code == QueryError.code:
        return QueryError(message, field=field or "", hint=hint)
    if code in PLAIN:
        return PLAIN[code](message, hint=hint)
    if status < FAILED and code not in NOTHING_DONE:
        return Refused(message, hint=hint, told=code, field=field)
    return ServerFailed(message, hint=hint, told=code)


def error_of_line(data: Mapping[str, Any]) -> TandemError:
    """The error that a line of a reply tells, which has no status of its own."""
    return error_of(FAILED if code_of(data) in {*PASSING, "internal"} else 400, data)


def code_of(data: Any) -> str | None:
    """The code of the error that a reply tells; ``None`` where it tells none."""
    told = data.get("error") if isinstance(data, dict) else None
    code = told.get("code") if isinstance(told, dict) else None
    return code if isinstance(code, str) else None


def no_reply(what: str) -> ServerFailed:
    """Whoever answered with ``what`` is another one, or of another version."""
    return ServerFailed(
        f"{what}, and no reply of tandem serve",
        hint="see whether something else listens at that address",
    )
