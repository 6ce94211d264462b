"""Paths with a document's id in them, as they were sent: an id may hold slashes, even end like
another path, and is told from that by being percent-encoded.
"""

from collections.abc import Mapping
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from tandem.documents import MAXIMUM_ID_BYTES

DOCUMENT_ID = {
    "name": "document_id",
    "in": "path",
    "required": True,
    "description": "The document's id, percent-encoded; slashes may stand as they are, but for an "
    "id that ends in `/similar`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAXIMUM_ID_BYTES},
    "example": "d3",
}
SIMILAR = "/similar"


class Addressed(APIRoute):
    """A route that looks at the path before it is decoded."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See ``Route``."""
        sent = (scope.get("raw_path") or b"").decode("ascii", "replace")
        match, found = super().matches({**scope, "path": sent} if sent else scope)
        if match is Match.NONE or not self.takes(found["path_params"]):
            return Match.NONE, {}
        if sent:
            given = found["path_params"].items()
            found["path_params"] = {name: unquote(value) for name, value in given}
        return match, found

    def takes(self, sent: Mapping[str, str]) -> bool:
        """Whether what the path names, as it was sent, is for this route."""
        del sent
        return True


class DocumentRoute(Addressed):
    """The path of a document itself, not of what is asked about it."""

    def takes(self, sent: Mapping[str, str]) -> bool:
        """See ``Addressed``."""
        return not sent.get("document_id", "").endswith(SIMILAR)
