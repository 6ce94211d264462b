"""Slices: parts of a query set that one wants to see apart, each a name for every query."""

import re
from collections.abc import Callable, Collection, Mapping

from tandem.judgments import Qrels

Slice = Mapping[str, str]
"""query_id -> the part that the query belongs to."""

Slices = Mapping[str, Slice]
"""What is told apart -> the parts."""

TextOf = Callable[[Collection[str]], Mapping[str, str]]
"""The texts of documents by id; one that is not known is left out."""

CountOf = Callable[[Collection[str]], Mapping[str, int]]
"""How often people did something with each document; one that is not known is left out."""

LENGTHS = ((1, "1 word"), (3, "2 to 3 words"), (6, "4 to 6 words"), (12, "7 to 12 words"))
LONGER = "13 words and more"
COLD = 3
"""Below so many deeds of people nothing is known of a document but what it says."""

_WORD = re.compile(r"\w+")


def by_length(texts: Mapping[str, str]) -> Slice:
    """How many words a query has."""
    return {query_id: _length(len(_WORD.findall(text))) for query_id, text in texts.items()}


def by_exact_match(texts: Mapping[str, str], qrels: Qrels, text_of: TextOf) -> Slice:
    """Whether a relevant document has every word of the query, as it is written."""
    found = {}
    for query_id, text in texts.items():
        wanted = _words(text)
        documents = text_of(_relevant(qrels, query_id)).values()
        has_all = any(wanted <= _words(document) for document in documents)
        found[query_id] = "a relevant document has every word" if has_all else "none has every word"
    return found


def by_warmth(qrels: Qrels, count_of: CountOf) -> Slice:
    """Whether people have had to do with a relevant document, ``COLD`` times or more."""
    found = {}
    for query_id in qrels:
        relevant = _relevant(qrels, query_id)
        counts = count_of(relevant)
        is_known = any(counts.get(document_id, 0) >= COLD for document_id in relevant)
        found[query_id] = (
            "people know a relevant document" if is_known else "every relevant document is cold"
        )
    return found


def _length(words: int) -> str:
    return next((name for most, name in LENGTHS if words <= most), LONGER)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _relevant(qrels: Qrels, query_id: str) -> list[str]:
    grades = qrels.get(query_id, {})
    return [document_id for document_id, grade in grades.items() if grade is not None and grade > 0]
