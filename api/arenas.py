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
"""How often what lies free among what stays is given back, too: with 60 MB that takes 1 to 3 ms, in
which nobody else can allocate."""


class Option(NamedTuple):
    """One of ``mallopt``: its number in ``malloc.h``, and what is chosen."""

    number: int
    value: int


TRIM = "MALLOC_TRIM_THRESHOLD_"
OPTIONS: Final[Mapping[str, Option]] = {
    "MALLOC_ARENA_MAX": Option(-8, 1),
    "MALLOC_MMAP_THRESHOLD_": Option(-3, LARGE_BYTES),
    TRIM: Option(-1, SLACK_BYTES),
}
"""By glibc's own setting in the environment: whoever has set one has decided."""


@contextmanager
def giving_memory_back(every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Have what is freed serve others, where the C library is glibc: by its options, and until the
    block ends by looking now and then for what lies free.

    By itself it gives each thread an arena of its own, up to eight times as many as there are
    cores, and what one thread has freed serves no other. And it counts what is large by the largest
    that was ever freed, up to 32 MiB: what is smaller lies among small things that stay, and is not
    given back. A server's memory grows for as long as threads have not yet met their largest batch.
    """
    if TRIM not in choose_options():
        yield
        return
    trim = partial(ctypes.CDLL(None).malloc_trim, SLACK_BYTES)
    watch = Watch("memory", trim, told="no memory is given back", every_seconds=every_seconds)
    with closing(watch.start()):
        yield


def choose_options() -> list[str]:
    """Choose what nobody has decided; the names of what glibc takes from now on."""
    if TUNED in os.environ.get(TUNABLES, ""):
        return []
    try:
        choose = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return []
    undecided = {name: option for name, option in OPTIONS.items() if name not in os.environ}
    return [name for name, option in undecided.items() if choose(*option)]
