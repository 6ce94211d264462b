"""The words of a text as an analyzer leaves them, and where they stand."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import tantivy

BLOCK_CHARACTERS = 32_768
"""How much of a text is analysed at once."""

MOST_KNOWN = 50_000
"""How many runs are remembered, some 20 MB; a language's frequent ones are among the first."""

LONGEST_KNOWN = 40
"""Characters of a run that is remembered: longer ones hardly recur."""

_BREAK = re.compile(r"\s")


class Span(NamedTuple):
    """Where a word stands, in characters, and what the analyzer makes of it."""

    start: int
    end: int
    word: str


class _Runs(NamedTuple):
    """Run -> its words, and word -> the runs that hold it."""

    spans: dict[str, Sequence[Span]]
    holding: dict[str, set[str]]


def blocks(text: str) -> Iterator[tuple[str, int]]:
    """(block, where it starts); no word is divided."""
    start = 0
    while start < len(text):
        end = start + BLOCK_CHARACTERS
        space = _BREAK.search(text, end) if end < len(text) else None
        end = space.start() if space else len(text)
        yield text[start:end], start
        start = end


class WordReader:
    """Reads the words of texts. What stands between white space recurs, so it is analysed once and
    remembered: no analysis has a word with white space in it. Thread-safe.
    """

    def __init__(self, analyzer: tantivy.TextAnalyzer) -> None:
        self._analyzer = analyzer
        self._known = _Runs({}, {})

    def spans(self, text: str) -> list[Span]:
        """The words of a text, in order."""
        return [span for block in blocks(text) for span in self._read(*block)]

    def matches(self, block: str, offset: int, wanted: Collection[str]) -> list[Span]:
        """Where the wanted words stand in a block that starts at ``offset``, in order. Only the
        few runs that hold one of them are looked at one by one.
        """
        known = self._known
        found = set(block.split())
        matching = set().union(*(known.holding.get(word, ()) for word in wanted)) & found
        for run in [run for run in found if run not in known.spans]:
            if any(span.word in wanted for span in self._learn(run)):
                matching.add(run)
        spans = [
            Span(offset + place + start, offset + place + end, word)
            for run in matching
            for place in _places(block, run)
            for start, end, word in self._spans_of(run)
            if word in wanted
        ]
        return sorted(spans)

    def _read(self, block: str, offset: int) -> Iterator[Span]:
        for token in self._analyzer.pre_tokenize(block).tokens:
            yield Span(offset + token.char_offset_from, offset + token.char_offset_to, token.text)

    def _spans_of(self, run: str) -> Sequence[Span]:
        known = self._known.spans.get(run)
        return list(self._read(run, 0)) if known is None else known

    def _learn(self, run: str) -> Sequence[Span]:
        spans = tuple(self._read(run, 0))
        if len(run) <= LONGEST_KNOWN:
            if len(self._known.spans) >= MOST_KNOWN:
                self._known = _Runs({}, {})
            known = self._known
            for span in spans:  # before the run itself: who finds that relies on these
                known.holding.setdefault(span.word, set()).add(run)
            known.spans[run] = spans
        return spans


def _places(block: str, run: str) -> Iterator[int]:
    """Where a run stands between white space."""
    place = block.find(run)
    while place >= 0:
        end = place + len(run)
        if (not place or block[place - 1].isspace()) and (
            end == len(block) or block[end].isspace()
        ):
            yield place
        place = block.find(run, end)
