"""Facts at hand, in bounded room: what was not asked for lately goes first.

They stand on two shelves. When the newer one is full it becomes the older one, whose documents are
then forgotten at once; what is asked for of the older one is put on the newer one. So does a newer
one of which more rows are nobody's, as their documents have changed, than there are documents on
either.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rerank.facts import Facts, Need, QueryWord
from rerank.known import Known
from rerank.shelf import Shelf, bytes_of
from tandem.schema import Schema

MOST_TEXTS = 1_000
"""How many queries' words are kept."""

MOST_GONE = 1_000
"""So many rows of a shelf may be nobody's in any case."""


class Entry(NamedTuple):
    """The facts of a document, and what of them was asked for when they were read."""

    facts: Facts
    needs: frozenset[Need]


class AtHand(NamedTuple):
    """What was found of what was asked for, and what was not. ``epoch`` changes whenever documents
    are forgotten.
    """

    known: Known
    missing: list[str]
    epoch: int


class FactsCache:
    """In at most ``capacity`` bytes, about. Thread-safe."""

    def __init__(self, schema: Schema, capacity: int) -> None:
        self._schema = schema
        self._room = capacity // 2
        self._newer, self._older = Shelf(schema), Shelf(schema)
        self._texts: OrderedDict[str, tuple[QueryWord, ...]] = OrderedDict()
        self._epoch = 0
        self._lock = threading.Lock()

    @property
    def bytes_held(self) -> int:
        """About how much room the facts take."""
        return self._newer.bytes_held + self._older.bytes_held

    def find(self, document_ids: Sequence[str], needs: frozenset[Need]) -> AtHand:
        """The facts that hold all of what is needed."""
        with self._lock:
            shelf, epoch = self._newer, self._epoch
            rows = shelf.rows_of(document_ids, needs)
            if rows.all():
                return AtHand(Known(document_ids, shelf, rows), [], epoch)
            known = Known(document_ids, shelf, rows)
            lacking = [*dict.fromkeys(name for name in document_ids if name not in known)]
            older = Known(lacking, self._older, self._older.rows_of(lacking, needs))
            if not older:
                return AtHand(known, lacking, epoch)
            found = [Entry(facts, self._older.needs_of(name)) for name, facts in older.items()]
            for entry in found:
                self._add(entry)
            known = Known.of(document_ids, {**known, **older}, self._schema)
            return AtHand(known, [name for name in lacking if name not in older], epoch)

    def keep(self, entries: Iterable[Entry], epoch: int) -> None:
        """Keep what was read since ``epoch``, unless documents were forgotten meanwhile."""
        with self._lock:
            if epoch == self._epoch:
                for entry in entries:
                    self._add(entry)

    def query_words(self, text: str) -> tuple[int, tuple[QueryWord, ...] | None]:
        """The epoch, and the words of a text if they are known."""
        with self._lock:
            words = self._texts.get(text)
            if words is not None:
                self._texts.move_to_end(text)
            return self._epoch, words

    def keep_query_words(self, text: str, words: tuple[QueryWord, ...], epoch: int) -> None:
        """As ``keep``."""
        with self._lock:
            if epoch == self._epoch:
                self._texts[text] = words
                if len(self._texts) > MOST_TEXTS:
                    self._texts.popitem(last=False)

    def forget(self, document_ids: Iterable[str]) -> None:
        """Know nothing of these documents, nor how many documents hold a word."""
        with self._lock:
            self._epoch += 1
            self._texts.clear()
            for document_id in document_ids:
                self._newer.rows.pop(document_id, None)
                self._older.rows.pop(document_id, None)
            if self._newer.gone > max(len(self._newer.rows), len(self._older.rows), MOST_GONE):
                self._begin_shelf()
            if not self._newer.rows:
                self._newer = Shelf(self._schema)
            if not self._older.rows:
                self._older = Shelf(self._schema)

    def _add(self, entry: Entry) -> None:
        size = bytes_of(entry.facts)
        if self._newer.bytes_held + size > self._room:
            self._begin_shelf()
        if size <= self._room:
            self._newer.add(entry.facts, entry.needs)

    def _begin_shelf(self) -> None:
        self._older, self._newer = self._newer, Shelf(self._schema)
