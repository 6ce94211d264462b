"""The second try: what was typed with its typing errors corrected, where words find little.

It happens in the lexical leg's own thread, after its search and within its time. The vector leg
keeps the text as it was typed: it knows pieces of words, and hardly minds.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from query.questions import Fields, LexicalQuestion
from query.synonyms import Rewrite
from tandem.filters import Filter
from tandem.lexical import LexicalIndex, Matching, TextWord
from tandem.rankings import Correction, Ranking
from tandem.spelling import edits_allowed
from tandem.suggestions import words
from tandem.telemetry import logger

FEW = 3
"""Documents. A text that finds fewer is tried again, and a word that fewer hold may be an error in
them.
"""

MOST_WORDS = 16
"""A longer text finds enough by its other words."""

MOST_CORRECTED = 4
"""Each is looked for among all the words of the index."""


class Proposal(NamedTuple):
    """A text without its typing errors. ``is_sure``: no document holds a word that was replaced;
    else what was typed must be searched for as well, or what it alone finds would be lost.
    """

    correction: Correction
    is_sure: bool


class CorrectingQuestion:
    """A text for the lexical index with its synonyms, corrected if need be: from then on it is the
    corrected one that is scored, counted and highlighted, and ``correction`` says so.
    """

    def __init__(
        self, index: LexicalIndex, text: str, rewrite: Rewrite, *, corrects: bool = True
    ) -> None:
        self._index = index
        self._text = text
        self._rewrite = rewrite
        self._corrects = corrects
        self._rewritten = rewrite(text)
        self._asked = LexicalQuestion(index, text, self._rewritten.variants)
        self.correction: Correction | None = None

    @property
    def applied(self) -> tuple[str, ...]:
        """The names of the synonyms that took part."""
        return self._rewritten.applied

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``. What goes wrong with the second try leaves the first one's answer."""
        until = time.monotonic() + timeout_seconds
        first = self._asked.retrieve(filters, limit, timeout_seconds)
        if not self._corrects or len(self._text.split()) > MOST_WORDS:
            return first
        try:
            return self._second_try(first, filters, limit, until)
        except Exception as error:  # a search that is answered must not fail by its spelling
            logger("query").info("no spelling was corrected: %s", error)
            return first

    def _second_try(
        self, first: Ranking, filters: Sequence[Filter], limit: int, until: float
    ) -> Ranking:
        covered = self._rewritten.covered
        proposal = proposed(self._index, self._text, len(first), covered, until)
        if proposal is None or (left := until - time.monotonic()) <= 0:
            return first
        text = proposal.correction.text
        rewritten = self._rewrite(text)
        others = () if proposal.is_sure else (self._text, *self._rewritten.variants)
        question = LexicalQuestion(self._index, text, (*rewritten.variants, *others))
        second = question.retrieve(filters, limit, left)
        if time.monotonic() >= until or {*second.document_ids} <= {*first.document_ids}:
            return first
        self._asked, self._rewritten, self.correction = question, rewritten, proposal.correction
        return second

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        return self._asked.score(document_ids, timeout_seconds)

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """See ``WordQuestion``."""
        return self._asked.highlight(document_ids, timeout_seconds)

    def matching(self) -> Matching:
        """See ``WordQuestion``."""
        return self._asked.matching()


def proposed(
    index: LexicalIndex, text: str, found: int, covered: Collection[str], until: float
) -> Proposal | None:
    """The text with its errors corrected, if there are any that can be: words of at least four
    letters that no document holds, or hardly one where the text ``found`` hardly one either.
    ``covered`` are folded words that are none, ``until`` is a moment of the monotonic clock.
    """
    known = index.words(text, timeout_seconds=max(0.0, until - time.monotonic()))
    least = FEW if found < FEW else 1
    suspects = [word for word in known if _may_be_wrong(text, word, least, covered)]
    pieces, replaced, place = [], {}, 0
    is_sure = True
    for word in suspects[:MOST_CORRECTED]:
        left = until - time.monotonic()
        if left <= 0:
            return None
        typed = text[word.start : word.end]
        for meant in index.resembling(typed.lower(), limit=1, timeout_seconds=left):
            pieces += [text[place : word.start], meant]
            place = word.end
            replaced[typed] = meant
            is_sure = is_sure and word.documents == 0
    if not replaced:
        return None
    return Proposal(Correction("".join([*pieces, text[place:]]), replaced), is_sure)


def _may_be_wrong(text: str, word: TextWord, least: int, covered: Collection[str]) -> bool:
    typed = text[word.start : word.end]
    return (
        word.documents < least
        and edits_allowed(typed) > 0
        and not any(part in covered for part in words(typed))
    )
