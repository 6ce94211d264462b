"""Bodies of requests: JSON, read strictly. What is refused is named with its place."""

import json
from typing import Any

from tandem.errors import TandemError
from tandem.strict_json import JsonFault, read_strictly


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
    try:
        return read_strictly(content)
    except JsonFault as fault:
        if not fault.place:
            raise BadBody(f"the body {fault}") from None
        raise BadBody(f"{fault.place}: {fault}", field=fault.place) from None


def read_object(content: bytes, example: str = '{"q": "snow"}') -> dict[str, Any]:
    """As ``read_json``, of a body that is an object; ``example`` is told where it is none.

    Raises:
        BadBody: it is none.
    """
    value = read_json(content)
    if not isinstance(value, dict):
        raise BadBody(
            f"expected a JSON object, found {kind_of(value)}", hint=f"for example {example}"
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
