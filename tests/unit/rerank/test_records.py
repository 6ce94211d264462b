"""Fields packed into bytes, and read back for many documents at once."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.lookup import places_of
from rerank.records import Records, codes_of, record_of, value_code
from tandem.fields import Field, FieldType
from tandem.schema import Schema

SCHEMA = Schema.of(
    [
        Field("year", FieldType.INTEGER),
        Field("genre", FieldType.KEYWORD),
        Field("made", FieldType.DATETIME),
        Field("maker", FieldType.KEYWORD),
    ]
)

keywords = st.lists(st.text(st.characters(), max_size=5), max_size=4, unique=True).map(tuple)
documents = st.lists(
    st.tuples(
        st.fixed_dictionaries({}, optional={"genre": keywords, "maker": keywords}),
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("year", "made"), st.floats(allow_nan=False))
        ),
    ),
    max_size=6,
)


def together(records: Iterable[bytes]) -> Records:
    """One after another."""
    parts = [np.frombuffer(record, np.uint64) for record in records]
    lengths = np.array([len(part) for part in parts], np.intp)
    return Records(np.concatenate([np.empty(0, np.uint64), *parts]), lengths, SCHEMA)


@given(documents)
def test_what_was_packed_is_read_back(given_documents) -> None:  # type: ignore[no-untyped-def]
    """Whatever each document has and lacks."""
    records = together(record_of(held, known, SCHEMA) for held, known in given_documents)
    assert len(records) == len(given_documents)
    for field in ("year", "made"):
        expected = [known.get(field, np.nan) for _, known in given_documents]
        np.testing.assert_array_equal(records.number(field), expected)
    cells = [held.get(field, ()) for held, _ in given_documents for field in ("genre", "maker")]
    assert records.counts.ravel().tolist() == [*map(len, cells)]
    assert records.cells.tolist() == [at for at, own in enumerate(cells) for _ in own]
    expected = [codes_of(("genre", "maker")[at % 2], own) for at, own in enumerate(cells)]
    assert records.codes.tolist() == [code for own in expected for code in own.tolist()]


def test_a_schema_without_fields_has_empty_records() -> None:
    """Nothing to read is read of nobody."""
    assert record_of({"genre": ("x",)}, {"year": 1.0}, Schema()) == b""
    assert len(Records(np.empty(0, np.uint64), np.zeros(2, np.intp), Schema())) == 2


def test_a_field_of_another_kind_is_refused() -> None:
    """A keyword is no number."""
    records = together([record_of({}, {}, SCHEMA)])
    with pytest.raises(ValueError, match="not in tuple"):
        records.number("genre")


def test_a_value_s_code_is_the_same_always() -> None:
    """Half a surrogate pair has one, too."""
    assert value_code("genre", "Drama").hex() == "23c46b61695fa2ee"
    assert len({value_code("genre", item) for item in ("", "a", "b", "\ud800")}) == 4
    assert value_code("genre", "a") != value_code("maker", "a")


@given(st.lists(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_places_are_those_of_known_numbers(numbers: list[int], known: set[int]) -> None:
    """-1 for all others."""
    rising = sorted(known)
    expected = [rising.index(number) if number in known else -1 for number in numbers]
    found = places_of(np.array(numbers, np.uint64), np.array(rising, np.uint64))
    assert found.tolist() == expected
