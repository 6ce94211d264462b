"""How operations are told in OpenAPI: parameters and bodies from the models that read them, and
every error that can come, by its status.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from api.asked import kinds_of
from api.http_errors import AGAIN, AGAIN_SECONDS, CODES, REFERENCE
from api.wire import ErrorReply

ALWAYS = (
    "bad_request", "bad_parameter", "body_too_large", "address_too_long", "wrong_host", "internal",
    "overloaded", "stopping",
)  # fmt: skip
"""Errors that every operation can give."""

KEY_ERRORS = ("unauthorized", "forbidden", "too_many_requests")
"""Errors that every operation can give that needs a scope."""

SEARCH_ERRORS = (
    "bad_query", "bad_filter", "bad_cursor", "cursor_expired", "collection_not_found",
    "search_unavailable",
)  # fmt: skip
BODY_ERRORS = ("bad_body", "cross_site", "unsupported_media_type")

RETRY_AFTER = {
    "Retry-After": {
        "description": f"With {', '.join(sorted(AGAIN))}: seconds after which to ask again.",
        "schema": {"type": "integer", "const": AGAIN_SECONDS},
    }
}

NULL = "\0null"
"""Stands for null in an example while FastAPI has it in its hands."""

EXAMPLES: Mapping[str, Any] = {
    "q": "how do I get my money back",
    "filter": {"year": {"gte": 2020}},
    "facets": ["year"],
}


def errors(*codes: str, is_open: bool = False) -> dict[int | str, dict[str, Any]]:
    """The replies of an operation for those codes and for what can always come. ``is_open``: it
    needs no scope.
    """
    always = ALWAYS if is_open else ALWAYS + KEY_ERRORS
    by_status: dict[int | str, list[str]] = {}
    for code, told in CODES.items():
        if code in codes or code in always:
            by_status.setdefault(told.status, []).append(code)
    return {
        status: {
            "model": ErrorReply,
            "description": " ".join(f"`{code}`: {CODES[code].meaning}" for code in found),
            "content": {"application/json": {"examples": {code: _example(code) for code in found}}},
            **({"headers": RETRY_AFTER} if AGAIN & {*found} else {}),
        }
        for status, found in by_status.items()
    }


def with_nulls(document: Any) -> Any:
    """The whole document with the nulls of its examples, which FastAPI would leave out."""
    return _exchanged(document, NULL, None)


def with_optional_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document, where each operation that needs a scope needs none of a server without keys."""
    for path in document["paths"].values():
        for operation in path.values():
            if "security" in operation:
                operation["security"] = [{}, *operation["security"]]
    return document


def reply(model: type[BaseModel], description: str, example: Any) -> dict[str, Any]:
    """The reply where all went well."""
    return {
        "model": model,
        "description": description,
        "content": {"application/json": {"example": _exchanged(example, None, NULL)}},
    }


def parameters(model: type[BaseModel], *more: Mapping[str, Any]) -> dict[str, Any]:
    """The model as parameters, after those of ``more``."""
    kinds = kinds_of(model)
    whole = model.model_json_schema()
    required = whole.get("required", ())
    told = [
        {**_parameter(name, kinds[name], _without_null(schema)), "required": name in required}
        for name, schema in whole["properties"].items()
    ]
    return {"parameters": [*more, *sorted(told, key=lambda item: item["name"] != "q")]}


def json_body(schema: Mapping[str, Any], example: Any, *kinds: str) -> dict[str, Any]:
    """A body in JSON, of those types."""
    told = {"schema": schema, "example": _exchanged(example, None, NULL)}
    content = dict.fromkeys(kinds or ("application/json",), told)
    return {"requestBody": {"required": True, "content": content}}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The model's own schema, without titles that say the names again."""
    schema = model.model_json_schema()
    properties = {name: _untitled(told) for name, told in schema["properties"].items()}
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "additionalProperties": False, "properties": properties, **required}


def _parameter(name: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    description = schema.pop("description")
    told: dict[str, Any] = {
        "name": name, "in": "query", "required": False, "description": description,
    }  # fmt: skip
    if name in EXAMPLES:
        told["example"] = EXAMPLES[name]
    if kind == "object":  # JSON in a parameter
        return {**told, "content": {"application/json": {"schema": schema}}}
    if kind == "array":
        told |= {"style": "form", "explode": False}
    return {**told, "schema": schema}


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter that is not given is null enough."""
    plain = _untitled(schema)
    either = plain.pop("anyOf", None)
    if either:
        plain = {**either[0], **plain}
    if plain.get("default", 0) is None:
        del plain["default"]
    return plain


def _untitled(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}


def _example(code: str) -> dict[str, Any]:
    error = {
        "code": code, "message": CODES[code].meaning, "field": None, "hint": None,
        "docs": f"{REFERENCE}#{code}",
    }  # fmt: skip
    return {"value": {"error": _exchanged(error, None, NULL)}}


def _exchanged(value: Any, old: object, new: object) -> Any:
    """The value with ``new`` in the place of ``old``, however deep."""
    if isinstance(value, dict):
        return {key: _exchanged(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_exchanged(item, old, new) for item in value]
    return new if value == old and type(value) is type(old) else value
