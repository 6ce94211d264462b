"""What a body comes as: its type, and the whole of it."""

from email.message import Message
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers

from tandem.errors import TandemError

JSON = ("application/json",)
MERGE_PATCH = "application/merge-patch+json"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
"""One JSON object a line."""


class UnsupportedMediaType(TandemError):
    """A body is of a type, or in an encoding, that is not read."""

    code = "unsupported_media_type"


async def _body(request: Request) -> bytes:
    """The whole body. ``Guard`` bounds it; whoever waits for it keeps no thread."""
    return await request.body()


Body = Annotated[bytes, Depends(_body)]
"""For a handler's argument."""


def check_type(headers: Headers, *allowed: str) -> str:
    """The body's media type, one of those allowed.

    Raises:
        UnsupportedMediaType: it is another one, or not told, or the body is compressed.
    """
    expected = " or ".join(dict.fromkeys(allowed))
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise UnsupportedMediaType(
            f"the body is encoded as {encoding!r}, expected none", hint="send it as it is"
        )
    given = headers.get("content-type", "")
    told = Message()
    told["content-type"] = given
    charset = told.get_content_charset("utf-8")
    if charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(f"the body is in {charset!r}, expected UTF-8")
    kind = given.partition(";")[0].strip().lower()
    if kind not in allowed:
        found = repr(given) if given else "none"
        raise UnsupportedMediaType(
            f"the content type is {found}, expected {expected}",
            hint=f"send the header Content-Type: {allowed[0]}",
        )
    return kind
