"""How the C library divides what it allocates."""

import ctypes
import os

SETTING = "MALLOC_ARENA_MAX"
"""glibc's own; whoever sets it has decided."""

_M_ARENA_MAX = -8
"""Of ``malloc.h``."""


def keep_one_arena() -> bool:
    """Have all threads allocate from one place, where the C library is glibc; whether they do.

    By itself it gives each thread a place of its own, up to eight times as many as there are cores,
    and what one thread has freed serves no other: a server's memory grows for as long as there are
    threads that have not yet met their largest search.
    """
    if SETTING in os.environ:
        return False
    try:
        choose = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    return bool(choose(_M_ARENA_MAX, 1))
