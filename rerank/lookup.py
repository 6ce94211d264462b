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
    # the lower half tells nearly all apart
    by_half = np.full(_HALVES, -1, dtype=np.int32)
    by_half[wanted.astype(np.uint16)] = np.arange(len(wanted))
    found = by_half.take(numbers.astype(np.uint16))
    places = np.flatnonzero(found >= 0)
    which: Ints = found[places].astype(np.intp)
    likely = numbers[places]
    is_other = wanted[which] != likely
    if is_other.any():
        which[is_other] = np.searchsorted(wanted, likely[is_other]) % len(wanted)
        is_it = wanted[which] == likely
        places, which = places[is_it], which[is_it]
    return places, which
