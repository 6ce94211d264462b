"""Filters as data: what they mean, and what each mistake is told.

That engines give the same answer to them stands in ``tests/contracts``.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.errors import FilterError
from tandem.fields import Field, FieldType
from tandem.filters import (
    MAXIMUM_VALUES,
    AnyOf,
    Not,
    Range,
    check_text,
    matches,
    parse_filters,
    read_filter,
)
from tandem.schema import Schema
from tests.builders import document, schema_of
from tests.contracts import filters_oracle as oracle

SCHEMA = schema_of(
    genre="keyword", year="integer", price="float", seen="boolean", at="datetime", prose="text"
)
F = SCHEMA.by_name


def nested(depth: int) -> dict[str, Any]:
    """A filter inside that many ``not``."""
    data: dict[str, Any] = {"seen": True}
    for _ in range(depth):
        data = {"not": data}
    return data


def test_values_become_typed() -> None:
    """A value or a list means one of these; bounds and times are typed; ``not`` nests."""
    parsed = parse_filters(
        {
            "genre": "Drama",
            "year": [1990, 1991.0],
            "price": {"gt": 1, "lte": 2.5},
            "at": {"gte": "2026-11-21"},
            "seen": False,
            "not": {"genre": ["a", "b"], "not": {"seen": True}},
        },
        SCHEMA,
    )
    assert parsed == (
        AnyOf(F["genre"], ("Drama",)),
        AnyOf(F["year"], (1990, 1991)),
        Range(F["price"], gt=1.0, lte=2.5),
        Range(F["at"], gte=datetime(2026, 11, 21, tzinfo=UTC)),
        AnyOf(F["seen"], (False,)),
        Not((AnyOf(F["genre"], ("a", "b")), Not((AnyOf(F["seen"], (True,)),)))),
    )


def test_an_empty_filter_excludes_nothing() -> None:
    """No entries, no conditions."""
    assert parse_filters({}, SCHEMA) == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "filter: expected an object"),
        ("genre", "filter: expected an object"),
        (None, "filter: expected an object"),
        ({"colour": "x"}, "filter.colour: no such field"),
        ({3: "x"}, "filter.3: no such field"),
        ({"prose": "x"}, "filter.prose: a text field is searched, not filtered"),
        ({"title": "x"}, "filter.title: a text field is searched, not filtered"),
        ({"document_id": "x"}, "filter.document_id: no such field"),
        ({"genre": []}, "filter.genre: an empty list"),
        ({"genre": ()}, "filter.genre: an empty list"),
        ({"genre": None}, "filter.genre: expected text"),
        ({"genre": 3}, "filter.genre: expected text"),
        ({"genre": [["a", "b"]]}, "filter.genre: expected one keyword"),
        ({"genre": [[]]}, "filter.genre: expected one keyword"),
        ({"genre": "\ud800"}, "filter.genre: a lone surrogate at character 1"),
        ({"genre": ["ok", "ab\udfff"]}, "filter.genre: a lone surrogate at character 3"),
        ({"genre": {"gte": "a"}}, "filter.genre: a keyword field has no order"),
        ({"seen": {"gte": True}}, "filter.seen: a boolean field has no order"),
        ({"seen": 1}, "filter.seen: expected true or false, found int 1"),
        ({"seen": "true"}, "filter.seen: expected true or false"),
        ({"year": True}, "filter.year: expected a whole number, found bool"),
        ({"year": "1990"}, "filter.year: expected a whole number"),
        ({"year": {}}, "filter.year: nothing given, expected some of gt, gte, lt, lte"),
        ({"year": {"above": 3}}, "filter.year: above given, expected some of"),
        ({"year": {"gte": None}}, "filter.year: expected a whole number"),
        ({"year": {"gte": 2**60}}, "filter.year: "),
        ({"price": float("nan")}, "filter.price: expected a finite number"),
        ({"price": {"lt": float("inf")}}, "filter.price: expected a finite number"),
        ({"at": "2026-11-21T09:30:00"}, "filter.at: "),
        ({"at": {"gt": "soon"}}, "filter.at: expected a date"),
        ({"not": {}}, "filter.not: an empty filter would exclude everything"),
        ({"not": []}, "filter.not: expected an object"),
        ({"not": {"not": {"colour": 1}}}, "filter.not.not.colour: no such field"),
        ({"year": list(range(MAXIMUM_VALUES + 1))}, "filter.year: 1001 values, at most 1000"),
        (nested(5), "'not' may be nested 5 deep"),
        (nested(500), "'not' may be nested 5 deep"),
    ],
)
def test_mistakes_are_named(data: Any, message: str) -> None:
    """Each mistake names its place in the filter and what was expected."""
    with pytest.raises(FilterError) as raised:
        parse_filters(data, SCHEMA)
    assert message in str(raised.value)


def test_limits_are_inside() -> None:
    """The largest list and the deepest nesting that are allowed."""
    (values,) = parse_filters({"year": list(range(MAXIMUM_VALUES))}, SCHEMA)
    assert isinstance(values, AnyOf)
    assert len(values.values) == MAXIMUM_VALUES
    assert parse_filters(nested(4), SCHEMA)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ({"genres": "x"}, "did you mean 'genre'?"),
        ({"prose": "x"}, "did you mean 'price'?"),
        ({"qqq": "x"}, "known fields: genre, year, price, seen, at"),
        ({"genre": {"gte": "a"}}, 'give a value or a list: {"genre": …}'),
        ({"at": "2026-11-21T09:30:00"}, "append Z, or an offset such as +02:00"),
    ],
)
def test_hints_say_what_to_do(data: Any, hint: str) -> None:
    """The next step: the near field, the fields there are, or the missing piece."""
    with pytest.raises(FilterError) as raised:
        parse_filters(data, SCHEMA)
    assert raised.value.hint == hint


@given(oracle.filter_data())
def test_every_sound_filter_is_accepted(data: dict[str, Any]) -> None:
    """One condition an entry comes back."""
    assert len(parse_filters(data, oracle.SCHEMA)) == len(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["genre", "year", "seen", "at", "price", "not", "gt", "lte", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_data_is_parsed_or_refused(data: Any) -> None:
    """Whatever JSON is sent, the answer is a filter or a ``FilterError``."""
    with suppress(FilterError):
        parse_filters(data, SCHEMA)


def test_conditions_are_bounded() -> None:
    """Each bound is one, inside ``not`` too; however many fields there are."""
    wide = Schema.of([Field(f"f{number}", FieldType.INTEGER) for number in range(40)])
    bounded = {f"f{number}": {"gte": 1, "lt": 9} for number in range(20)}
    rest = {f"f{number}": number for number in range(30, 40)}
    assert len(parse_filters({**rest, "not": bounded}, wide)) == 11
    with pytest.raises(FilterError, match="filter: 51 conditions, at most 50 are") as raised:
        parse_filters({**rest, "f0": [1, 2], "not": bounded}, wide)
    assert "each bound" in raised.value.hint


def test_text_that_can_be_encoded_passes() -> None:
    """Any text without a lone surrogate comes back as it is."""
    assert check_text("ü 日本 \0", "query") == "ü 日本 \0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "--filter is empty, expected JSON"),
        ('{"year": 1, "year": 2}', "--filter.year: is given 2 times, expected once"),
        ('{"year": ' + "[" * 900 + "]" * 900 + "}", "--filter.year.0.0"),
        ("{year: 3}", "--filter is not JSON: "),
        ("[" * 100_000, "--filter is not JSON: "),
        ("[1]", "--filter: expected a JSON object, found list"),
        ("null", "--filter: expected a JSON object, found NoneType"),
    ],
)
def test_a_filter_that_is_no_json_object(text: str, said: str) -> None:
    """Told under the name by which it was given, with an example."""
    with pytest.raises(FilterError) as raised:
        read_filter(text, "--filter")
    assert str(raised.value).startswith(said)
    assert "for example" in raised.value.hint


def test_a_filter_as_text() -> None:
    """None at all is the empty one."""
    assert read_filter(None, "filter") == {}
    assert read_filter('{"year": {"gte": 3}}', "filter") == {"year": {"gte": 3}}


# --- one document ---


@given(data=oracle.filter_data(), seed=st.integers(0, 20))
def test_a_document_matches_as_the_oracle_says(data: dict[str, Any], seed: int) -> None:
    """The same documents that every engine must leave."""
    documents = oracle.sample_documents(40, seed)
    parsed = parse_filters(data, oracle.SCHEMA)
    left = {item.document_id for item in documents if matches(item, parsed)}
    assert left == oracle.matching_ids(documents, data)


def test_a_value_that_does_not_fit_its_field_is_none() -> None:
    """The document's schema was another one: no value, so that only ``not`` leaves it."""
    item = document("a", year="soon")
    assert not matches(item, parse_filters({"year": {"gte": 1}}, SCHEMA))
    assert matches(item, parse_filters({"not": {"year": {"gte": 1}}}, SCHEMA))
