"""Values as sources hold them, turned into what a document's attributes may hold.

CSV knows only text. Where a field is declared or inferred, its type decides: whole and decimal
numbers as written, ``true false yes no 1 0`` in any case for booleans, keywords split at ``|``.
Text that does not fit stays text, so that validation refuses it with the usual words.
"""

import math
import re
from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from tandem.documents import AttributeValue
from tandem.errors import FieldError
from tandem.fields import EXACT_INTEGER, FieldType, datetime_text, parse_datetime

MAXIMUM_TEXT_CHARACTERS = 1_000_000
"""Of one attribute, the items of a list together."""

KEYWORD_SEPARATOR = "|"
_LEAST_WHOLE, _GREATEST_WHOLE = -(2**63), 2**64 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_PLAIN_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?", re.ASCII)
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_BOOLEAN_WORDS = frozenset({"true", "yes", "false", "no"})


def attribute_value(name: str, value: Any) -> AttributeValue:
    """A value as sent, in a form that the document log can hold and give back unchanged.

    Times become RFC 3339 text in UTC, dates ISO dates, decimals numbers, lists of texts tuples.

    Raises:
        FieldError: NaN, an infinity, a lone surrogate, a nested object, or another kind of value.

    """
    if isinstance(value, str):
        return text_value(name, value, MAXIMUM_TEXT_CHARACTERS)
    if isinstance(value, bool):
        return value
    if isinstance(value, Real | Decimal):
        return _number(name, value)
    if isinstance(value, list | tuple):
        return _texts(name, value)
    if isinstance(value, datetime):
        return datetime_text(parse_datetime(name, value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        raise FieldError(name, "a nested object; expected a single value or a list of texts")
    kind = type(value).__name__
    raise FieldError(name, f"expected text, a number, a boolean or a list, found {kind}")


def text_value(name: str, value: Any, maximum_characters: int) -> str:
    """The text itself.

    Raises:
        FieldError: it is no text, too long, or holds a lone surrogate.

    """
    if not isinstance(value, str):
        raise FieldError(name, f"expected text, found {type(value).__name__}")
    if len(value) > maximum_characters:
        raise FieldError(
            name, f"at most {maximum_characters:,} characters are allowed, found {len(value):,}"
        )
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as fault:
            reason = f"a lone surrogate, which is no character: found at {fault.start + 1}"
            raise FieldError(name, reason) from None
    return value


def _number(name: str, value: Any) -> int | float:
    exact = isinstance(value, Integral) or (
        isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
    )
    if exact and _LEAST_WHOLE <= value <= _GREATEST_WHOLE:
        return int(value)
    if isinstance(value, Integral):
        raise FieldError(name, "a whole number beyond 64 bits", hint="send it as text")
    try:
        number = float(value)
    except (ValueError, OverflowError):  # a signalling NaN, or a fraction out of range
        number = math.nan
    if not math.isfinite(number):
        raise FieldError(name, f"expected a finite number, found {number}")
    return number


def _texts(name: str, values: Collection[Any]) -> tuple[str, ...]:
    for item in values:
        if not isinstance(item, str):
            raise FieldError(name, f"a list may hold texts only, found {type(item).__name__} in it")
    text_value(name, "".join(values), MAXIMUM_TEXT_CHARACTERS)
    return tuple(values)


def from_text(kind: FieldType, text: str) -> AttributeValue:
    """CSV text as a field of this kind means it; text that does not fit is given back as it is."""
    stripped = text.strip()
    match kind:
        case FieldType.INTEGER if _INTEGER.fullmatch(stripped):
            return int(stripped)
        case FieldType.FLOAT if _NUMBER.fullmatch(stripped):
            return float(stripped)
        case FieldType.BOOLEAN:
            return _BOOLEANS.get(stripped.lower(), text)
        case FieldType.KEYWORD if KEYWORD_SEPARATOR in text:
            items = (item.strip() for item in text.split(KEYWORD_SEPARATOR))
            return tuple(item for item in items if item)
    return text


def kind_of_texts(texts: Collection[str]) -> FieldType:
    """The narrowest kind that all these texts can be read as; keyword where nothing else fits.

    Whole numbers with leading zeros, a plus, or too large to be exact are identifiers; ``1`` and
    ``0`` are numbers.
    """
    stripped = [text.strip() for text in texts]
    if all(_is_plain_integer(text) for text in stripped):
        return FieldType.INTEGER
    if all(_is_plain_number(text) for text in stripped):
        return FieldType.FLOAT
    if all(text.lower() in _BOOLEAN_WORDS for text in stripped):
        return FieldType.BOOLEAN
    return FieldType.KEYWORD


def _is_plain_integer(text: str) -> bool:
    return bool(_PLAIN_INTEGER.fullmatch(text)) and abs(int(text)) <= EXACT_INTEGER


def _is_plain_number(text: str) -> bool:
    if text.lstrip("-").isdigit():
        return _is_plain_integer(text)
    return bool(_PLAIN_NUMBER.fullmatch(text)) and math.isfinite(float(text))
