"""A document over HTTP: what is refused, what is taken, and what a merge patch makes of one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.document_shape import BadDocument, merged, read_document, told
from indexer.validation import CORE_NAMES
from tests.builders import document, schema_of

SCHEMA = schema_of(year="integer", kind="keyword", made="datetime")


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        ({}, "body", "title and body are both empty"),
        ({"title": None, "body": " "}, "body", "title and body are both empty"),
        ({"titel": "x"}, "titel", "is no part of a document"),
        ({"document_id": "a", "title": "x"}, "document_id", "is no part of a document"),
        ({"title": "x", "year": 1990}, "year", "is an attribute"),
        ({"title": 3}, "title", "expected text, found int"),
        ({"title": "x" * 2_001}, "title", "at most 2,000 characters"),
        ({"title": "x", "attributes": []}, "attributes", "expected an object, found an array"),
        (
            {"title": "x", "attributes": ["year"]},
            "attributes",
            "expected an object, found an array",
        ),
        ({"title": "x", "attributes": {"yaer": 1}}, "attributes.yaer", "did you mean 'year'?"),
        ({"title": "x", "attributes": {"year": "old"}}, "attributes.year", ""),
        ({"title": "x", "attributes": {"kind": {"a": 1}}}, "attributes.kind", "a nested object"),
        ({"title": "x", "attributes": {"kind": ["a", 1]}}, "attributes.kind", "texts only"),
        ({"title": "x", "attributes": {"year": 2**70}}, "attributes.year", "beyond 64 bits"),
        ({"title": "x", "updated_at": "yesterday"}, "updated_at", ""),
        ({"title": "x", "updated_at": 3}, "updated_at", ""),
    ],
)
def test_what_is_no_document_is_refused(content: dict[str, Any], field: str, said: str) -> None:
    """The place in what was sent, and what is wrong there."""
    with pytest.raises(BadDocument) as refused:
        read_document("a", content, SCHEMA)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("name", sorted(CORE_NAMES))
def test_no_attribute_has_a_name_of_the_documents_own(name: str) -> None:
    """In a file it would be that part itself."""
    with pytest.raises(BadDocument, match="is a name of the document's own") as refused:
        read_document("a", {"title": "x", "attributes": {name: "y"}}, SCHEMA)
    assert refused.value.field == f"attributes.{name}"


@pytest.mark.parametrize("document_id", [" ", "a\nb", "x" * 513, "é" * 257])
def test_an_id_has_its_limits(document_id: str) -> None:
    """Those of a file's records."""
    with pytest.raises(BadDocument) as refused:
        read_document(document_id, {"title": "x"}, SCHEMA)
    assert refused.value.field == "document_id"


def test_null_is_as_good_as_nothing() -> None:
    """Of a part and of an attribute."""
    content = {
        "title": "x",
        "body": None,
        "updated_at": None,
        "attributes": {"year": None, "kind": "k"},
    }
    assert read_document("a", content, SCHEMA) == document("a", title="x", kind="k")


def test_what_is_told_can_be_sent_again() -> None:
    """Every type of value, and a time."""
    sent = document(
        "a",
        "text",
        title="Title",
        updated_at=datetime(2026, 11, 21, 9, 30, 0, 125_000, tzinfo=UTC),
        year=1990,
        kind=("a", "b"),
        made=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert read_document("a", told(sent), SCHEMA) == sent


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_standard(target: Any, patch: Any, expected: Any) -> None:
    """RFC 7396, appendix A."""
    assert merged(target, patch) == expected


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=6,
)


@given(target=JSON, patch=JSON)
def test_a_patch_again_changes_nothing(target: Any, patch: Any) -> None:
    """And neither of both is changed by it."""
    before = (repr(target), repr(patch))
    once = merged(target, patch)
    assert merged(once, patch) == once
    assert (repr(target), repr(patch)) == before
