"""What documents are, as signals, by hand."""

import math

import pytest

from rerank.facts import Facts
from tests.builders import schema_of
from tests.scenes import facts, said, scene_of

DAY = 86_400.0
SCHEMA = schema_of(
    year="integer", price="float", is_new="boolean", shown="datetime", genre="keyword"
)
OF_FIELDS = ["number.year", "number.price", "number.is_new", "field_age.shown", "age"]


@pytest.mark.parametrize("feature", [*OF_FIELDS, "field_length.body", "values.genre"])
def test_a_document_of_which_nothing_is_known(feature: str) -> None:
    """NaN; and no candidates give no values."""
    assert said(scene_of("a", schema=SCHEMA), feature) == [None]
    assert said(scene_of(schema=SCHEMA), feature) == []


@pytest.mark.parametrize("feature", OF_FIELDS)
def test_a_document_without_a_value(feature: str) -> None:
    """NaN: 0 would be a value."""
    assert said(scene_of(Facts("a"), schema=SCHEMA), feature) == [None]


def test_lengths_and_counts() -> None:
    """Of nothing there is nothing, which is known."""
    full = facts("a", body="red red fox")._replace(keywords={"genre": ("x", "y")})
    scene = scene_of(full, Facts("b"), schema=SCHEMA)
    assert said(scene, "field_length.body") == pytest.approx([math.log(4), 0.0])
    assert said(scene, "values.genre") == [2.0, 0.0]


def test_numbers() -> None:
    """As they are."""
    scene = scene_of(Facts("a", numbers={"year": 1987.0, "is_new": 1.0}), schema=SCHEMA)
    assert said(scene, "number.year") == [1987.0]
    assert said(scene, "number.is_new") == [1.0]
    assert said(scene, "number.price") == [None]


def test_ages() -> None:
    """In days before the query, on a logarithmic scale; what is to come is below 0, but a document
    changed tomorrow is new.
    """
    ago, ahead = 100 * DAY, 109 * DAY
    scene = scene_of(
        Facts("a", numbers={"shown": ago}, updated_at=ago),
        Facts("b", numbers={"shown": ahead}, updated_at=ahead),
        schema=SCHEMA,
        seconds=107 * DAY,
    )
    assert said(scene, "field_age.shown") == pytest.approx([math.log(8), -math.log(3)])
    assert said(scene, "age") == pytest.approx([math.log(8), 0.0])
