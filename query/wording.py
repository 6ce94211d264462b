"""The words of a text as synonyms and rules compare them, and where they stand in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar
from unicodedata import category, normalize

from tandem.suggestions import words

Held = TypeVar("Held")

JOINING = frozenset("'’‘ʼ\u00ad")  # noqa: RUF001 - what people type and what typesetters make of it
"""Signs inside a word that folding takes out."""


class Part(NamedTuple):
    """A run of letters of a text: the folded words in it (one, but for signs such as ½), and where
    it begins and ends, in characters.
    """

    words: tuple[str, ...]
    start: int
    end: int


def parts(text: str) -> list[Part]:
    """The runs of letters and digits, in order; put together, their words are those of the text."""
    found = []
    start = None
    for place, sign in enumerate(f"{text} "):
        if _spells(sign):
            start = place if start is None else start
        elif start is not None:
            folded = tuple(words(text[start:place]))
            if folded:
                found.append(Part(folded, start, place))
            start = None
    return found


def _spells(sign: str) -> bool:
    if sign.isalnum() or sign in JOINING or category(sign).startswith("M"):
        return True
    return not sign.isascii() and any(part.isalnum() for part in normalize("NFKD", sign))


@dataclass(frozen=True, slots=True)
class Run(Generic[Held]):
    """A run of words that was looked for and found: its words are ``first`` up to ``end``."""

    first: int
    end: int
    held: Held


class Phrases(Generic[Held]):
    """Finds which of many runs of words stand in a text, however many of them there are."""

    def __init__(self, phrases: Iterable[tuple[Sequence[str], Held]]) -> None:
        """``phrases`` are folded words, at least one, and what they stand for."""
        lengths: dict[str, set[int]] = {}
        self._held: dict[tuple[str, ...], list[Held]] = {}
        for phrase, held in phrases:
            lengths.setdefault(phrase[0], set()).add(len(phrase))
            self._held.setdefault(tuple(phrase), []).append(held)
        self._lengths = {first: tuple(sorted(found)) for first, found in lengths.items()}

    def found_in(self, text: Sequence[str]) -> Iterator[Run[Held]]:
        """Every run that stands in the folded words, by where it begins, shorter ones first, then
        as it was given.
        """
        for first, word in enumerate(text):
            for length in self._lengths.get(word, ()):
                end = first + length
                if end <= len(text):
                    for held in self._held.get(tuple(text[first:end]), ()):
                        yield Run(first, end, held)
