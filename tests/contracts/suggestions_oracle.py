"""What is suggested, in plain Python over all titles, and titles to try it on."""

import random
from collections.abc import Sequence
from functools import lru_cache

from hypothesis import strategies as st

from tandem.documents import Document
from tandem.suggestions import LONGEST_TITLE, TYPO_LETTERS, folded, ordered, words
from tests.builders import document

VOCABULARY = (
    "data", "Database", "databases", "Datei", "date", "bade", "base", "abase", "systems", "system",
    "sys", "of", "the", "a", "Café", "cafes", "Łódź", "don't", "dont", "C++", "ab", "abc", "abcd",
    "abdc", "acbd", "日本語", "e\u0301te\u0301", "R&D",
)  # fmt: skip
LETTERS = "abcdestz łé'"


@lru_cache
def documents() -> tuple[Document, ...]:
    """300 documents; many titles hold the same words."""
    chance = random.Random(11)
    made = []
    for number in range(300):
        count = chance.randrange(1, 4)
        title = chance.choice(" :-").join(chance.choice(VOCABULARY) for _ in range(count))
        title = title.upper() if chance.random() < 0.1 else title
        made.append(document(f"d{number:03}", title=title, genre=chance.choice("ab")))
    return tuple(made)


def prefixes() -> st.SearchStrategy[str]:
    """What somebody may type: words of the vocabulary, unfinished, misspelt or not."""
    word = st.sampled_from(VOCABULARY)
    part = st.builds(_edited, word, st.integers(0, 9), st.integers(0, 9), st.sampled_from(LETTERS))
    whole = st.one_of(word, part)
    return st.lists(whole, min_size=1, max_size=2).map(" ".join)


def _edited(word: str, place: int, end: int, letter: str) -> str:
    """One letter put in, taken out or changed, and perhaps cut."""
    place = min(place, len(word))
    kinds = (word[:place] + letter + word[place:], word[:place] + word[place + 1 :],
             word[:place] + letter + word[place + 1 :], word)  # fmt: skip
    return kinds[end % 4][: 3 + end]


def suggested(titles: Sequence[str], prefix: str, limit: int) -> list[str]:
    """What an engine must suggest of these titles."""
    asked = words(prefix)
    if not asked or len(prefix) > LONGEST_TITLE:
        return []
    holding = ordered((title for title in titles if holds(title, asked, 0)), prefix, limit)
    held = {folded(title) for title in holding}
    near = (title for title in titles if holds(title, asked, 1) and folded(title) not in held)
    return (holding + ordered(near, prefix, limit))[:limit]


def holds(title: str, asked: Sequence[str], edits: int) -> bool:
    """Whether a title holds the words, the last one perhaps unfinished, each with so many edits."""
    *whole, last = asked
    of_title = words(title)
    return all(any(near(word, held, edits) for held in of_title) for word in whole) and any(
        near(last, held[:end], edits) for held in of_title for end in range(len(held) + 1)
    )


def near(word: str, other: str, edits: int) -> bool:
    """Whether one becomes the other by at most that many (0 or 1) edits; short words by none."""
    if word == other:
        return True
    if not edits or len(word) < TYPO_LETTERS:
        return False
    shorter, longer = sorted((word, other), key=len)
    if len(longer) == len(shorter) + 1:
        return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
    if len(longer) != len(shorter):
        return False
    differing = [
        at for at, (left, right) in enumerate(zip(word, other, strict=True)) if left != right
    ]
    if len(differing) == 1:
        return True
    return (
        len(differing) == 2
        and differing[1] == differing[0] + 1
        and word[differing[0]] == other[differing[1]]
        and word[differing[1]] == other[differing[0]]
    )
