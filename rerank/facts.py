"""What signals know of a document: its content, read once and kept ready."""

import zlib
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tandem.protocols import FloatVector

WordCodes = npt.NDArray[np.uint32]
"""A text's words in order, each as its ``code``: an eighth of the room that words take."""

Need = Literal["words", "vectors"]
"""What of a document is read only where somebody needs it."""

EVERYTHING: Final[frozenset[Need]] = frozenset({"words", "vectors"})

Fragments = npt.NDArray[np.uint8]
"""Which fragments a document's words hold, a bit for each ``fragment``: 2,048 bytes."""

FRAGMENT_LETTERS = 3
FRAGMENT_BITS = 1 << 14
"""Few enough to keep; a document of 150 words sets some 3 % of them."""


def code(word: str) -> int:
    """A number that stands for an analysed word, the same everywhere and always. Two words share
    one in 4 thousand million cases.
    """
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def coded(words: Iterable[str]) -> WordCodes:
    """Words as their codes, in order."""
    return np.array([code(word) for word in words], dtype=np.uint32)


@lru_cache(maxsize=10_000)
def fragments(word: str) -> bytes:
    """Where the bits of a word's fragments are, as uint16: every three letters on end, with a mark
    before the first one and after the last one. Two fragments may share a bit.
    """
    marked = f"_{word}_"
    last = max(1, len(marked) - FRAGMENT_LETTERS + 1)
    places = [code(marked[at : at + FRAGMENT_LETTERS]) % FRAGMENT_BITS for at in range(last)]
    return np.array(places, dtype=np.uint16).tobytes()


def fragment_bits(words: Iterable[bytes]) -> Fragments:
    """The bits of the ``fragments`` of several words."""
    is_held = np.zeros(FRAGMENT_BITS, dtype=np.bool_)
    is_held[np.frombuffer(b"".join(words), dtype=np.uint16)] = True
    return np.packbits(is_held)


class Words(dict[str, WordCodes]):
    """Field -> the codes of its words, in order; fields in the schema's order. All lie in one
    array, ``whole``, one field after another, so that many documents' are soon put together.
    """

    def __init__(self, fields: Mapping[str, WordCodes]) -> None:
        self.names = tuple(fields)
        self.lengths = tuple(map(len, fields.values()))
        self.whole: WordCodes = (
            np.concatenate([*fields.values()]) if fields else np.empty(0, dtype=np.uint32)
        )
        ends = np.cumsum(self.lengths)
        super().__init__(
            zip(self.names, np.split(self.whole, ends[:-1]), strict=True) if fields else ()
        )

    def counts(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """How many words fields of these names have; the schema's, in its order."""
        if names == self.names:
            return self.lengths
        return tuple([len(self.get(name, ())) for name in names])


NO_WORDS = Words({})


class Facts(NamedTuple):
    """A document of one generation. ``keywords``, ``numbers`` and ``words`` map the schema's fields
    to what the document has of them; a field that it lacks is left out.

    ``numbers`` holds integers, floats and booleans, and times as seconds since 1970. ``words`` are
    the codes of a text field's words in order, as the generation's analysis leaves them, ``title``
    and ``body`` among them. ``vector`` has length 1: the mean direction of its passages; ``None``
    where the vector index does not hold it. ``focus`` is the length of the passages' mean, 1 where
    all point in one direction. ``fragments`` are those of all text fields. ``updated_at`` is in
    seconds since 1970. ``words``, ``fragments`` and ``vector`` are there only where they were asked
    for.
    """

    document_id: str
    keywords: Mapping[str, tuple[str, ...]] = {}
    numbers: Mapping[str, float] = {}
    words: Words = NO_WORDS
    updated_at: float | None = None
    vector: FloatVector | None = None
    focus: float = 1.0
    fragments: Fragments | None = None


class QueryWord(NamedTuple):
    """A searchable word of the query, as the analysis leaves it. ``weight`` is its inverse document
    frequency, ln(1 + (N - n + 0.5) / (n + 0.5)) of N documents and n that hold it; 0 or more.
    """

    word: str
    weight: float


class FactsSource(Protocol):
    """Where facts come from. Thread-safe; what was read lately is at hand."""

    def of(
        self,
        document_ids: Collection[str],
        timeout_seconds: float,
        needs: Collection[Need] = EVERYTHING,
    ) -> Mapping[str, Facts]:
        """The facts of documents; those that are unknown are left out.

        Raises:
            EngineUnavailable: no answer within ``timeout_seconds``.
        """
        ...

    def words(self, text: str, timeout_seconds: float) -> tuple[QueryWord, ...]:
        """The searchable words of a text, in order.

        Raises:
            EngineUnavailable: no answer within ``timeout_seconds``.
        """
        ...

    def vector(self, text: str) -> FloatVector | None:
        """The vector of a query's text, if this very text was searched for by meaning just now:
        nothing is embedded for it.
        """
        ...
