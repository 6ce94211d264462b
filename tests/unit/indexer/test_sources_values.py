"""Values of sources as attributes, and CSV's text as values."""

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from indexer.sources.values import attribute_value, from_text, kind_of_texts
from tandem.errors import FieldError
from tandem.fields import FieldType


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "expected a finite number, found nan"),
        (-math.inf, "expected a finite number, found -inf"),
        (Decimal("NaN"), "expected a finite number"),
        (Decimal("sNaN"), "expected a finite number"),
        (Decimal("1e999"), "expected a finite number"),
        (Fraction(10**400, 3), "expected a finite number"),
        (np.float32("nan"), "expected a finite number"),
        (2**64, "a whole number beyond 64 bits"),
        (-(2**63) - 1, "a whole number beyond 64 bits"),
        ("a\ud800", "a lone surrogate, which is no character: found at 2"),
        (["a", "\udc00"], "a lone surrogate"),
        (["a", 1], "a list may hold texts only, found int in it"),
        ([1, 2], "a list may hold texts only"),
        ([["a"]], "a list may hold texts only, found list"),
        ({"a": 1}, "a nested object"),
        ({}, "a nested object"),
        (b"a", "found bytes"),
        (time(9, 30), "found time"),
        (datetime(2026, 11, 21), "has no time zone"),
        ("x" * 1_000_001, "at most 1,000,000 characters are allowed, found 1,000,001"),
        (["x" * 600_000, "y" * 600_000], "at most 1,000,000 characters"),
    ],
)
def test_what_an_attribute_cannot_hold(value: Any, reason: str) -> None:
    """The fault names the field and says what was expected."""
    with pytest.raises(FieldError) as caught:
        attribute_value("field", value)
    assert caught.value.field == "field"
    assert reason in caught.value.reason


def test_a_number_too_long_to_print_is_refused() -> None:
    """Python itself will not write more than 4,300 digits."""
    with pytest.raises(FieldError, match="beyond 64 bits"):
        attribute_value("field", 10**5_000)


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ("é 😀", "é 😀"),
        (True, True),
        (2**64 - 1, 2**64 - 1),
        (81.0, 81.0),
        (["a", "b"], ("a", "b")),
        ([], ()),
        (Decimal(12), 12),
        (Decimal("12.5"), 12.5),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (date(2026, 11, 21), "2026-11-21"),
        (datetime(2026, 11, 21, 9, 30, tzinfo=UTC), "2026-11-21T09:30:00Z"),
        (
            datetime(2026, 11, 21, 9, 30, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-21T07:30:00Z",
        ),
    ],
)
def test_what_an_attribute_holds(value: Any, held: Any) -> None:
    """Values are kept as sent; those of Parquet take their nearest form."""
    result = attribute_value("field", value)
    assert result == held
    assert type(result) is type(held)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldType.INTEGER, " 12 ", 12),
        (FieldType.INTEGER, "-007", -7),
        (FieldType.INTEGER, "12.5", "12.5"),
        (FieldType.INTEGER, "1_000", "1_000"),
        (FieldType.INTEGER, "١٢", "١٢"),
        (FieldType.INTEGER, "9" * 5_000, "9" * 5_000),
        (FieldType.FLOAT, "1e3", 1000.0),
        (FieldType.FLOAT, ".5", 0.5),
        (FieldType.FLOAT, "nan", "nan"),
        (FieldType.FLOAT, "1,5", "1,5"),
        (FieldType.BOOLEAN, "YES", True),
        (FieldType.BOOLEAN, "0", False),
        (FieldType.BOOLEAN, "maybe", "maybe"),
        (FieldType.KEYWORD, "Comedy| Drama |", ("Comedy", "Drama")),
        (FieldType.KEYWORD, "Comedy", "Comedy"),
        (FieldType.TEXT, "a|b", "a|b"),
        (FieldType.DATETIME, "2026-11-21", "2026-11-21"),
    ],
)
def test_csv_text_is_read_as_its_field_means_it(kind: FieldType, text: str, value: Any) -> None:
    """What does not fit is given back as text, for validation to refuse."""
    result = from_text(kind, text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-20", "0"], FieldType.INTEGER),
        (["1", "2.5"], FieldType.FLOAT),
        (["1e999", "2"], FieldType.KEYWORD),
        (["01234", "99999"], FieldType.KEYWORD),
        (["00.5"], FieldType.KEYWORD),
        ([str(2**53 - 1)], FieldType.INTEGER),
        ([str(2**53)], FieldType.KEYWORD),
        ([str(2**53), "0.5"], FieldType.KEYWORD),
        (["True", "no"], FieldType.BOOLEAN),
        (["1", "true"], FieldType.KEYWORD),
        (["nan"], FieldType.KEYWORD),
        (["a", "1"], FieldType.KEYWORD),
    ],
)
def test_the_kind_of_a_column_fits_all_its_texts(texts: list[str], kind: FieldType) -> None:
    """The narrowest kind wins, and identifiers with leading zeros stay text."""
    assert kind_of_texts(texts) is kind
