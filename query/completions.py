"""Texts by the beginnings of their words, in memory: what somebody types completes to them, also
with a typing error, by the rules that ``tandem.suggestions`` has for titles.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice

from tandem.suggestions import CANDIDATES, Match, line, may_be_misspelt, typed, words

MOST_LETTERS = 64
"""Of the letters that the texts are written in, the most frequent ones are tried in place of
others: a script of thousands of signs has no such typing errors.
"""

LONGEST_WORD = 32
"""Letters. What is longer is looked for as it was typed."""

LAST = "\U0010ffff"


class Completions:
    """A set of texts. Not thread-safe."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []
        self._vocabulary: list[str] = []
        self._holders: dict[str, set[str]] = {}
        self._letters: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Put in a text that is not there and has a word."""
        insort(self._lines, (line(text), text))
        for word in {*words(text)}:
            if word not in self._holders:
                self._holders[word] = set()
                insort(self._vocabulary, word)
                self._letters.update({*word})
            self._holders[word].add(text)

    def discard(self, text: str) -> None:
        """Take out a text that is there."""
        del self._lines[bisect_left(self._lines, (line(text), text))]
        for word in {*words(text)}:
            self._holders[word].discard(text)
            if not self._holders[word]:
                del self._holders[word]
                del self._vocabulary[bisect_left(self._vocabulary, word)]
                self._letters.subtract({*word})

    def matching(self, prefix: str) -> Iterator[tuple[Match, set[str]]]:
        """Each way to match what was typed, in their order, and the texts that do: at most
        ``CANDIDATES``, but those that begin with it are all of them.
        """
        asked = typed(prefix)
        if not asked:
            return
        yield Match.BEGINNING, self._beginning(" ".join(asked))
        yield Match.HOLDING, self._holding([[word] for word in asked])
        if any(map(may_be_misspelt, asked)):
            letters = [letter for letter, _ in self._letters.most_common(MOST_LETTERS)]
            yield Match.MISSPELT, self._holding([_alternatives(word, letters) for word in asked])

    def _beginning(self, start: str) -> set[str]:
        first = bisect_left(self._lines, (start,))
        end = bisect_left(self._lines, (start + LAST,))
        return {text for _, text in self._lines[first:end]}

    def _holding(self, asked: Sequence[Sequence[str]]) -> set[str]:
        """Texts that hold each word in one of its spellings, the last one perhaps unfinished."""
        *whole, last = asked
        sets = [
            set[str]().union(*(self._holders.get(spelt, ()) for spelt in spellings))
            for spellings in whole
        ]
        if not sets:
            return set(islice(self._unfinished(last), CANDIDATES))
        together = reduce(set.intersection, sets)
        beginnings = tuple(last)
        return {
            text for text in together if any(word.startswith(beginnings) for word in words(text))
        }

    def _unfinished(self, spellings: Sequence[str]) -> Iterator[str]:
        for start in spellings:
            place = bisect_left(self._vocabulary, start)
            while place < len(self._vocabulary) and self._vocabulary[place].startswith(start):
                yield from self._holders[self._vocabulary[place]]
                place += 1


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
