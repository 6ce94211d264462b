"""Facts of a generation's documents: read from its indexes, analysed, and kept while there is room.

Nothing is waited for under a lock. What comes too late for who asked is kept for the next one. What
is read while documents are forgotten is not kept: it may be older than the change that had them
forgotten.
"""

import math
import string
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from rerank.facts import (
    EVERYTHING,
    NO_WORDS,
    Facts,
    Fragments,
    Need,
    QueryWord,
    WordCodes,
    Words,
    code,
    fragment_bits,
    fragments,
)
from rerank.facts_cache import AtHand, Entry, FactsCache
from rerank.known import Known
from tandem.documents import Document
from tandem.errors import FieldError
from tandem.fields import TypedValue, typed_value
from tandem.lexical import TextWord
from tandem.protocols import FloatMatrix, FloatVector
from tandem.schema import Schema
from tandem.telemetry import UNMETERED, Meter

MEGABYTES = 128
"""Room for facts: some 18,000 documents of 200 words with vectors of 384 numbers."""

MOST_WORDS = 2_000
"""How much of a text is looked at, from its beginning."""

MOST_RUNS = 100_000
"""How many runs are remembered, some 30 MB; a language's frequent ones are among the first."""

LONGEST_RUN = 40
"""Characters of a run that is remembered: longer ones hardly recur."""

_BREAKS = str.maketrans(dict.fromkeys(string.punctuation.replace("'", ""), " "))

LATE_SECONDS = 2.0
"""How long documents may take that whoever asked for them does not wait for any more."""

Analyse = Callable[[str], Sequence[str]]
"""The searchable words of a text, in order."""

Read = Callable[[], "list[Entry]"]
"""Reads documents, and keeps what it has read."""


def at_once(read: Read, seconds: float) -> "list[Entry]":  # noqa: ARG001 - no waiting
    """See ``Reading.in_time``."""
    return read()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a generation's indexes are read; the last argument of a call is its time in seconds.

    ``words`` and ``count`` are ``LexicalIndex``'s, ``analyse`` is the analysis of the generation.
    ``vector`` gives the vector of a text that was just searched for, and waits for nothing.
    ``in_time`` gives what a call does, or raises ``EngineUnavailable`` after so many seconds; the
    call goes on to its end then.
    """

    documents: Callable[[Collection[str], float], Mapping[str, Document]]
    vectors: Callable[[Collection[str]], Mapping[str, FloatMatrix]]
    words: Callable[[str, float], Sequence[TextWord]]
    count: Callable[[], int]
    analyse: Analyse
    vector: Callable[[str], FloatVector | None] = lambda _: None
    in_time: Callable[[Read, float], list[Entry]] = at_once


class DocumentFacts:
    """A ``FactsSource`` over one generation, in at most so many megabytes. Thread-safe."""

    def __init__(
        self,
        schema: Schema,
        reading: Reading,
        megabytes: float = MEGABYTES,
        meter: Meter = UNMETERED,
    ) -> None:
        self._schema = schema
        self._meter = meter
        self._reading = reading
        self._codes = WordCoder(reading.analyse)
        self._cache = FactsCache(schema, round(1_000_000 * megabytes))

    def of(
        self,
        document_ids: Collection[str],
        timeout_seconds: float,
        needs: Collection[Need] = EVERYTHING,
    ) -> Known:
        """See ``FactsSource``."""
        ids, wanted = tuple(dict.fromkeys(document_ids)), frozenset(needs)
        at_hand = self._cache.find(ids, wanted)
        self._meter.cache("facts", len(ids) - len(at_hand.missing), len(at_hand.missing))
        if not at_hand.missing:
            return at_hand.known
        seconds = max(timeout_seconds, LATE_SECONDS)
        read = partial(self._read, at_hand, wanted, seconds)
        found = {
            entry.facts.document_id: entry.facts
            for entry in self._reading.in_time(read, timeout_seconds)
        }
        kept = self._cache.find(ids, wanted)
        if {*kept.missing} <= {*at_hand.missing} - found.keys():
            return kept.known
        # there is no room for them, or some were forgotten meanwhile
        return Known.of(ids, {**at_hand.known, **found}, self._schema)

    def words(self, text: str, timeout_seconds: float) -> tuple[QueryWord, ...]:
        """See ``FactsSource``."""
        if not text.strip():
            return ()
        epoch, known = self._cache.query_words(text)
        if known is None:
            spans = self._reading.words(text, timeout_seconds)
            count = self._reading.count() if spans else 0
            known = tuple(
                QueryWord(word, inverse_frequency(count, span.documents))
                for span in spans
                for word in self._reading.analyse(text[span.start : span.end])
            )
            self._cache.keep_query_words(text, known, epoch)
        return known

    def vector(self, text: str) -> FloatVector | None:
        """See ``FactsSource``."""
        return self._reading.vector(text) if text.strip() else None

    def forget(self, document_ids: Collection[str]) -> None:
        """These documents have changed in both indexes: read them again when they are asked for."""
        if document_ids:
            self._cache.forget(document_ids)

    @property
    def bytes_held(self) -> int:
        """About how much room the facts take."""
        return self._cache.bytes_held

    def _read(self, at_hand: AtHand, needs: frozenset[Need], seconds: float) -> list[Entry]:
        """Read what is missing, and keep it."""
        documents = self._reading.documents(at_hand.missing, seconds)
        vectors: Mapping[str, FloatMatrix] = {}
        if "vectors" in needs and documents:
            vectors = self._reading.vectors(tuple(documents))
        coder = self._codes if "words" in needs else None
        entries = [
            Entry(facts_of(document, self._schema, coder, vectors.get(document_id)), needs)
            for document_id, document in documents.items()
        ]
        self._cache.keep(entries, at_hand.epoch)
        return entries


class WordCoder:
    """Codes of a text's first ``MOST_WORDS`` words. What stands between white space and punctuation
    recurs, so it is analysed once and remembered: no word of an analysis in ``tandem.analysis`` has
    either in it, but for the apostrophe. Thread-safe.
    """

    def __init__(self, analyse: Analyse) -> None:
        self._known = _Runs(analyse)

    def of(self, text: str) -> WordCodes:
        """The codes, in order."""
        return codes_of(self.runs(text))

    def runs(self, text: str) -> "list[Run]":
        """What stands in the text, in order."""
        runs = text.translate(_BREAKS).split(maxsplit=MOST_WORDS)[:MOST_WORDS]
        return list(map(self._known.__getitem__, runs))


class Run(NamedTuple):
    """The words of what stands between white space and punctuation: their codes, and their
    ``fragments``.
    """

    codes: tuple[int, ...]
    fragments: bytes


def codes_of(runs: Iterable[Run]) -> WordCodes:
    """The codes of the words of runs, in order; at most ``MOST_WORDS``."""
    codes = list(chain.from_iterable([run.codes for run in runs]))
    return np.array(codes[:MOST_WORDS], dtype=np.uint32)


class _Runs(dict[str, Run]):
    """What stands in texts -> its words. What comes when there is no more room is not kept."""

    def __init__(self, analyse: Analyse) -> None:
        super().__init__()
        self._analyse = analyse

    def __missing__(self, text: str) -> Run:
        words = self._analyse(text)
        run = Run(tuple(map(code, words)), b"".join(map(fragments, words)))
        if len(text) <= LONGEST_RUN and len(self) < MOST_RUNS:
            self[text] = run
        return run


def facts_of(
    document: Document,
    schema: Schema,
    coder: WordCoder | None = None,
    passages: FloatMatrix | None = None,
) -> Facts:
    """A document's facts. Without ``coder`` there are no words, without ``passages`` no vector; a
    value that does not fit its field is left out, as from every index.
    """
    keywords: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, float] = {}
    for name, value in _typed(document, schema):
        if isinstance(value, datetime):
            numbers[name] = value.timestamp()
        elif isinstance(value, int | float):
            numbers[name] = float(value)
        elif value:
            # the same text is the same object: values of many documents are looked up together
            keywords[name] = tuple(dict.fromkeys(map(sys.intern, value)))
    words = NO_WORDS
    pieces: Fragments | None = None
    if coder is not None:
        runs = {item.name: coder.runs(document.text(item.name)) for item in schema.text_fields}
        words = Words({name: codes_of(found) for name, found in runs.items() if found})
        pieces = fragment_bits(run.fragments for found in runs.values() for run in found)
    direction, length = (None, 1.0) if passages is None else mean_direction(passages)
    return Facts(
        document.document_id,
        keywords,
        numbers,
        words,
        None if document.updated_at is None else document.updated_at.timestamp(),
        direction,
        length,
        pieces,
    )


def _typed(document: Document, schema: Schema) -> Iterator[tuple[str, TypedValue]]:
    for item in schema.filterable_fields:
        value = document.attributes.get(item.name)
        if value is not None:
            try:
                yield item.name, typed_value(item, value)
            except FieldError:
                continue


def mean_direction(passages: FloatMatrix) -> tuple[FloatVector | None, float]:
    """The mean of the rows with length 1, and the length that it had; no direction where they
    cancel out or there is none.
    """
    if not len(passages):
        return None, 1.0
    mean = passages.mean(axis=0, dtype=np.float32)
    length = float(np.linalg.norm(mean))
    return (mean / np.float32(length), length) if length > 0 else (None, 0.0)


def inverse_frequency(documents: int, holding: int) -> float:
    """ln(1 + (N - n + 0.5) / (n + 0.5)), as BM25 has it in Lucene. An index may count what is just
    deleted, so that n is above N: then N is n.
    """
    return math.log1p((max(documents - holding, 0) + 0.5) / (holding + 0.5))
