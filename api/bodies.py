"""Bodies of requests: JSON, read strictly. What is refused is named with its place."""

import json
from collections import Counter
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from starlette.datastructures import Headers

from tandem.errors import TandemError

MAXIMUM_NESTING = 32
"""How deep a body may be nested: nothing that is asked for is half as deep."""

JSON = ("application/json",)
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
"""One JSON object a line."""


class BadBody(TandemError):
    """A body is no JSON, or not of the kind that is expected; ``field`` is the place in it."""

    code = "bad_body"

    def __init__(self, message: str, *, hint: str = "", field: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.field = field


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
    kind, _, parameters = given.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if charset.startswith("charset=") and charset not in {"charset=utf-8", "charset=utf8"}:
        raise UnsupportedMediaType(f"the body is in {charset!r}, expected UTF-8")
    if kind.strip().lower() not in allowed:
        found = repr(given) if given else "none"
        raise UnsupportedMediaType(
            f"the content type is {found}, expected {expected}",
            hint=f"send the header Content-Type: {allowed[0]}",
        )
    return kind.strip().lower()


def read_json(content: bytes) -> Any:
    """The value that a body, or a line of one, holds: no NaN, no lone surrogate, no name twice.

    Raises:
        BadBody: it is no JSON of that kind, or nested too deep.
    """
    if not content.strip():
        raise BadBody("the body is empty, expected JSON")
    try:
        value = orjson.loads(content)
    except ValueError as error:
        raise BadBody(f"the body is not JSON: {error}") from None
    _check_nesting(value, MAXIMUM_NESTING)
    json.loads(content, object_pairs_hook=_once, parse_int=float)
    return value


def read_object(content: bytes) -> dict[str, Any]:
    """As ``read_json``, of a body that is an object.

    Raises:
        BadBody: it is none.
    """
    value = read_json(content)
    if not isinstance(value, dict):
        raise BadBody(
            f"expected a JSON object, found {kind_of(value)}", hint='for example {"q": "snow"}'
        )
    return value


def kind_of(value: object) -> str:
    """What JSON calls a value."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return "a text" if isinstance(value, str) else "a number"


def _check_nesting(value: Any, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise BadBody(f"the body is nested too deep, at most {MAXIMUM_NESTING} levels are allowed")
    for item in value.values() if isinstance(value, dict) else value:
        _check_nesting(item, left - 1)


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse a name that an object has twice: one of its values would be ignored."""
    counted = Counter(name for name, _ in pairs)
    for name, count in counted.items():
        if count > 1:
            raise BadBody(f"{name}: is given {count} times, expected once", field=name)
