"""Texts by the beginnings of their words, in memory: what somebody types completes to them, also
with a typing error, by the rules that ``tandem.suggestions`` has for titles.

Whatever is typed, few texts are looked at: where few match, those; where many do, the most frequent
texts of all, until enough of them match.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial
from itertools import islice
from typing import NamedTuple

from tandem.suggestions import CANDIDATES, line, may_be_misspelt, typed, words

MOST_LETTERS = 64
"""Of the letters that the texts are written in, the most frequent ones are tried in place of
others: a script of thousands of signs has no such typing errors.
"""

LONGEST_WORD = 32
"""Letters. What is longer is looked for as it was typed."""

MOST_NEAR = 1_000
"""Where many texts are near in every word, so many of the most frequent ones are looked at."""

LAST = "\U0010ffff"


class Place(NamedTuple):
    """A text among all of them: they sort by how often they were asked, then the shorter first.
    ``padded`` are its folded words with a space around each.
    """

    minus_times: int
    length: int
    text: str
    padded: str


Holds = Callable[[Place], bool]


class Completions:
    """A set of texts, and how often each was asked. Not thread-safe."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._ranked: list[Place] = []
        self._lines: list[tuple[str, str]] = []
        self._vocabulary: list[str] = []
        self._holders: dict[str, set[str]] = {}
        self._letters: Counter[str] = Counter()

    def put(self, text: str, times: int) -> None:
        """A text that has a word was asked so often; put it in where it is not there."""
        before = self._places.get(text)
        if before is None:
            self._enter(text)
            padded = f" {line(text)} "
        else:
            self._leave(before)
            padded = before.padded
        place = Place(-times, len(text), text, padded)
        self._places[text] = place
        insort(self._ranked, place)

    def discard(self, text: str) -> None:
        """Take out a text that is there."""
        self._leave(self._places.pop(text))
        del self._lines[bisect_left(self._lines, (line(text), text))]
        for word in {*words(text)}:
            self._holders[word].discard(text)
            if not self._holders[word]:
                del self._holders[word]
                del self._vocabulary[bisect_left(self._vocabulary, word)]
                self._letters.subtract({*word})

    def best(self, prefix: str, limit: int) -> list[str]:
        """At most ``limit`` texts that begin with what was typed, the most frequent first, then
        those that hold its words; where there are fewer, then those with a typing error.
        """
        best: dict[str, None] = {}
        for places, holds in self._ways(prefix):
            fresh = (place.text for place in places if place.text not in best and holds(place))
            best |= dict.fromkeys(islice(fresh, limit - len(best)))
            if len(best) >= limit:
                break
        return list(best)

    def _enter(self, text: str) -> None:
        insort(self._lines, (line(text), text))
        for word in {*words(text)}:
            if word not in self._holders:
                self._holders[word] = set()
                insort(self._vocabulary, word)
                self._letters.update({*word})
            self._holders[word].add(text)

    def _leave(self, place: Place) -> None:
        del self._ranked[bisect_left(self._ranked, place)]

    def _ways(self, prefix: str) -> Iterator[tuple[Iterable[Place], Holds]]:
        """Each way to match what was typed, in their order: those that may, the most frequent
        first, and whether one does.
        """
        asked = typed(prefix)
        if not asked:
            return
        start = " ".join(asked)
        few = self._beginning(start)
        yield self._ranked if few is None else few, partial(_begins, f" {start}")
        parts = [f" {word} " for word in asked[:-1]] + [f" {asked[-1]}"]
        whole = [self._holders.get(word, set()) for word in asked[:-1]]
        together = [set.intersection(*whole)] if whole else []
        few = self._fewest([*together, self._unfinished(asked[-1:])])
        yield self._ranked if few is None else few, partial(_holds_parts, parts)
        if any(map(may_be_misspelt, asked)):
            letters = [letter for letter, _ in self._letters.most_common(MOST_LETTERS)]
            spelt = [_alternatives(word, letters) for word in asked]
            few = self._fewest([*map(self._finished, spelt[:-1]), self._unfinished(spelt[-1])])
            holds = partial(_holds_spelt, [*map(frozenset, spelt)], {*map(len, spelt[-1])})
            yield islice(self._ranked, MOST_NEAR) if few is None else few, holds

    def _beginning(self, start: str) -> list[Place] | None:
        first = bisect_left(self._lines, (start,))
        end = bisect_left(self._lines, (start + LAST,))
        if end - first > CANDIDATES:
            return None
        return sorted(self._places[text] for _, text in self._lines[first:end])

    def _fewest(self, sets: Iterable[Iterable[str]]) -> list[Place] | None:
        """The smallest of these sets of texts; ``None`` where all have more than ``CANDIDATES``."""
        small = [held for held in map(_bounded, sets) if held is not None]
        if not small:
            return None
        fewest: set[str] = min(small, key=len)
        return sorted(self._places[text] for text in fewest)

    def _finished(self, spellings: Sequence[str]) -> Iterator[str]:
        for word in spellings:
            yield from self._holders.get(word, ())

    def _unfinished(self, spellings: Sequence[str]) -> Iterator[str]:
        for start in spellings:
            place = bisect_left(self._vocabulary, start)
            while place < len(self._vocabulary) and self._vocabulary[place].startswith(start):
                yield from self._holders[self._vocabulary[place]]
                place += 1


def _bounded(texts: Iterable[str]) -> set[str] | None:
    few: set[str] = set()
    for text in texts:
        few.add(text)
        if len(few) > CANDIDATES:
            return None
    return few


def _begins(start: str, place: Place) -> bool:
    return place.padded.startswith(start)


def _holds_parts(parts: Sequence[str], place: Place) -> bool:
    return all(part in place.padded for part in parts)


def _holds_spelt(asked: Sequence[Set[str]], lengths: Set[int], place: Place) -> bool:
    """``lengths`` are those of the spellings of the last word, which may be unfinished."""
    *whole, last = asked
    held = place.padded.split()
    return all(not spellings.isdisjoint(held) for spellings in whole) and any(
        word[:length] in last for word in held for length in lengths
    )


def _alternatives(word: str, letters: Sequence[str]) -> list[str]:
    """The word, and whatever one letter too many, missing, other or swapped makes of it."""
    if not may_be_misspelt(word) or len(word) > LONGEST_WORD:
        return [word]
    made = {word: None}
    for place in range(len(word) + 1):
        head, tail = word[:place], word[place:]
        if tail:
            made[head + tail[1:]] = None
            made |= dict.fromkeys(head + letter + tail[1:] for letter in letters)
        if len(tail) > 1:
            made[head + tail[1] + tail[0] + tail[2:]] = None
        made |= dict.fromkeys(head + letter + tail for letter in letters)
    return list(made)
