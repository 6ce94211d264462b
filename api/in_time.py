"""Words sorted by when they happened: those that do not fit in memory wait on the disk."""

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, TypeVar

from tandem.events import Event, Impression
from tandem.fields import to_microseconds

Word = TypeVar("Word", bound=Event | Impression)
HELD = 100_000
"""Words in memory at once, some 60 MB."""

BLOCK = 1_000


def in_time(words: Iterable[Word], held: int = HELD) -> Iterator[Word]:
    """The same, the earliest first; of one moment in the order in which they came. All of them are
    read before the first one is given.
    """
    left = iter(words)
    runs: list[Iterable[Word]] = []
    while run := sorted(islice(left, held), key=_moment):
        runs.append(_aside(run) if runs or len(run) == held else run)
    return heapq.merge(*runs, key=_moment)


def _moment(word: Event | Impression) -> int:
    return to_microseconds(word.timestamp)


def _aside(run: list[Word]) -> Iterator[Word]:
    """The words, from a file that goes when they are read, or nobody reads on."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the iterator holds it
    for start in range(0, len(run), BLOCK):
        pickle.dump(run[start : start + BLOCK], file, pickle.HIGHEST_PROTOCOL)
    file.seek(0)
    return _read_back(file)


def _read_back(file: IO[bytes]) -> Iterator[Word]:
    with file:
        while file.peek(1):  # type: ignore[attr-defined]
            yield from pickle.load(file)  # noqa: S301 - a file without a name, written just before
