"""Which of many numbers are among a few."""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]
Whole = npt.NDArray[np.integer[Any]]

_HALVES = 1 << 16


def found_in(numbers: Whole, wanted: Whole) -> tuple[Ints, Ints]:
    """The places of ``numbers`` that hold a wanted one, in order, and which of them it is.
    ``wanted`` rises, and is not empty.
    """
    # whether any has this lower half tells nearly all others apart
    halves = np.zeros(_HALVES, dtype=np.bool_)
    halves[wanted.astype(np.uint16)] = True
    places = np.flatnonzero(halves.take(numbers.astype(np.uint16)))
    likely = numbers[places]
    which = np.searchsorted(wanted, likely) % len(wanted)
    is_it = wanted[which] == likely
    return places[is_it], which[is_it]


def places_of(numbers: Whole, known: Whole) -> Ints:
    """Where each number stands in ``known``, which rises; -1 for one that does not."""
    if not len(known):
        return np.full(len(numbers), -1, np.intp)
    places = np.searchsorted(known, numbers) % len(known)
    places[known[places] != numbers] = -1
    return places
