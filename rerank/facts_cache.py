"""Facts at hand, in bounded room: what was not asked for longest goes first."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from rerank.facts import Facts, Need, QueryWord

ENTRY_BYTES = 1_500
"""What an entry takes beside words, vector and texts: objects, mappings, the id."""

VALUE_BYTES = 100
"""What a keyword or a number takes in its mapping."""

MOST_TEXTS = 1_000
"""How many queries' words are kept."""


class Entry(NamedTuple):
    """The facts of a document, and what of them was asked for when they were read."""

    facts: Facts
    needs: frozenset[Need]


class AtHand(NamedTuple):
    """What was found of what was asked for. ``epoch`` changes whenever documents are forgotten."""

    facts: dict[str, Facts]
    missing: list[str]
    epoch: int


@dataclass
class FactsCache:
    """In at most ``capacity`` bytes, about. Thread-safe."""

    capacity: int
    bytes_held: int = field(default=0, init=False)
    _entries: OrderedDict[str, Entry] = field(default_factory=OrderedDict, init=False)
    _texts: OrderedDict[str, tuple[QueryWord, ...]] = field(default_factory=OrderedDict, init=False)
    _epoch: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def find(self, document_ids: Collection[str], needs: frozenset[Need]) -> AtHand:
        """The facts that hold all of what is needed."""
        facts: dict[str, Facts] = {}
        missing: list[str] = []
        with self._lock:
            entries = self._entries
            for document_id in dict.fromkeys(document_ids):
                entry = entries.get(document_id)
                if entry is None or not needs <= entry.needs:
                    missing.append(document_id)
                else:
                    entries.move_to_end(document_id)
                    facts[document_id] = entry.facts
            return AtHand(facts, missing, self._epoch)

    def keep(self, entries: Iterable[Entry], epoch: int) -> None:
        """Keep what was read since ``epoch``, unless documents were forgotten meanwhile."""
        with self._lock:
            if epoch != self._epoch:
                return
            for entry in entries:
                self._drop(entry.facts.document_id)
                self._entries[entry.facts.document_id] = entry
                self.bytes_held += bytes_of(entry.facts)
            while self.bytes_held > self.capacity:
                self._drop(next(iter(self._entries)))

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

    def forget(self, document_ids: Collection[str]) -> None:
        """Know nothing of these documents, nor how many documents hold a word."""
        with self._lock:
            self._epoch += 1
            self._texts.clear()
            for document_id in document_ids:
                self._drop(document_id)

    def _drop(self, document_id: str) -> None:
        entry = self._entries.pop(document_id, None)
        if entry is not None:
            self.bytes_held -= bytes_of(entry.facts)


def bytes_of(facts: Facts) -> int:
    """About how much room facts take."""
    values = len(facts.numbers) + sum(1 + len(values) for values in facts.keywords.values())
    arrays = facts.words.whole.nbytes + VALUE_BYTES * len(facts.words)
    vector = 0 if facts.vector is None else facts.vector.nbytes
    fragments = 0 if facts.fragments is None else facts.fragments.nbytes
    record = 0 if facts.record is None else len(facts.record)
    return ENTRY_BYTES + VALUE_BYTES * values + arrays + vector + fragments + record
