"""What is known of the documents of a scene, all at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
import numpy.typing as npt

from rerank.facts import FRAGMENT_BITS, Facts, WordCodes, Words
from rerank.lookup import Ints
from rerank.records import Records
from rerank.shelf import (
    FRAGMENTS,
    KIND_COUNT,
    KINDS,
    LENGTHS,
    RECORD,
    RECORD_SIZE,
    VECTOR,
    WORDS,
    Kinds,
    Shelf,
    Values,
)
from tandem.protocols import FloatMatrix
from tandem.schema import Schema


@dataclass(frozen=True, eq=False)
class Laid:
    """The text fields of documents laid one after another, document by document: the codes of their
    words, and how many of them each field has, shape (documents, fields).
    """

    codes: WordCodes
    lengths: Ints

    @cached_property
    def ends(self) -> Ints:
        """Where each field ends, shape (documents x fields,)."""
        return np.cumsum(self.lengths)


class Known(Mapping[str, Facts]):
    """What is known of documents, in the order of ``document_ids``, one array a kind; as a mapping,
    the facts of those that are known.
    """

    def __init__(self, document_ids: Sequence[str], shelf: Shelf, rows: Ints) -> None:
        """``rows``: those of the documents on the shelf, 0 where one is not known."""
        self.document_ids = document_ids
        self._shelf = shelf
        self._rows = rows

    @classmethod
    def of(cls, document_ids: Sequence[str], facts: Mapping[str, Facts], schema: Schema) -> "Known":
        """Of documents as far as ``facts`` has them."""
        if isinstance(facts, Known):
            return facts.only(document_ids)
        shelf = Shelf(schema)
        for document_id in dict.fromkeys(document_ids):
            if document_id in facts:
                shelf.add(facts[document_id])
        return cls(document_ids, shelf, shelf.rows_of(document_ids))

    def only(self, document_ids: Sequence[str]) -> "Known":
        """Of some of them, in that order."""
        if document_ids == self.document_ids:
            return self
        places = self._places_by_id
        rows = [self._rows[places[name]] if name in places else 0 for name in document_ids]
        return Known(document_ids, self._shelf, np.array(rows, np.intp))

    def at(self, places: Ints) -> "Known":
        """Of those at some places."""
        ids = [self.document_ids[place] for place in places.tolist()]
        return Known(ids, self._shelf, self._rows[places])

    @cached_property
    def _places_by_id(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self.document_ids)}

    def __getitem__(self, document_id: str) -> Facts:
        place = self._places_by_id[document_id]
        if not self._rows[place]:
            raise KeyError(document_id)
        known = self.at(np.array([place]))
        held = {name: float(known.numbers(name)[0]) for name in self._shelf.schema.number_names}
        updated_at = float(known.updated_at[0])
        vectors, fragments = known.vectors[1], known.fragments(np.arange(FRAGMENT_BITS // 8))[1]
        return Facts(
            document_id,
            self._shelf.keywords[self._rows[place]],
            {name: value for name, value in held.items() if not isnan(value)},
            known._words_of_first(),
            None if isnan(updated_at) else updated_at,
            vectors[0] if len(vectors) else None,
            float(known.focus[0]),
            fragments[0] if len(fragments) else None,
        )

    def _words_of_first(self) -> Words:
        texts = np.split(self.words.codes, self.words.ends)
        named = zip(self._shelf.text_fields, texts, strict=False)
        return Words({name: text for name, text in named if len(text)})

    def __iter__(self) -> Iterator[str]:
        return (name for name, row in zip(self.document_ids, self._rows, strict=True) if row)

    def __len__(self) -> int:
        return int(np.count_nonzero(self._rows))

    @cached_property
    def is_known(self) -> npt.NDArray[np.bool_]:
        """Whether each is known."""
        return self._rows > 0

    @cached_property
    def _places(self) -> Ints:
        return self._shelf.places(self._rows)

    @cached_property
    def records(self) -> Records:
        """Their numbers and keywords."""
        return self._shelf.records(self._places[:, RECORD], self._places[:, RECORD_SIZE])

    def numbers(self, field: str) -> Values:
        """A field's numbers, NaN where there is none."""
        return self.records.number(field)

    @property
    def updated_at(self) -> Values:
        """When each was changed by its own word, in seconds since 1970; NaN where it says none."""
        return self._shelf.times(self._rows)

    @property
    def focus(self) -> Values:
        """The length of the mean of each one's passages; 1 where it is not known."""
        return self._shelf.focus(self._rows)

    @cached_property
    def vectors(self) -> tuple[Ints, FloatMatrix]:
        """Those that have a vector, by their places in order, and those vectors, float32 (documents
        with one, dimension).
        """
        rows = self._places[:, VECTOR]
        places = np.flatnonzero(rows >= 0)
        return places, self._shelf.vectors(rows[places])

    def fragments(self, columns: Ints) -> tuple[Ints, npt.NDArray[np.uint8]]:
        """Those whose fragments are known, by their places in order, and some of the bytes that
        these are packed in, (documents with them, columns).
        """
        rows = self._places[:, FRAGMENTS]
        places = np.flatnonzero(rows >= 0)
        return places, self._shelf.fragments(rows[places], columns)

    @cached_property
    def words(self) -> Laid:
        """Their words; none of what is not known."""
        lengths = self._places[:, LENGTHS:]
        return Laid(self._shelf.words(self._places[:, WORDS], lengths.sum(axis=1)), lengths)

    @cached_property
    def kinds(self) -> Kinds:
        """Their distinct words, of the first ``WORDS_COMPARED`` of each text field."""
        return self._shelf.kinds(self._places[:, KINDS], self._places[:, KIND_COUNT])
