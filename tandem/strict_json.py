"""JSON from outside, read strictly: what would be ignored, or could not be walked, is refused."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson

MAXIMUM_NESTING = 32
"""How deep a value may be nested: nothing that is asked for is half as deep."""


class JsonFault(ValueError):
    """What is wrong with it, such as "is empty"; ``place`` is the dotted path of the value that it
    is said of, "" for the whole.
    """

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(reason)
        self.place = place


class _Pairs(list[tuple[str, Any]]):
    """An object's names and values, as often as they stand there."""


def read_strictly(content: str | bytes, *, below: int = 0) -> Any:
    """The value: no NaN, no lone surrogate, no name twice in an object. ``below``: so many levels
    it would be down where it stood in a body, whose limit holds for it.

    Raises:
        JsonFault: it is no JSON of that kind, or nested too deep.
    """
    if not content.strip():
        raise JsonFault("is empty, expected JSON")
    try:
        value = orjson.loads(content)
    except ValueError as error:
        raise JsonFault(f"is not JSON: {error}") from None
    _check_nesting(value, MAXIMUM_NESTING - below)
    _check_names(json.loads(content, object_pairs_hook=_Pairs, parse_int=float))
    return value


def _check_nesting(value: Any, left: int, place: str = "") -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise JsonFault(f"is nested too deep, at most {MAXIMUM_NESTING} levels are allowed", place)
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        _check_nesting(item, left - 1, _below(place, name))


def _check_names(value: Any, place: str = "") -> None:
    """Refuse a name that an object has twice: one of its values would be ignored."""
    items: Iterable[tuple[object, Any]] = ()
    if isinstance(value, _Pairs):
        items = value
        for name, count in Counter(name for name, _ in value).items():
            if count > 1:
                raise JsonFault(f"is given {count} times, expected once", _below(place, name))
    elif isinstance(value, list):
        items = enumerate(value)
    for step, item in items:
        _check_names(item, _below(place, step))


def _below(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)
