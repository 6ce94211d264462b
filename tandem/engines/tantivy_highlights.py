"""Marking what matched: words are compared as the analyzer leaves them, marked as they stand."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from html import escape
from typing import NamedTuple

import tantivy

PIECE_CHARACTERS = 200
"""About how long a piece of a body is; a piece begins and ends with a word."""

BLOCK_CHARACTERS = 32_768
"""How much of a body is analysed at once: its piece comes from the first block with a match."""

_BREAK = re.compile(r"\s")
_SENTENCE = re.compile(r"[.!?…。！？]['\"”’)\]]*\s+|\n\s*\n\s*")  # noqa: RUF001


class Span(NamedTuple):
    """Where a matching word stands, in characters, and what the analyzer makes of it."""

    start: int
    end: int
    word: str


def highlights(
    analyzer: tantivy.TextAnalyzer, words: Collection[str], title: str, body: str
) -> dict[str, str]:
    """``title`` and ``body`` as HTML with the analysed words marked, as far as they match."""
    marked = {
        "title": _marked_title(analyzer, words, title),
        "body": _marked_piece(analyzer, words, body),
    }
    return {field: html for field, html in marked.items() if html is not None}


def _marked_title(analyzer: tantivy.TextAnalyzer, words: Collection[str], title: str) -> str | None:
    """The whole title as HTML; ``None`` if no word of it matches."""
    spans = [span for block in _blocks(title) for span in _spans(analyzer, words, *block)]
    return _marked(title, 0, len(title), spans) if spans else None


def _marked_piece(analyzer: tantivy.TextAnalyzer, words: Collection[str], body: str) -> str | None:
    """The best piece of a body as HTML; ``None`` if no word of it matches."""
    for block in _blocks(body):
        spans = _spans(analyzer, words, *block)
        if spans:
            best = _best(spans)
            start = _start(body, best[0].start, best[-1].end)
            end = _end(body, start, best[-1].end)
            return _marked(body, start, end, spans)
    return None


def _blocks(text: str) -> Iterator[tuple[str, int]]:
    """(block, where it starts); no word is divided."""
    start = 0
    while start < len(text):
        end = start + BLOCK_CHARACTERS
        space = _BREAK.search(text, end) if end < len(text) else None
        end = space.start() if space else len(text)
        yield text[start:end], start
        start = end


def _spans(
    analyzer: tantivy.TextAnalyzer, words: Collection[str], block: str, offset: int
) -> list[Span]:
    return [
        Span(offset + token.char_offset_from, offset + token.char_offset_to, token.text)
        for token in analyzer.pre_tokenize(block).tokens
        if token.text in words
    ]


def _best(spans: Sequence[Span]) -> Sequence[Span]:
    """The spans of the piece that holds most different words, then most words, then the first."""
    best: tuple[tuple[int, int], Sequence[Span]] = ((0, 0), spans[:1])
    inside: Counter[str] = Counter()
    first = 0
    for last, span in enumerate(spans):
        inside[span.word] += 1
        while span.end - spans[first].start > PIECE_CHARACTERS and first < last:
            inside[spans[first].word] -= 1
            first += 1
        worth = (len(+inside), last - first + 1)
        if worth > best[0]:
            best = worth, spans[first : last + 1]
    return best[1]


def _start(text: str, first: int, last: int) -> int:
    """Where the piece around ``first`` to ``last`` begins: with a sentence, else with a word."""
    room = max(0, PIECE_CHARACTERS - (last - first))
    earliest = max(0, first - room)
    ends = [match.end() for match in _SENTENCE.finditer(text, earliest, first)]
    if ends:
        return ends[0]
    earliest = max(0, first - room // 2)
    if earliest == 0:
        return 0
    space = _BREAK.search(text, earliest, first)
    return space.end() if space else first


def _end(text: str, start: int, last: int) -> int:
    latest = max(last, start + PIECE_CHARACTERS)
    if latest >= len(text):
        return len(text)
    spaces = [match.start() for match in _BREAK.finditer(text, last, latest + 1)]
    return spaces[-1] if spaces else last


def _marked(text: str, start: int, end: int, spans: Sequence[Span]) -> str:
    parts = []
    at = start
    for span in spans:
        if start <= span.start and span.end <= end:
            parts += [escape(text[at : span.start]), "<mark>", escape(text[span.start : span.end])]
            parts.append("</mark>")
            at = span.end
    parts.append(escape(text[at:end]))
    return "".join(parts)
