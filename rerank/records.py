"""A document's fields as bytes, made once when it is read: many documents' are put together in one
step, where looking into the mappings of each would take longer than all that is computed of them.

A record holds the numbers of a schema's fields as float64, NaN for none; then how many values it
has of each keyword field, int64; then the ``value_code`` of each value, uint64.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b
from itertools import repeat, starmap

import numpy as np
import numpy.typing as npt

from rerank.lookup import Ints
from tandem.schema import Schema

Codes = npt.NDArray[np.uint64]
Column = npt.NDArray[np.float64]

ITEM_BYTES = 8

CODES_AT_HAND = 100_000
"""So many values' codes are remembered, some 20 MB: those that many documents share are."""


@lru_cache(CODES_AT_HAND)
def value_code(field: str, value: str) -> bytes:
    """Eight bytes that stand for a keyword of a field, the same everywhere and always. Of a million
    values two share one in 37 million cases.
    """
    named = f"{field} {value}"
    return blake2b(named.encode("utf-8", "surrogatepass"), digest_size=ITEM_BYTES).digest()


def codes_of(field: str, values: Iterable[str]) -> Codes:
    """The codes of a field's values, in order."""
    return np.frombuffer(_coded(field, values), dtype=np.uint64)


def _coded(field: str, values: Iterable[str]) -> bytes:
    return b"".join(map(value_code, repeat(field), values))


def record_of(
    keywords: Mapping[str, Sequence[str]], numbers: Mapping[str, float], schema: Schema
) -> bytes:
    """The record of a document that has these values; a field that it lacks is left out of them."""
    held = [(name, keywords.get(name, ())) for name in schema.keyword_names]
    counts = np.array([len(values) for _, values in held], dtype=np.int64)
    known = np.fromiter(map(numbers.get, schema.number_names, repeat(np.nan)), np.float64)
    return b"".join([known.tobytes(), counts.tobytes(), *starmap(_coded, held)])


class Records:
    """The records of several documents."""

    def __init__(self, whole: Codes, lengths: Ints, schema: Schema) -> None:
        """``whole``: one record after another, each of so many items."""
        self._schema = schema
        self._whole = whole
        fields = len(schema.number_names) + len(schema.keyword_names)
        starts = np.cumsum(lengths) - lengths
        self._heads: Ints = starts[:, np.newaxis] + np.arange(fields)

    def __len__(self) -> int:
        return len(self._heads)

    def number(self, field: str) -> Column:
        """A field's numbers, NaN where there is none."""
        column = self._schema.number_names.index(field)
        return self._whole[self._heads[:, column]].view(np.float64)

    @cached_property
    def counts(self) -> Ints:
        """How many values each document has of each keyword field, (documents, fields)."""
        return self._whole[self._heads[:, len(self._schema.number_names) :]].view(np.int64)

    @cached_property
    def codes(self) -> Codes:
        """The codes of all values, one document after another, and in it one field after another.
        Those of two fields are never the same.
        """
        is_code = np.ones(len(self._whole), np.bool_)
        is_code[self._heads] = False
        return self._whole[is_code]

    @cached_property
    def cells(self) -> Ints:
        """To which document and field each code belongs: a place in ``counts``, laid flat."""
        counts = self.counts.ravel()
        return np.repeat(np.arange(len(counts)), counts)
