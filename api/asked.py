"""From parameters and bodies to what is asked: both are read to the same values, then checked once,
so that the same fault gets the same words whichever way it came.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

from api.answers import HIGHLIGHTS
from api.bodies import BadBody, read_object
from api.http_errors import BadParameter
from api.near_miss import near_miss
from api.wire_asked import MAXIMUM_FACETS, MAXIMUM_FIELDS, Asked
from tandem.errors import FieldError, FilterError
from tandem.events import check_name
from tandem.filters import EXAMPLE, read_filter
from tandem.queries import Query, Sort

Model = TypeVar("Model", bound=BaseModel)

MAXIMUM_FOUND_CHARACTERS = 100
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""As JSON writes one."""

BOOLEANS = {"true": True, "false": False}
EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text",
    "list_type": "a list of texts",
}
"""What a value should have been, by pydantic's type of fault."""

NAMES = ("user_id", "client_id", "session_id")


def by_parameters(model: type[Model], given: QueryParams) -> Model:
    """What is asked by parameters: lists with commas, the filter as JSON.

    Raises:
        BadParameter: one is unknown, given twice, or not of its type.
        FilterError: the filter is no JSON object, holds a name twice or is nested too deep.
    """
    names = Counter(name for name, _ in given.multi_items())
    _refuse_unknown(names, model.model_fields)
    for name, count in names.items():
        if count > 1:
            raise BadParameter(name, f"is given {count} times, expected once")
    kinds = kinds_of(model)
    return _by_values(model, {name: _READ[kinds[name]](given[name]) for name in names})


def by_body(model: type[Model], content: bytes) -> Model:
    """What is asked by a body in JSON.

    Raises:
        BadBody: it is no JSON object.
        BadParameter: a name is unknown, or a value not of its type.
        FilterError: the filter is no JSON object, holds a name twice or is nested too deep.
    """
    try:
        given = read_object(content)
    except BadBody as error:
        if error.field is not None and error.field.startswith("filter."):
            raise FilterError(str(error), hint=EXAMPLE) from None
        raise
    return _by_values(model, given)


def _by_values(model: type[Model], given: Mapping[str, Any]) -> Model:
    _refuse_unknown(given, model.model_fields)
    values = {
        name: _whole(value) if kinds_of(model)[name] == "integer" else value
        for name, value in given.items()
    }
    if not isinstance(values.get("filter", {}), dict):
        read_filter(orjson.dumps(values["filter"]).decode(), "filter")  # says what it is
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _bad_parameter(error) from None


def query_of(asked: Asked, **more: Any) -> Query:
    """The query that is asked; ``more`` is what the surface adds to it.

    Raises:
        BadParameter: a name is blank or too long, or too many fields are named.
    """
    for name in NAMES:
        check_id(name, getattr(asked, name))
    _check_count("facets", asked.facets, MAXIMUM_FACETS)
    _check_count("fields", asked.fields or (), MAXIMUM_FIELDS)
    given: dict[str, Any] = {
        "filters": asked.filter,
        "facets": tuple(dict.fromkeys(asked.facets)),
        "limit": asked.limit,
        "cursor": asked.cursor,
        "budget_ms": asked.budget_ms,
        "wants_highlights": asked.fields is None or HIGHLIGHTS in asked.fields,
        "wants_explanation": asked.explain,
        **{name: getattr(asked, name) for name in NAMES},
    }
    return Query(**{"text": "", **given, **more})


def sort_of(text: str | None) -> Sort | None:
    """The order that is asked for.

    Raises:
        BadParameter: it names no field.
    """
    if text is None:
        return None
    sort = Sort.read(text)
    if not sort.field:
        raise BadParameter("sort", "names no field", hint="for example year, or -year")
    return sort


def check_id(field: str, name: str | None) -> None:
    """Refuse what the event log would not take, if anything is given.

    Raises:
        BadParameter: it is blank, longer than allowed, or holds a zero byte.
    """
    if name is None:
        return
    try:
        check_name(field, name)
    except FieldError as error:
        raise BadParameter(field, error.reason, hint=error.hint) from None


@cache
def kinds_of(model: type[BaseModel]) -> Mapping[str, str]:
    """Name -> the JSON type of its value."""
    properties = model.model_json_schema()["properties"]
    return {name: _kind(told) for name, told in properties.items()}


def _kind(told: Mapping[str, Any]) -> str:
    return str(told.get("type") or told["anyOf"][0]["type"])


def _scalar(text: str) -> Any:
    """The number or truth value that the text is in JSON; else the text, which is then refused."""
    if text in BOOLEANS:
        return BOOLEANS[text]
    try:
        return orjson.loads(text) if NUMBER.fullmatch(text) else text
    except ValueError:  # beyond what a double holds
        return text


_READ: Mapping[str, Callable[[str], Any]] = {
    "string": lambda text: text,
    "integer": _scalar,
    "number": _scalar,
    "boolean": _scalar,
    "array": lambda text: text.split(",") if text else [],
    "object": lambda text: read_filter(text, "filter"),
}


def _whole(value: Any) -> Any:
    """JSON does not tell 3.0 from 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    names = set(known)
    for name in given:
        if name not in names:
            raise BadParameter(name, "there is no such parameter", hint=near_miss(name, names))


def _check_count(field: str, names: Iterable[str], most: int) -> None:
    count = len(list(names))
    if count > most:
        raise BadParameter(field, f"names {count:,} fields, at most {most} are allowed")


def _bad_parameter(error: ValidationError) -> BadParameter:
    """The first fault: whoever mends it learns of the next one."""
    fault = error.errors(include_url=False)[0]
    name = ".".join(map(str, fault["loc"]))
    found = _shown(fault["input"])
    if fault["type"] == "missing":
        return BadParameter(name, "must be given")
    expected = EXPECTED.get(fault["type"])
    if expected is None:
        return BadParameter(name, fault["msg"])
    return BadParameter(name, f"expected {expected}, found {found}")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    if len(text) <= MAXIMUM_FOUND_CHARACTERS:
        return text
    return text[: MAXIMUM_FOUND_CHARACTERS - 1] + "…"
