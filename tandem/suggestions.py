"""Titles suggested while somebody types: what is compared, what is found, in what order.

Engines hold what is made here of a title (its words, and an ``entry`` that sorts as suggestions do)
and are asked with words made here: so folding is one thing, and all of them find the same.

    folding    case, accents, ligatures and apostrophes do not count; a word is letters and digits
    matching   every word typed stands in the title, the last one perhaps unfinished; where that
               gives too few, words of four letters or more may be spelt with one letter too many,
               missing, other, or swapped with its neighbour
    order      titles that begin with what was typed, then the shorter, then by letter; then those
               that match only by a typing error
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from unicodedata import category, combining, normalize

CANDIDATES = 1_000
"""How many titles an engine hands over at most, for the best to be chosen among them."""

LONGEST_TITLE = 250
"""Characters. Nobody reads a longer suggestion: such titles are not suggested."""

TYPO_LETTERS = 4
"""The shortest word that may be misspelt: one letter of three is another word."""

SEPARATOR = "\t"
"""Between the parts of an entry; white space is folded, so that none of them holds it."""

_APOSTROPHES = "'’‘ʼ"  # noqa: RUF001 - what people type and what typesetters make of it
_UNSEEN = "\u00ad\ufe0e\ufe0f"
"""The soft hyphen, and what chooses a sign's style."""

_LETTERS = str.maketrans(
    {
        **dict.fromkeys(_APOSTROPHES + _UNSEEN, ""),
        "æ": "ae", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "ĸ": "q", "ł": "l", "ŋ": "n",
        "ø": "o", "œ": "oe", "þ": "th", "ŧ": "t", "ə": "a", "ɛ": "e", "ɔ": "o", "ɓ": "b", "ɗ": "d",
        "ƙ": "k", "ƴ": "y", "ɲ": "n", "ƒ": "f", "ƶ": "z", "ƀ": "b", "ɨ": "i", "ʉ": "u",
    }
)  # fmt: skip
"""Signs that have no decomposition, after case folding; letters as Lucene and tantivy fold them."""

_ASCII_WORD = re.compile("[a-z0-9]+")

Find = Callable[[Sequence[str], "Match", int], Sequence[str]]
"""(words typed, how they must match, how many) -> titles of the smallest entries that match, each
entry once; fewer than asked for are all that there are."""


class Match(StrEnum):
    """How a title must match the words typed, in the order of trying."""

    BEGINNING = "beginning"
    """Its line begins with theirs. An engine may hand over other titles that hold the words and
    begin with the first of them: they are sorted out here."""

    HOLDING = "holding"
    """It holds every word, the last one perhaps as the beginning of a word."""

    MISSPELT = "misspelt"
    """As ``HOLDING``, but words of ``TYPO_LETTERS`` may differ by one edit."""


def words(text: str) -> list[str]:
    """The folded words, in order: runs of letters, digits and the marks that spell a script."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower().replace("'", ""))
    bare = "".join(sign for sign in normalize("NFKD", text) if not combining(sign))
    plain = bare.casefold().translate(_LETTERS)
    spaced = "".join(sign if _spells(sign) else " " for sign in plain)
    return [word for word in spaced.split() if word[0].isalnum()]


def _spells(sign: str) -> bool:
    return sign.isalnum() or category(sign) in {"Mc", "Mn"}


def line(text: str) -> str:
    """The folded words with single spaces between them."""
    return " ".join(words(text))


def folded(title: str) -> str:
    """What makes a title a different one: its text, but for case and white space."""
    return " ".join(normalize("NFKC", title).casefold().split())


def shown(title: str) -> str:
    """A title as it is suggested: with single spaces."""
    return " ".join(title.split())


def entry(title: str) -> str | None:
    """What an engine holds and sorts by, in the order of code points: length, line, title.

    ``None`` for a title that is never suggested: too long, or without a word.
    """
    text = shown(title)
    if len(text) > LONGEST_TITLE or not (words_of_it := line(text)):
        return None
    return SEPARATOR.join((f"{len(folded(text)):04}", words_of_it, text))


def title_of(held: str) -> str:
    """The title in an entry."""
    return held.split(SEPARATOR, 2)[2]


def typed(prefix: str) -> list[str]:
    """The words of what was typed; none where it is longer than any title."""
    return words(prefix) if len(prefix) <= LONGEST_TITLE else []


def may_be_misspelt(word: str) -> bool:
    """Whether a word is long enough to be found with a typing error."""
    return len(word) >= TYPO_LETTERS


def suggested(find: Find, prefix: str, limit: int) -> list[str]:
    """The best ``limit`` distinct titles that ``find`` knows; a blank prefix gives none.

    That is exact, unless more than ``CANDIDATES`` shorter titles hold the same words, begin with
    the first of them and yet not with all.
    """
    asked = typed(prefix)
    best: dict[str, str] = {}
    for match in Match:
        if not asked or (match is Match.MISSPELT and not any(map(may_be_misspelt, asked))):
            break
        count = min(2 * limit, CANDIDATES)  # what is held already comes once more
        while len(best) < limit:
            titles = find(asked, match, count)
            _keep(best, titles, " ".join(asked) if match is Match.BEGINNING else "")
            if len(titles) < count or count == CANDIDATES:
                break
            count = min(4 * count, CANDIDATES)
    return list(best.values())[:limit]


def _keep(best: dict[str, str], titles: Iterable[str], start: str) -> None:
    beginning = (title for title in titles if line(title).startswith(start))
    for title in ordered(beginning, start, CANDIDATES):
        best.setdefault(folded(title), title)


def ordered(titles: Iterable[str], prefix: str, limit: int) -> list[str]:
    """Distinct titles: first those that begin with ``prefix``, then the shorter, then by letter.

    Of titles that differ in case or white space alone the smallest stands for all.
    """
    start = line(prefix)
    distinct = {folded(title): title for title in sorted(map(shown, titles), reverse=True)}
    keys = []
    for text, title in distinct.items():
        held = line(title)
        if held:
            keys.append((not held.startswith(start), len(text), held, title))
    return [key[-1] for key in sorted(keys)[:limit]]
