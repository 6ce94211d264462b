"""Documents and their attributes: what survives encoding, and what changes the hash."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.documents import (
    AttributeValue,
    Change,
    Document,
    content_hash,
    decode_attributes,
    encode_attributes,
)
from tests.builders import document

WHEN = datetime(2026, 11, 21, 9, 30, 0, 1, tzinfo=UTC)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES: st.SearchStrategy[AttributeValue] = st.one_of(
    TEXTS,
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(TEXTS, max_size=3).map(tuple),
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_attributes_survive_encoding(attributes: dict[str, AttributeValue]) -> None:
    """Every value comes back equal and of its own type; lists come back as tuples."""
    decoded = decode_attributes(encode_attributes(attributes))
    assert decoded == attributes
    assert {name: type(value) for name, value in decoded.items()} == {
        name: type(value) for name, value in attributes.items()
    }


def test_encoding_is_canonical() -> None:
    """The order in which attributes were sent does not matter."""
    assert encode_attributes({"a": 1, "b": 2}) == encode_attributes({"b": 2, "a": 1})
    assert decode_attributes('{"a":["x"]}') == {"a": ("x",)}


def test_equal_content_has_one_hash() -> None:
    """The hash is 32 hex digits and leaves the id and the order of attributes out."""
    first = document("a", "body", title="title", updated_at=WHEN, x=1, y=2)
    second = document("b", "body", title="title", updated_at=WHEN, y=2, x=1)
    assert content_hash(first) == content_hash(second)
    assert len(content_hash(first)) == 32
    assert int(content_hash(first), 16) >= 0


def test_any_difference_changes_the_hash() -> None:
    """Each part counts, and text cannot move from one part to the next unseen."""
    different = [
        document("a"),
        document("a", "x"),
        document("a", title="x"),
        document("a", "y", title="x"),
        document("a", "", title="xy"),
        document("a", "x", title="y"),
        document("a", "x "),
        document("a", updated_at=WHEN),
        document("a", updated_at=WHEN + timedelta(microseconds=1)),
        document("a", x=1),
        document("a", x=1.0),
        document("a", x=True),
        document("a", x="1"),
        document("a", x=("1",)),
        document("a", x=("1", "2")),
        document("a", x=("2", "1")),
        document("a", x=("12",)),
        document("a", y=1),
        document("a", x=""),
        document("a", x=()),
    ]
    assert len({content_hash(item) for item in different}) == len(different)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("title", "T"), ("body", "B"), ("one", "text"), ("many", "a b"), ("number", "3"),
        ("absent", ""),
    ],
)  # fmt: skip
def test_text_of_a_field(name: str, text: str) -> None:
    """Title and body, attributes as text, lists joined; nothing for what is not there."""
    item = document("a", "B", title="T", one="text", many=("a", "b"), number=3)
    assert item.text(name) == text


def test_a_change_without_a_document_deletes() -> None:
    """A tombstone is a change of no document."""
    assert Change(1, "a", None).is_delete
    assert not Change(1, "a", Document("a")).is_delete
