"""Where the C library takes memory from, and when it gives it back."""

import ctypes
import os

SETTING = "MALLOC_ARENA_MAX"
"""glibc's own; whoever sets it has decided."""

LARGE_BYTES = 512 * 1024
"""What is so large is given back to the system when it is freed: the buffers of a batch that goes
into the lexical index, some 50 MB, are."""

SLACK_BYTES = 8 * 1024 * 1024
"""How much free memory is kept at the end of the arena."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Of ``malloc.h``."""


def keep_little() -> bool:
    """Have what is freed serve others, where the C library is glibc; whether it will.

    By itself it gives each thread an arena of its own, up to eight times as many as there are
    cores, and what one thread has freed serves no other. And it counts what is large by the largest
    that was ever freed, up to 32 MiB: what is smaller lies among small things that stay, and is not
    given back. A server's memory grows for as long as threads have not yet met their largest batch.
    """
    if SETTING in os.environ:
        return False
    try:
        choose = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    chosen = {
        _M_ARENA_MAX: 1,
        _M_MMAP_THRESHOLD: LARGE_BYTES,
        _M_TRIM_THRESHOLD: SLACK_BYTES,
    }
    taken = [choose(option, value) for option, value in chosen.items()]
    return all(taken)
