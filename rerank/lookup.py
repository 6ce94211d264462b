"""Which of many numbers are among a few."""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]
Whole = npt.NDArray[np.integer[Any]]

_FEW, _SMALL, _LARGE = 32, 1 << 12, 1 << 16
"""Of so few wanted numbers 12 bits tell nearly all others apart, of more 16."""


def found_in(numbers: Whole, wanted: Whole) -> tuple[Ints, Ints]:
    """The places of ``numbers`` that hold a wanted one, in order, and which of them it is.
    ``wanted`` rises, and is not empty.
    """
    size = _SMALL if len(wanted) <= _FEW else _LARGE
    by_bits = np.full(size, -1, np.min_scalar_type(-len(wanted)))
    by_bits[wanted & (size - 1)] = np.arange(len(wanted))
    found = by_bits.take(numbers.astype(np.uint16) & np.uint16(size - 1))
    places = np.flatnonzero(found >= 0)
    which: Ints = found[places].astype(np.intp)
    likely = numbers[places]
    is_other = wanted[which] != likely
    if is_other.any():
        which[is_other] = np.searchsorted(wanted, likely[is_other]) % len(wanted)
        is_it = wanted[which] == likely
        places, which = places[is_it], which[is_it]
    return places, which


def places_of(numbers: Whole, known: Whole) -> Ints:
    """Where each number stands in ``known``, which rises; -1 for one that does not."""
    if not len(known):
        return np.full(len(numbers), -1, np.intp)
    places = np.searchsorted(known, numbers) % len(known)
    places[known[places] != numbers] = -1
    return places
