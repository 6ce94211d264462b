"""A report for machines."""

from typing import Any

import orjson


def as_json(contents: Any) -> bytes:
    """The contents themselves, a line a member."""
    return orjson.dumps(contents, option=orjson.OPT_INDENT_2) + b"\n"
