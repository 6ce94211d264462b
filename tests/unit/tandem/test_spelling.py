"""Typing errors: how far words are apart, and which of them are meant."""

from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tandem.spelling import Written, edits, edits_allowed, nearest, written

SHORT = st.text(alphabet="abc", max_size=6)
LONGER = st.text(alphabet="abcdeé日", max_size=14)


def apart(one: str, other: str) -> int:
    """Edits by their definition: the best of whatever may have happened to the last letters."""

    @cache
    def between(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        ways = [
            between(i - 1, j) + 1,
            between(i, j - 1) + 1,
            between(i - 1, j - 1) + (one[i - 1] != other[j - 1]),
        ]
        if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
            ways.append(between(i - 2, j - 2) + 1)
        return min(ways)

    return between(len(one), len(other))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("retreival", "retrieval", 1),
        ("retrieval", "retrieval", 0),
        ("", "", 0),
        ("", "ab", 2),
        ("abc", "", 3),
        ("abcd", "acbd", 1),
        ("abcd", "badc", 2),
        ("ca", "abc", 3),
        ("zebra", "zebras", 1),
        ("horse", "house", 1),
        ("connectoin", "connection", 1),
        ("café", "cafe", 1),
        ("aab", "bba", 2),
    ],
)
def test_edits(one: str, other: str, expected: int) -> None:
    """Letters added, left out, exchanged, or swapped with their neighbour: one each."""
    assert edits(one, other, 9) == expected
    assert edits(other, one, 9) == expected


@example(one="abc", other="cba")
@example(one="aabb", other="bbaa")
@given(one=SHORT, other=SHORT)
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_edits_are_those_of_their_definition(one: str, other: str) -> None:
    """For every limit: the number where it is within, ``None`` where it is more."""
    expected = apart(one, other)
    for most in range(8):
        assert edits(one, other, most) == (expected if expected <= most else None)


@given(one=LONGER, other=LONGER)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_edits_are_the_same_both_ways(one: str, other: str) -> None:
    """Nothing depends on which word is which; a word is no edit from itself."""
    for most in (0, 1, 2, 14):
        assert edits(one, other, most) == edits(other, one, most)
    assert edits(one, one, 0) == 0
    assert (edits(one, other, 0) == 0) == (one == other)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("", 0), ("abc", 0), ("abcd", 1), ("abcdefg", 1), ("abcdefgh", 2), ("abcdefg8", 0),
     ("2026", 0), ("ab cd", 0), ("don't", 0), ("日本語文", 1)],
)  # fmt: skip
def test_longer_words_may_have_more_errors(word: str, expected: int) -> None:
    """None below four letters, two from eight on; what is not letters alone has no spelling."""
    assert edits_allowed(word) == expected


def test_words_as_they_are_written() -> None:
    """Lower case, accents kept, a code or a possessive whole; words of other lengths left out."""
    text = "Zebra ZEBRAS, café's Über\tabc123 it\u2019s x_y 日本語 don't-stop O'"
    assert written(text, shortest=1, longest=99) == {
        "zebra", "zebras", "café's", "über", "abc123", "it\u2019s", "x", "y", "日本語", "don't",
        "stop", "o",
    }  # fmt: skip
    assert written("one three sixsix Ünlängst", shortest=4, longest=5) == {"three", "ünlängst"}
    assert written("", shortest=0, longest=9) == set()


def test_the_nearest_come_first() -> None:
    """Fewest edits, then more documents, then by letter; what nobody holds is not meant."""
    candidates = [
        Written("retrievals", "retrievals", 90),
        Written("retrieval", "retrieval", 3),
        Written("retrieved", "retrieved", 80),
        Written("rétrieval", "retrieval", 5),
        Written("retrieva", "retrieva", 3),
        Written("retreival", "retreival", 50),
        Written("retreivax", "retreivax", 0),
    ]
    expected = ["rétrieval", "retrieval", "retrievals", "retrieva"]
    assert nearest("retreival", candidates, 10) == expected
    assert nearest("retreival", candidates, 2) == expected[:2]
    assert nearest("ret", [Written("rat", "rat", 9)], 10) == []
    assert nearest("house", [Written("horses", "horses", 9)], 10) == []
