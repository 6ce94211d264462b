"""Which ways to score words are tried."""

import pytest

from relevance_eval.tuning.scorings import MOST_FIELDS, PAIRS, scorings
from tandem.fields import Field, FieldType
from tandem.schema import Schema
from tandem.scoring import DEFAULT, LexicalScoring


def text_fields(*weights: float) -> tuple[Field, ...]:
    """Title and body with a weight of 1, and fields with these."""
    given = [Field(f"f{number}", FieldType.TEXT, weight) for number, weight in enumerate(weights)]
    return Schema.of(given).text_fields


def test_each_changes_one_thing() -> None:
    """What there is now is the first, and nothing comes twice."""
    now = LexicalScoring.of({"title": 3.0}, 0.1, 0.2)
    tried = scorings(now, text_fields(2.0))
    assert tried[0] == now
    assert len({*tried}) == len(tried)
    for other in tried[1:]:
        changed = [
            other.phrase != now.phrase,
            other.proximity != now.proximity,
            *(other.weight(field) != now.weight(field) for field in text_fields(2.0)),
        ]
        assert sum(changed) == 1, other
    assert LexicalScoring.of({"title": 3.0, "f0": 4.0}, 0.1, 0.2) in tried


def test_weights_are_beside_that_of_the_body() -> None:
    """Which may be another than 1; none is above the highest that there is."""
    tried = scorings(LexicalScoring.of({"body": 4.0}), text_fields())
    assert [dict(each.weights).get("title") for each in tried[1:5]] == [2.0, 4.0, 8.0, 10.0]
    assert {dict(each.weights)["body"] for each in tried} == {4.0}


def test_a_body_without_weight_is_no_measure() -> None:
    """Ratios of it would all be nothing."""
    tried = scorings(LexicalScoring.of({"body": 0.0, "title": 1.0}), text_fields())
    assert [dict(each.weights)["title"] for each in tried[1:4]] == [0.5, 2.0, 4.0]


@pytest.mark.parametrize(("fields", "weighted"), [(0, 3), (1, 6), (40, 3 * MOST_FIELDS)])
def test_they_are_few(fields: int, weighted: int) -> None:
    """Each is a retrieval of every query: of many fields the first ones are weighed."""
    tried = scorings(DEFAULT, text_fields(*[1.0] * fields))
    assert len(tried) == 1 + weighted + 2 * (len(PAIRS) - 1)
