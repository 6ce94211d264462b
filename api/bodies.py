"""Bodies of requests: JSON, read strictly. What is refused is named with its place."""

import json
from collections import Counter
from typing import Any

import orjson

from tandem.errors import TandemError

MAXIMUM_NESTING = 32
"""How deep a body may be nested: nothing that is asked for is half as deep."""


class BadBody(TandemError):
    """A body is no JSON, or not of the kind that is expected; ``field`` is the place in it."""

    code = "bad_body"

    def __init__(self, message: str, *, hint: str = "", field: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.field = field


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
