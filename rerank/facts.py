"""What signals know of a document: its content, read once and kept ready."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from tandem.protocols import FloatVector


class Facts(NamedTuple):
    """A document of one generation. ``keywords``, ``numbers`` and ``words`` map the schema's fields
    to what the document has of them; a field that it lacks is left out.

    ``numbers`` holds integers, floats and booleans, and times as seconds since 1970. ``words`` are
    a text field's words in order, as the generation's analysis leaves them, ``title`` and ``body``
    among them. ``vector`` has length 1: the mean direction of its passages; ``None`` where the
    vector index does not hold it. ``updated_at`` is in seconds since 1970.
    """

    document_id: str
    keywords: Mapping[str, tuple[str, ...]] = {}
    numbers: Mapping[str, float] = {}
    words: Mapping[str, tuple[str, ...]] = {}
    updated_at: float | None = None
    vector: FloatVector | None = None


class QueryWord(NamedTuple):
    """A searchable word of the query, as the analysis leaves it. ``weight`` is its inverse document
    frequency, ln(1 + (N - n + 0.5) / (n + 0.5)) of N documents and n that hold it; 0 or more.
    """

    word: str
    weight: float


class FactsSource(Protocol):
    """Where facts come from. Thread-safe; what was read lately is at hand."""

    def of(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, Facts]:
        """The facts of documents; those that are unknown, or do not come in time, are left out."""
        ...

    def words(self, text: str, timeout_seconds: float) -> tuple[QueryWord, ...]:
        """The searchable words of a text, in order."""
        ...
