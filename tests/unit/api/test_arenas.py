"""One arena for all threads, and what is large is given back."""

import os
import subprocess
import sys
import threading

import pytest

from api.arenas import (
    LARGE_BYTES,
    OPTIONS,
    TRIM,
    TUNABLES,
    choose_options,
    giving_memory_back,
)

PROGRAM = """\
import ctypes, os, re, sys, threading
from api.arenas import choose_options
if sys.argv[1] == "one":
    choose_options()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
met = threading.Barrier(4)
def allocate():
    met.wait()
    for _ in range(100):
        libc.malloc(1_000)
    met.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
read, write = os.pipe()
shown, saved = os.fdopen(read), os.dup(2)
os.dup2(write, 2)
libc.malloc_stats()
os.dup2(saved, 2)
os.close(write)
print(len(re.findall(r"^Arena ", shown.read(), re.MULTILINE)))
"""

BUFFERS = """\
import ctypes, sys, time
from contextlib import nullcontext
from api.arenas import choose_options, giving_memory_back
how, size = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
if how == "at once":
    choose_options()
with giving_memory_back(0.01) if how == "now and then" else nullcontext():
    libc.free(libc.malloc(30 << 20))
    buffers = []
    for _ in range(100):
        buffers.append(libc.malloc(size))
        ctypes.memset(buffers[-1], 1, size)
        libc.malloc(1_000)
    for place in buffers:
        libc.free(place)
    time.sleep(0.5)
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("RssAnon")))
"""
"""Buffers and something small that stays, in turn, after one that was larger."""


def arenas(how: str) -> int:
    """How many a process with threads has."""
    return told(PROGRAM, how)


def told(program: str, *how: str) -> int:
    """The number that a program prints, where nobody has decided."""
    undecided = {
        name: value for name, value in os.environ.items() if name not in {*OPTIONS, TUNABLES}
    }
    command = [sys.executable, "-c", program, *how]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=undecided)
    return int(ran.stdout)


glibc = pytest.mark.skipif(
    not (sys.platform.startswith("linux") and os.confstr("CS_GNU_LIBC_VERSION")),
    reason="the C library is not glibc",
)


@glibc
def test_threads_share_one() -> None:
    """By itself each has its own."""
    assert arenas("one") == 1
    assert arenas("each") > 1


@glibc
@pytest.mark.parametrize(("how", "size"), [("at once", LARGE_BYTES), ("now and then", 100_000)])
def test_what_is_free_is_given_back(how: str, size: int) -> None:
    """By itself it is kept, as something that stays lies behind it."""
    held_kib = [told(BUFFERS, one, str(size)) for one in ("kept", how)]
    assert held_kib[0] - held_kib[1] > 100 * size / 1_024 / 2


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The options that are chosen, of a library that takes all; nobody has decided."""
    taken: list[int] = []

    class Library:
        @staticmethod
        def mallopt(option: int, _value: int) -> int:
            taken.append(option)
            return 1

        @staticmethod
        def malloc_trim(_left: int) -> int:
            return 1

    monkeypatch.setattr("api.arenas.ctypes.CDLL", lambda _: Library())
    for name in (*OPTIONS, TUNABLES):
        monkeypatch.delenv(name, raising=False)
    return taken


def test_all_is_chosen_that_nobody_has_decided(chosen: list[int]) -> None:
    """And what lies free is looked for until the end."""
    with giving_memory_back():
        assert "memory" in {thread.name for thread in threading.enumerate()}
    assert "memory" not in {thread.name for thread in threading.enumerate()}
    assert chosen == [option.number for option in OPTIONS.values()]


@pytest.mark.parametrize("name", OPTIONS)
def test_what_somebody_has_decided_is_left_alone(
    chosen: list[int], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """By glibc's own setting; the others are chosen all the same."""
    monkeypatch.setenv(name, "4")
    with giving_memory_back():
        looks = "memory" in {thread.name for thread in threading.enumerate()}
    assert chosen == [option.number for other, option in OPTIONS.items() if other != name]
    assert looks is (name != TRIM)


def test_whoever_tunes_glibc_has_decided_all(
    chosen: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is malloc that is tuned."""
    monkeypatch.setenv(TUNABLES, "glibc.malloc.arena_max=4")
    assert choose_options() == []
    monkeypatch.setenv(TUNABLES, "glibc.rtld.nns=4")
    assert choose_options() == [*OPTIONS]
    assert len(chosen) == len(OPTIONS)


def test_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has no such choice."""
    monkeypatch.delenv(TUNABLES, raising=False)
    monkeypatch.setattr("api.arenas.ctypes.CDLL", lambda _: object())
    with giving_memory_back():
        assert choose_options() == []
