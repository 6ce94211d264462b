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
}
"""What a code of the server is here."""

FIELDS = {"q": "text", "filter": "filters", "document_id": "seed_document_id"}
"""What a ``Query`` calls otherwise than the parameter that sets it."""


def error_of(status: int, data: Any) -> TandemError:
    """The error that a reply tells."""
    told = data.get("error") if isinstance(data, dict) else None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        return no_reply(f"status {status}")
    code, message, hint = told["code"], str(told.get("message")), str(told.get("hint") or "")
    field = told.get("field")
    field = FIELDS.get(field, field) if isinstance(field, str) else None
    if code == QueryError.code:
        return QueryError(message, field=field or "", hint=hint)
    if code in PLAIN:
        return PLAIN[code](message, hint=hint)
    if status < FAILED:
        return Refused(message, hint=hint, told=code, field=field)
    return ServerFailed(message, hint=hint, told=code)


def no_reply(what: str) -> ServerFailed:
    """Whoever answered with ``what`` is another one, or of another version."""
    return ServerFailed(
        f"{what}, and no reply of tandem serve",
        hint="see whether something else listens at that address",
    )
