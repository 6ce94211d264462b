"""Typing errors: which words may be meant by a word that no document holds. Pure functions."""

import re
from collections.abc import Iterable
from typing import NamedTuple

LETTERS_FOR_ONE = 4
"""The shortest word that may be misspelt: one letter of three is another word."""

LETTERS_FOR_TWO = 8
"""From this length on two letters may be wrong."""


_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)*")


class Written(NamedTuple):
    """A word as it is written in documents, but in lower case; the same without its accents, as it
    is compared; and how many documents hold it.
    """

    word: str
    folded: str
    documents: int


def written(text: str, *, shortest: int, longest: int) -> set[str]:
    """The words of a text in lower case, accents kept: runs of letters and digits, apostrophes
    between them. Those of other lengths are left out, unless taking accents off might change that.
    """
    words = set(_WORD.findall(text.lower()))
    return {word for word in words if shortest <= len(word) <= longest or not word.isascii()}


def nearest(folded: str, candidates: Iterable[Written], limit: int) -> list[str]:
    """The ``limit`` candidates that a word may have meant: those of fewest edits first, then those
    of more documents, then by letter. How many edits are allowed goes by ``folded``, the word as
    candidates are compared; it itself is none of them.
    """
    most = edits_allowed(folded)
    found = []
    for candidate in candidates:
        distance = edits(folded, candidate.folded, most)
        if distance and candidate.documents:
            found.append((distance, -candidate.documents, candidate.word))
    return [word for _, _, word in sorted(found)[:limit]]


def edits_allowed(word: str) -> int:
    """How many edits a word of that length may be away from what was meant: 0, 1 or 2; none where
    it holds a digit, as numbers and codes have no spelling.
    """
    if len(word) < LETTERS_FOR_ONE or not word.isalpha():
        return 0
    return 2 if len(word) >= LETTERS_FOR_TWO else 1


def edits(one: str, other: str, most: int) -> int | None:
    """How many letters must be added, left out, exchanged, or swapped with their neighbour to make
    one word of the other (optimal string alignment); ``None`` if more than ``most``.
    """
    if abs(len(one) - len(other)) > most or _differ_by_letters(one, other, most):
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, right in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if last and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1] if row[-1] <= most else None


def _differ_by_letters(one: str, other: str, most: int) -> bool:
    """Whether either has more letters of its own than edits could bring: most words are told apart
    by that alone.
    """
    letters, others = set(one), set(other)
    return len(letters - others) > most or len(others - letters) > most
