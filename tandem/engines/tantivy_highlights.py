"""Marking what matched: words are compared as the analyzer leaves them, marked as they stand."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from html import escape

import tantivy

from tandem.engines.tantivy_tokens import Span, blocks, word_spans

PIECE_CHARACTERS = 200
"""About how long a piece of a body is; a piece begins and ends with a word."""

_BREAK = re.compile(r"\s")
_SENTENCE = re.compile(r"[.!?…。！？]['\"”’)\]]*\s+|\n\s*\n\s*")  # noqa: RUF001


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
    spans = [span for block in blocks(title) for span in word_spans(analyzer, *block, words)]
    return _marked(title, 0, len(title), spans) if spans else None


def _marked_piece(analyzer: tantivy.TextAnalyzer, words: Collection[str], body: str) -> str | None:
    """The best piece of a body as HTML; ``None`` if no word of it matches."""
    for block in blocks(body):
        spans = word_spans(analyzer, *block, words)
        if spans:
            best = _best(spans)
            start = _start(body, best[0].start, best[-1].end)
            end = _end(body, start, best[-1].end)
            return _marked(body, start, end, spans)
    return None


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
