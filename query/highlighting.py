"""What the hits of a page show of themselves: their matches, else their nearest passage."""

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Final

from query.configurations import LEXICAL, VECTOR
from query.legs import Questions
from query.questions import Fields
from query.retrieval import Deadline, LegPools
from tandem.documents import Document
from tandem.rankings import Degradation, Highlight

HIGHLIGHTS: Final = "highlights"
"""What a reply lacks where they did not come in time."""

PASSAGE_CHARACTERS = 300
"""How much of a passage is shown at most."""

Missing = tuple[Degradation, ...]


class Highlighter:
    """Asks the legs of one query, under its deadline. What is late here is not held against them:
    they have answered before.
    """

    def __init__(self, questions: Questions, pools: LegPools, deadline: Deadline) -> None:
        self._questions = questions
        self._pools = pools
        self._deadline = deadline

    def highlights(
        self, documents: Mapping[str, Document]
    ) -> tuple[Mapping[str, Highlight], Missing]:
        """The highlights of given documents; one that has nothing to show is left out."""
        if not documents:
            return {}, ()
        marked, missing = self._marked(documents)
        if missing:
            return {}, missing  # whose body holds no match is not known
        unmarked = [
            document
            for document in documents.values()
            if document.body.strip() and "body" not in marked.get(document.document_id, {})
        ]
        passages, missing = self._passages(unmarked)
        return {
            document_id: _highlight(marked.get(document_id, {}), passages.get(document_id))
            for document_id in documents
            if document_id in marked or document_id in passages
        }, missing

    def _marked(self, documents: Mapping[str, Document]) -> tuple[Mapping[str, Fields], Missing]:
        question = self._questions.lexical
        if question is None:
            return {}, ()
        seconds = self._deadline.remaining_seconds()
        call = partial(question.highlight, tuple(documents), seconds)
        answers = self._pools.ask({LEXICAL: call}, self._deadline, is_counted=False)
        return answers.by_leg.get(LEXICAL, {}), _renamed(answers.degraded)

    def _passages(self, documents: Sequence[Document]) -> tuple[Mapping[str, str], Missing]:
        question = self._questions.vector
        if question is None or not documents:
            return {}, ()
        call = partial(question.passages, documents)
        answers = self._pools.ask({VECTOR: call}, self._deadline, is_counted=False)
        found = answers.by_leg.get(VECTOR, {})
        return {name: text for name, text in found.items() if text.strip()}, _renamed(
            answers.degraded
        )


def _renamed(degraded: Missing) -> Missing:
    return tuple(Degradation(HIGHLIGHTS, part.reason) for part in degraded)


def _highlight(marked: Fields, passage: str | None) -> Highlight:
    if passage is None:
        return Highlight(marked.get("title"), marked.get("body"))
    return Highlight(marked.get("title"), escape(shortened(passage)), is_passage=True)


def shortened(passage: str) -> str:
    """The passage's beginning, cut between words unless the first one is too long by itself."""
    text = passage.strip()
    if len(text) <= PASSAGE_CHARACTERS:
        return text
    cut = text[: PASSAGE_CHARACTERS + 1]
    words = cut.rsplit(None, 1)
    return words[0] if len(words) > 1 else cut[:PASSAGE_CHARACTERS]
