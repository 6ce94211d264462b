"""JSON, read strictly."""

import pytest

from tandem.strict_json import MAXIMUM_NESTING, JsonFault, read_strictly


def test_values_are_read() -> None:
    """From text and from bytes; a name may stand in two objects."""
    assert read_strictly('{"a": [{"b": 1}, {"b": 2.5}], "b": null}') == {
        "a": [{"b": 1}, {"b": 2.5}],
        "b": None,
    }
    assert read_strictly("[" * MAXIMUM_NESTING + "]" * MAXIMUM_NESTING) != []
    assert read_strictly(b'"\xc3\xa9"') == "é"


@pytest.mark.parametrize(
    ("content", "said", "place"),
    [
        (" ", "is empty, expected JSON", ""),
        ("{", "is not JSON: ", ""),
        ("NaN", "is not JSON: ", ""),
        ('"\\ud800"', "is not JSON: ", ""),
        (b'"\xff"', "is not JSON: ", ""),
        ("[" * 50_000, "is not JSON: ", ""),
        ('{"a": 1, "a": 1}', "is given 2 times, expected once", "a"),
        ('{"a": [0, {"b.c": 1, "b.c": 1}]}', "is given 2 times, expected once", "a.1.b.c"),
        ('{"a": {"b": [[1]]}}', "is nested too deep, at most 32 levels are allowed", "a.b.0"),
    ],
)
def test_what_is_refused(content: str | bytes, said: str, place: str) -> None:
    """What is wrong, and of which value it is said."""
    with pytest.raises(JsonFault, match=said) as caught:
        read_strictly(content, below=29)
    assert caught.value.place == place
