"""Typing errors: which words may be meant by a word that no document holds. Pure functions."""

LETTERS_FOR_ONE = 4
"""The shortest word that may be misspelt: one letter of three is another word."""

LETTERS_FOR_TWO = 8
"""From this length on two letters may be wrong."""


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
    if abs(len(one) - len(other)) > most:
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
