"""How words score, as a value."""

import pytest

from tandem.errors import FieldError
from tandem.scoring import DEFAULT, LexicalScoring
from tests.builders import schema_of

FIELDS = schema_of(abstract="text", year="integer").text_fields


def test_equal_scorings_are_equal() -> None:
    """In whatever order the weights are told; so they can be keys."""
    one = LexicalScoring.of({"title": 2.0, "body": 0.5}, phrase=0.1)
    other = LexicalScoring.of({"body": 0.5, "title": 2.0}, phrase=0.1)
    assert {one: "known"}[other] == "known"
    assert LexicalScoring.of({}) == DEFAULT
    assert one != LexicalScoring.of({"body": 0.5, "title": 2.0})


def test_a_field_that_is_not_named_has_its_own_weight() -> None:
    """Also beside one that has another."""
    title, body, abstract = FIELDS
    scoring = LexicalScoring.of({"title": 0.0, "body": 3.0})
    assert [scoring.weight(field) for field in (title, body, abstract)] == [0.0, 3.0, 1.0]


def test_weights_are_of_text_fields() -> None:
    """What is none is named, with the next one there is."""
    LexicalScoring.of({"title": 2.0, "abstract": 1.0}).check(FIELDS)
    for name, hint in (("abstrac", "did you mean 'abstract'?"), ("year", "title, body, abstract")):
        with pytest.raises(FieldError, match=f"weights.{name}: .* no text field {name!r}") as told:
            LexicalScoring.of({name: 2.0}).check(FIELDS)
        assert hint in told.value.hint


def test_what_counts_for_nothing_can_be_left_out() -> None:
    """A weight of no text field; all else stays."""
    scoring = LexicalScoring.of({"abstrac": 2.0, "title": 3.0, "year": 4.0}, 0.1, 0.2)
    assert scoring.among(FIELDS) == LexicalScoring.of({"title": 3.0}, 0.1, 0.2)
    assert LexicalScoring.of({"year": 4.0}).among(FIELDS) == DEFAULT


def test_without_pairs_the_weights_are_left() -> None:
    """It is a list of words then, whose neighbours mean nothing."""
    scoring = LexicalScoring.of({"title": 2.0}, phrase=0.1, proximity=0.2)
    assert scoring.counts_pairs
    assert scoring.without_pairs() == LexicalScoring.of({"title": 2.0})
    assert not scoring.without_pairs().counts_pairs
    assert LexicalScoring(proximity=0.2).counts_pairs


def test_it_is_told_in_a_line() -> None:
    """What is as it would be anyway is left out."""
    assert str(DEFAULT) == "the fields' own weights"
    told = str(LexicalScoring.of({"title": 2.0, "body": 0.0}, proximity=0.25))
    assert told == "body 0, title 2, proximity 0.25"
