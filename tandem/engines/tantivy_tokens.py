"""The words of a text as an analyzer leaves them, and where they stand."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

import tantivy

BLOCK_CHARACTERS = 32_768
"""How much of a text is analysed at once."""

_BREAK = re.compile(r"\s")


class Span(NamedTuple):
    """Where a word stands, in characters, and what the analyzer makes of it."""

    start: int
    end: int
    word: str


def blocks(text: str) -> Iterator[tuple[str, int]]:
    """(block, where it starts); no word is divided."""
    start = 0
    while start < len(text):
        end = start + BLOCK_CHARACTERS
        space = _BREAK.search(text, end) if end < len(text) else None
        end = space.start() if space else len(text)
        yield text[start:end], start
        start = end


def word_spans(
    analyzer: tantivy.TextAnalyzer,
    block: str,
    offset: int,
    wanted: Collection[str] | None = None,
) -> list[Span]:
    """The words of a block that starts at ``offset``, in order; of all of them the wanted ones."""
    return [
        Span(offset + token.char_offset_from, offset + token.char_offset_to, token.text)
        for token in analyzer.pre_tokenize(block).tokens
        if wanted is None or token.text in wanted
    ]
