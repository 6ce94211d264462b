"""The seam of a lexical index, and what it is asked and answers besides rankings."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from tandem.documents import Change, Document
from tandem.filters import Filter
from tandem.protocols import Refusal
from tandem.queries import Sort
from tandem.rankings import Ranking
from tandem.scoring import DEFAULT, LexicalScoring


class Matching(NamedTuple):
    """A set of documents: those that match any word of ``text`` or of a variant, and those of
    ``also``, but none of ``without``. A ``text`` of ``None`` stands for no document, a blank one
    for every document; one without a searchable word matches nothing.
    """

    text: str | None
    variants: Sequence[str] = ()
    also: Collection[str] = ()
    without: Collection[str] = ()


class Tally(NamedTuple):
    """How many documents a set has, and field -> value -> how many of them have it."""

    total: int
    facets: Mapping[str, Mapping[str, int]]


class TextWord(NamedTuple):
    """A searchable word of a text: where it stands, in characters, and how many documents of the
    index hold it, whatever the form in which they do.
    """

    start: int
    end: int
    documents: int


class Place(NamedTuple):
    """Where a document stands in a sorted list. ``value`` is the sort field's, times as
    microseconds since 1970; ``None`` where the document has none, or nothing is sorted by.
    """

    value: int | float | None
    document_id: str


class LexicalIndex(Protocol):
    """One generation of a lexical index."""

    def search(
        self,
        text: str,
        *,
        variants: Sequence[str] = (),
        filters: Sequence[Filter] = (),
        scoring: LexicalScoring = DEFAULT,
        limit: int,
        timeout_seconds: float,
    ) -> Ranking:
        """The best ``limit`` documents that match any word, named ``lexical``.

        ``variants`` are other wordings of the text, such as synonyms make: a document's score is
        its best over the text and all of them. A text without a searchable word matches nothing.
        ``scoring`` changes scores, never what matches; a weight of a field that is no text field of
        the index counts for nothing.

        Raises:
            EngineUnavailable: no answer within ``timeout_seconds``.
        """
        ...

    def score(
        self,
        text: str,
        document_ids: Collection[str],
        *,
        variants: Sequence[str] = (),
        scoring: LexicalScoring = DEFAULT,
        timeout_seconds: float,
    ) -> Mapping[str, float]:
        """The scores that ``search`` would give; a document that does not match is left out."""
        ...

    def documents(
        self, document_ids: Collection[str], *, timeout_seconds: float = 10.0
    ) -> Mapping[str, Document]:
        """Documents as indexed; unknown ids are left out.

        Raises:
            EngineUnavailable: no answer within ``timeout_seconds``.
        """
        ...

    def suggest(
        self, prefix: str, *, filters: Sequence[Filter] = (), limit: int, timeout_seconds: float
    ) -> Sequence[str]:
        """The best ``limit`` distinct titles that hold every word of ``prefix``, the last one
        perhaps unfinished, as single-spaced text; ``tandem.suggestions`` has the rules and the
        order. A prefix without a word gives none.

        Where fewer than ``limit`` do, titles follow in which a word of four letters or more is
        spelt with one letter's difference.
        """
        ...

    def highlight(
        self,
        text: str,
        document_ids: Collection[str],
        *,
        variants: Sequence[str] = (),
        timeout_seconds: float,
    ) -> Mapping[str, Mapping[str, str]]:
        """document_id -> ``title`` or ``body`` -> HTML, escaped, matches inside ``<mark>``.

        A title is whole, of a body the best piece of about 200 characters is given; a field without
        a match is left out, and so is a document without one.
        """
        ...

    def tally(
        self,
        matching: Matching,
        *,
        filters: Sequence[Filter] = (),
        fields: Sequence[str] = (),
        limit: int = 100,
        timeout_seconds: float,
    ) -> Tally:
        """How many documents match under the filters, and per field how many of them have each
        value: the ``limit`` most frequent values, equal ones by value.

        ``fields`` are keyword, boolean or integer fields of the schema, each of them is in the
        answer; a value is told as text, booleans as ``true`` and ``false``, and ordered as what it
        is. A value counts once a document.

        Raises:
            FieldError: an unknown field, or one of a type that has no values to count.
        """
        ...

    def browse(
        self,
        sort: Sort,
        *,
        filters: Sequence[Filter] = (),
        after: Place | None = None,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[Place]:
        """The next ``limit`` documents under the filters after a place, in the order of the sort;
        equal values stand by document_id, and documents without a value come last, whichever the
        direction.

        Raises:
            FieldError: the sort names no integer, float or datetime field of the schema.
        """
        ...

    def words(
        self, text: str, *, filters: Sequence[Filter] = (), timeout_seconds: float
    ) -> Sequence[TextWord]:
        """The searchable words of a text, in order, each with how many documents hold it."""
        ...

    def resembling(
        self, word: str, *, filters: Sequence[Filter] = (), limit: int, timeout_seconds: float
    ) -> Sequence[str]:
        """Words that documents hold and that differ from ``word`` by a typing error
        (``tandem.spelling``), as they are written in documents but in lower case; the nearest
        first, then those of more documents, at most ``limit``. The word itself is none of them.
        """
        ...

    def apply(self, changes: Sequence[Change]) -> Sequence[Refusal]:
        """Upserts and deletes in order of sequence; idempotent; durable on return.

        Returns the documents refused for good; everything else is applied. A change never replaces
        one of a higher sequence, as far as the engine can tell.

        Raises:
            EngineError: nothing of the batch may be relied on; apply it again.
        """
        ...

    def forget(self, document_ids: Collection[str]) -> None:
        """Take documents out, durably, whatever their version; any may be applied next."""
        ...

    def refresh(self) -> None:
        """Everything applied so far is searchable on return."""
        ...

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[tuple[str, int]]:
        """(document_id, sequence) of everything held whose sequence is in ``first`` to ``last``,
        both included, in no order; ``None`` has no end. Reads in pages.
        """
        ...

    def versions_of(self, document_ids: Collection[str]) -> Sequence[tuple[str, int]]:
        """The same of given documents; unknown ids are left out."""
        ...

    def count(self) -> int:
        """How many documents are held."""
        ...

    def close(self) -> None:
        """Release files and locks."""
        ...
