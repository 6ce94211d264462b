"""Pairs of neighbouring words of a text: what is looked for where words stand together."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, pairwise
from typing import NamedTuple

import tantivy

from tandem.scoring import MOST_PAIRS


class Pair(NamedTuple):
    """Two analysed words of a text with no searchable word between them. ``second`` stands
    ``distance`` words after ``first``: 1 right behind it, more where stop words lie between them,
    which keep their places in an index, too. ``text`` is what stands there, both words included,
    ``words`` are the two alone, as they are written.
    """

    first: str
    second: str
    distance: int
    text: str
    words: str


def neighbours(
    analyzer: tantivy.TextAnalyzer, wordings: Iterable[str]
) -> Mapping[str, tuple[Pair, ...]]:
    """Text -> its pairs, each once, in order: the first ones, no more than an equal part of
    ``MOST_PAIRS``. A word beside itself makes none.
    """
    texts = dict.fromkeys(wordings)
    return {text: tuple(islice(_pairs(analyzer, text), MOST_PAIRS // len(texts))) for text in texts}


def _pairs(analyzer: tantivy.TextAnalyzer, text: str) -> Iterator[Pair]:
    known = set()
    for one, other in pairwise(analyzer.pre_tokenize(text).tokens):
        whole = text[one.char_offset_from : other.char_offset_to]
        words = " ".join(text[word.char_offset_from : word.char_offset_to] for word in (one, other))
        pair = Pair(one.text, other.text, other.position - one.position, whole, words)
        if pair.first != pair.second and pair[:3] not in known:
            known.add(pair[:3])
            yield pair
