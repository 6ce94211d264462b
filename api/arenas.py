"""Where the C library takes memory from, and when it gives it back."""

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Final, NamedTuple

from api.watching import Watch

TUNABLES, TUNED = "GLIBC_TUNABLES", "glibc.malloc"
"""Whoever tunes it there has decided everything."""

LARGE_BYTES = 512 * 1024
"""What is so large is given back to the system when it is freed: the buffers of a batch that goes
into the lexical index, some 50 MB, are."""

SLACK_BYTES = 8 * 1024 * 1024
"""How much free memory is kept at the end of the arena."""

EVERY_SECONDS = 60.0
"""How often what lies free among what stays is given back, too: that takes some milliseconds."""


class Option(NamedTuple):
    """One of ``mallopt``: its number in ``malloc.h``, and what is chosen."""

    number: int
    value: int


OPTIONS: Final[Mapping[str, Option]] = {
    "MALLOC_ARENA_MAX": Option(-8, 1),
    "MALLOC_MMAP_THRESHOLD_": Option(-3, LARGE_BYTES),
    "MALLOC_TRIM_THRESHOLD_": Option(-1, SLACK_BYTES),
}
"""By glibc's own setting in the environment: whoever has set one has decided."""


def give_memory_back() -> bool:
    """Have what is freed serve others, where the C library is glibc; whether it will.

    By itself it gives each thread an arena of its own, up to eight times as many as there are
    cores, and what one thread has freed serves no other. And it counts what is large by the largest
    that was ever freed, up to 32 MiB: what is smaller lies among small things that stay, and is not
    given back. A server's memory grows for as long as threads have not yet met their largest batch.
    """
    if TUNED in os.environ.get(TUNABLES, ""):
        return False
    try:
        choose = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    open_ones = [option for name, option in OPTIONS.items() if name not in os.environ]
    taken = [choose(*option) for option in open_ones]
    return bool(taken) and all(taken)


@contextmanager
def giving_memory_back(every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """The same, and until the block ends now and then what nobody has used again."""
    if not give_memory_back():
        yield
        return
    trim = partial(ctypes.CDLL(None).malloc_trim, 0)
    watch = Watch("memory", trim, told="no memory is given back", every_seconds=every_seconds)
    with closing(watch.start()):
        yield
