"""Facts of many documents as arrays, a row each, so that signals look at all of them at once.

A shelf is only added to, and what stands in it stays as it is: who reads needs no lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.facts import FRAGMENT_BITS, Facts, Need, WordCodes, Words
from rerank.lookup import Ints
from rerank.records import Codes, Records, record_of
from tandem.protocols import FloatMatrix, FloatVector
from tandem.schema import Schema

Values = npt.NDArray[np.float64]

ENTRY_BYTES = 600
"""What a document takes beside its arrays and keywords: its id, its places, a mapping."""

VALUE_BYTES = 100
"""What a keyword takes."""

WORDS_COMPARED = 300
"""So many words of each text field are compared with those of other documents."""

FIRST_ROWS = 64

BITS: Final[Mapping[Need, int]] = {"words": 1, "vectors": 2}
NEEDS, VECTOR, FRAGMENTS, WORDS, KINDS, KIND_COUNT, RECORD, RECORD_SIZE, LENGTHS = range(9)
"""Columns of a row's places: what of it was asked for, its row among the vectors and the fragments,
-1 for none, where its words and its distinct words begin, how many those are, where its record
begins and how long that is, and from here on how many words each text field has.
"""


class Kinds(NamedTuple):
    """The distinct words of documents, document by document: their codes, rising within each, what
    they are worth in it, (1 + ln count) / sqrt(words), and how many each has, shape (documents,).
    """

    codes: WordCodes
    worths: npt.NDArray[np.float32]
    counts: Ints


class _Table:
    """An array with room at its end."""

    def __init__(self, kind: npt.DTypeLike, *shape: int) -> None:
        self.array: npt.NDArray[Any] = np.empty((FIRST_ROWS, *shape), kind)
        self.count = 0

    def append(self, rows: npt.ArrayLike) -> int:
        """Add rows; the place of the first of them."""
        added = np.asarray(rows)
        begin, end = self.count, self.count + len(added)
        if end > len(self.array):
            grown = np.empty((max(2 * begin, end), *self.array.shape[1:]), self.array.dtype)
            grown[:begin] = self.array[:begin]
            self.array = grown
        self.array[begin:end] = added
        self.count = end
        return begin


class Shelf:
    """Documents of one schema by row; row 0 is what is not known. Many may read while one adds."""

    def __init__(self, schema: Schema) -> None:
        self.bytes_held = 0
        self.rows: dict[str, int] = {}
        self.schema = schema
        self.text_fields = tuple(field.name for field in schema.text_fields)
        self.keywords: list[Mapping[str, tuple[str, ...]]] = [{}]
        self._times = _Table(np.float64)
        self._times.append([np.nan])
        self._focus = _Table(np.float64)
        self._focus.append([1.0])
        self._records = _Table(np.uint64)
        nothing = _record({}, {}, schema)
        self._records.append(nothing)
        self._places = _Table(np.intp, LENGTHS + len(self.text_fields))
        no_words = repeat(0, len(self.text_fields))
        self._places.append([[0, -1, -1, 0, 0, 0, 0, len(nothing), *no_words]])
        self._words = _Table(np.uint32)
        self._kinds = _Table(np.uint32)
        self._worths = _Table(np.float32)
        self._fragments = _Table(np.uint8, FRAGMENT_BITS // 8)
        self._vectors: _Table | None = None

    @property
    def gone(self) -> int:
        """How many rows are nobody's any more: their documents have changed, or more was read."""
        return self._places.count - 1 - len(self.rows)

    def add(self, facts: Facts, needs: Iterable[Need] = ()) -> None:
        """Put a document's facts on it, of which that much was read."""
        read = sum(BITS[need] for need in needs)
        codes, worths = _kinds(facts.words)
        record = _record(facts.keywords, facts.numbers, self.schema)
        self._times.append([np.nan if facts.updated_at is None else facts.updated_at])
        self._focus.append([facts.focus])
        self._worths.append(worths)
        places = [
            read,
            -1 if facts.vector is None else self._vectors_like(facts.vector).append([facts.vector]),
            -1 if facts.fragments is None else self._fragments.append([facts.fragments]),
            self._words.append(facts.words.whole),
            self._kinds.append(codes),
            len(codes),
            self._records.append(record),
            len(record),
            *facts.words.counts(self.text_fields),
        ]
        self.keywords.append(facts.keywords)
        # whoever reads finds a row by its id: that comes last
        self.rows[facts.document_id] = self._places.append([places])
        self.bytes_held += bytes_of(facts)

    def _vectors_like(self, vector: FloatVector) -> _Table:
        if self._vectors is None:
            self._vectors = _Table(np.float32, len(vector))
        return self._vectors

    def rows_of(self, document_ids: Sequence[str], needs: Iterable[Need] = ()) -> Ints:
        """The rows of documents; 0 where one is not there, or less of it was read."""
        places = map(self.rows.get, document_ids, repeat(0))
        rows = np.fromiter(places, np.intp, len(document_ids))
        wanted = sum(BITS[need] for need in needs)
        if wanted:
            rows[self._places.array[rows, NEEDS] & wanted != wanted] = 0
        return rows

    def needs_of(self, document_id: str) -> frozenset[Need]:
        """What was read of a document that is there."""
        read = int(self._places.array[self.rows[document_id], NEEDS])
        return frozenset(need for need, bit in BITS.items() if read & bit)

    def places(self, rows: Ints) -> Ints:
        """Where what belongs to rows stands."""
        found: Ints = self._places.array.take(rows, axis=0)
        return found

    def times(self, rows: Ints) -> Values:
        """When the documents of rows were changed."""
        found: Values = self._times.array.take(rows)
        return found

    def focus(self, rows: Ints) -> Values:
        """The focus of the documents of rows."""
        found: Values = self._focus.array.take(rows)
        return found

    def records(self, begins: Ints, sizes: Ints) -> Records:
        """Records that stand there."""
        return Records(self._records.array.take(_spans(begins, sizes)), sizes, self.schema)

    def words(self, begins: Ints, lengths: Ints) -> WordCodes:
        """Words that stand there."""
        found: WordCodes = self._words.array.take(_spans(begins, lengths))
        return found

    def kinds(self, begins: Ints, counts: Ints) -> Kinds:
        """Distinct words that stand there."""
        spans = _spans(begins, counts)
        return Kinds(self._kinds.array.take(spans), self._worths.array.take(spans), counts)

    def vectors(self, rows: Ints) -> FloatMatrix:
        """Those vectors, float32 (rows, dimension)."""
        if self._vectors is None:
            return np.empty((0, 0), np.float32)
        found: FloatMatrix = self._vectors.array.take(rows, axis=0)
        return found

    def fragments(self, rows: Ints, columns: Ints) -> npt.NDArray[np.uint8]:
        """Those bytes of fragments, (rows, columns)."""
        found: npt.NDArray[np.uint8] = self._fragments.array[rows[:, np.newaxis], columns]
        return found


def bytes_of(facts: Facts) -> int:
    """About how much room facts take."""
    keywords = sum(1 + len(values) for values in facts.keywords.values())
    words = sum(3 * len(codes) * codes.itemsize for codes in facts.words.values())
    vector = 0 if facts.vector is None else facts.vector.nbytes
    fragments = 0 if facts.fragments is None else facts.fragments.nbytes
    return ENTRY_BYTES + VALUE_BYTES * keywords + words + vector + fragments


def _record(
    keywords: Mapping[str, tuple[str, ...]], numbers: Mapping[str, float], schema: Schema
) -> Codes:
    return np.frombuffer(record_of(keywords, numbers, schema), dtype=np.uint64)


def _kinds(words: Words) -> tuple[WordCodes, Values]:
    compared = [codes[:WORDS_COMPARED] for codes in words.values()]
    if not compared:
        return words.whole, np.empty(0)
    together = np.concatenate(compared)
    codes, counts = np.unique(together, return_counts=True)
    return codes, (1.0 + np.log(counts)) / np.sqrt(max(len(together), 1))


def _spans(begins: Ints, lengths: Ints) -> Ints:
    """The places of pieces of an array, one piece after another."""
    ends = np.cumsum(lengths)
    places = np.repeat(begins - ends + lengths, lengths)
    places += np.arange(len(places))
    return places
