"""The second try: what was typed with its typing errors corrected, where words find little.

It happens in the lexical leg's own thread, after its search and within its time. The vector leg
keeps the text as it was typed: it knows pieces of words, and hardly minds.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from query.questions import Fields, LexicalQuestion
from query.synonyms import Rewrite, Rewritten
from tandem.filters import Filter
from tandem.lexical import LexicalIndex, Matching, TextWord
from tandem.rankings import Correction, Ranking
from tandem.scoring import DEFAULT, LexicalScoring
from tandem.spelling import edits_allowed
from tandem.suggestions import words
from tandem.telemetry import logger

FEW = 3
"""Documents. Where a text finds fewer, also a word that fewer hold may be an error in them."""

CLEARLY_MORE = 5
"""How many times as many documents as such a word must hold what it may have meant: rare words are
mostly right.
"""

LEAD = 0.9
"""What the correction alone finds scores at most this part of what is found as it was typed."""

GAIN = 1.000_01
"""Sums of the same numbers may differ by their last digits: a score that rises does by more."""

MOST_WORDS = 16
"""A longer text finds enough by its other words."""

MOST_CORRECTED = 4
"""Each is looked for among all the words of the index."""


class Vocabulary(Protocol):
    """The words of some documents; a ``LexicalIndex`` has those of all of its own."""

    def words(self, text: str, *, timeout_seconds: float) -> Sequence[TextWord]:
        """See ``LexicalIndex``."""
        ...

    def resembling(self, word: str, *, limit: int, timeout_seconds: float) -> Sequence[str]:
        """See ``LexicalIndex``."""
        ...


class Within:
    """The words of the documents that filters leave: no other word may come to light."""

    def __init__(self, index: LexicalIndex, filters: Sequence[Filter]) -> None:
        self.words = partial(index.words, filters=filters)
        self.resembling = partial(index.resembling, filters=filters)


class Proposal(NamedTuple):
    """A text without its typing errors. ``is_sure``: no document holds a word that was replaced;
    else what was typed must be searched for as well, and comes first.
    """

    correction: Correction
    is_sure: bool


class TypedFirst:
    """What was typed and what may have been meant: what the first finds stands before what the
    other alone finds. ``both`` are all their wordings.
    """

    def __init__(self, typed: Ranking, meant: LexicalQuestion, both: LexicalQuestion) -> None:
        """``typed`` is all that was found as it was typed."""
        self._name = typed.name
        self._typed = typed.scores()
        self._meant = meant
        self._both = both
        self._damping = 1.0

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """See ``Question``."""
        found = self._meant.retrieve(filters, limit, timeout_seconds).scores()
        others = {name: score for name, score in found.items() if name not in self._typed}
        if self._typed and others:
            least, most = min(self._typed.values()), max(others.values())
            self._damping = min(1.0, LEAD * least / most)
        return Ranking.from_scores(self._name, self._scores(others).items(), limit=limit)

    def _scores(self, others: Mapping[str, float]) -> dict[str, float]:
        return self._typed | {name: self._damping * score for name, score in others.items()}

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        others = [name for name in document_ids if name not in self._typed]
        scores = self._scores(self._meant.score(others, timeout_seconds))
        return {name: scores[name] for name in document_ids if name in scores}

    def highlight(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Fields]:
        """See ``WordQuestion``."""
        return self._both.highlight(document_ids, timeout_seconds)

    def matching(self) -> Matching:
        """See ``WordQuestion``."""
        return self._both.matching()


class CorrectingQuestion:
    """A text for the lexical index with its synonyms, corrected if need be: from then on it is the
    corrected one that is scored, counted and highlighted, and ``correction`` says so.
    """

    def __init__(
        self,
        index: LexicalIndex,
        text: str,
        rewrite: Rewrite,
        scoring: LexicalScoring = DEFAULT,
        *,
        corrects: bool = True,
        within: Sequence[Filter] = (),
    ) -> None:
        """``within`` leaves the documents that there are for who asks."""
        self._index = index
        self._vocabulary: Vocabulary = Within(index, within) if within else index
        self._text = text
        self._rewrite = rewrite
        self._scoring = scoring
        self._corrects = corrects
        self._rewritten = rewrite(text)
        self._asked: LexicalQuestion | TypedFirst
        self._asked = LexicalQuestion(index, text, self._rewritten.variants, scoring)
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
        found = len(first) if len(first) < limit else FEW  # it is not all that there is
        proposal = proposed(self._vocabulary, self._text, found, covered, until)
        if proposal is None or (left := until - time.monotonic()) <= 0:
            return first
        rewritten = self._rewrite(proposal.correction.text)
        question = self._question(proposal, rewritten, first)
        second = question.retrieve(filters, limit, left)
        if time.monotonic() >= until or not _gains(first, second):
            return first
        self._asked, self._rewritten, self.correction = question, rewritten, proposal.correction
        return second

    def _question(
        self, proposal: Proposal, rewritten: Rewritten, first: Ranking
    ) -> LexicalQuestion | TypedFirst:
        text, variants = proposal.correction.text, rewritten.variants
        meant = LexicalQuestion(self._index, text, variants, self._scoring)
        if proposal.is_sure:
            return meant
        wordings = (*variants, self._text, *self._rewritten.variants)
        return TypedFirst(first, meant, LexicalQuestion(self._index, text, wordings))

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


def _gains(first: Ranking, second: Ranking) -> bool:
    """Whether anything is found by a word that was corrected: it is new, or scores higher."""
    before = first.scores()
    return any(
        hit.document_id not in before or hit.score > GAIN * before[hit.document_id]
        for hit in second.hits
    )


def proposed(
    held: Vocabulary, text: str, found: int, covered: Collection[str], until: float
) -> Proposal | None:
    """The text with its errors corrected, if there are any that can be: words of at least four
    letters that no document holds; or, where there are none and the text ``found`` hardly a
    document, that hardly one holds and another word far more of them. ``covered`` are folded words
    that are none, ``until`` is a moment of the monotonic clock.
    """
    known = held.words(text, timeout_seconds=max(0.0, until - time.monotonic()))
    suspects = [word for word in known if _may_be_wrong(text, word, covered)]
    unknown = [word for word in suspects if word.documents == 0]
    correction = _corrected(held, text, unknown, until)
    if correction is not None:
        return Proposal(correction, is_sure=True)
    rare = [word for word in suspects if 0 < word.documents < FEW]
    correction = _corrected(held, text, rare, until) if found < FEW else None
    return None if correction is None else Proposal(correction, is_sure=False)


def _corrected(
    held: Vocabulary, text: str, suspects: Sequence[TextWord], until: float
) -> Correction | None:
    """The text with those words replaced for which there is a better one."""
    pieces, replaced, place = [], {}, 0
    for word in suspects[:MOST_CORRECTED]:
        typed = text[word.start : word.end]
        meant = _meant(held, typed, word.documents, until)
        if meant is not None:
            pieces += [text[place : word.start], meant]
            place = word.end
            replaced[typed] = meant
    return Correction("".join([*pieces, text[place:]]), replaced) if replaced else None


def _meant(held: Vocabulary, typed: str, documents: int, until: float) -> str | None:
    """What is held by documents and may be meant by a word that so many hold; ``None`` also when
    the time is over.
    """
    if (left := until - time.monotonic()) <= 0:
        return None
    for meant in held.resembling(typed.lower(), limit=1, timeout_seconds=left):
        if documents == 0:
            return meant
        found = held.words(meant, timeout_seconds=max(0.0, until - time.monotonic()))
        if min((word.documents for word in found), default=0) >= CLEARLY_MORE * documents:
            return meant
    return None


def _may_be_wrong(text: str, word: TextWord, covered: Collection[str]) -> bool:
    typed = text[word.start : word.end]
    return edits_allowed(typed) > 0 and not any(part in covered for part in words(typed))
