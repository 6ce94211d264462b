"""One arena for all threads, and what is large is given back."""

import subprocess
import sys

import pytest

from api.arenas import LARGE_BYTES, SETTING, keep_little

PROGRAM = """\
import ctypes, os, re, sys, threading
from api.arenas import keep_little
if sys.argv[1] == "one":
    assert keep_little() is (os.confstr("CS_GNU_LIBC_VERSION") is not None)
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

LARGE = """\
import ctypes, sys
from api.arenas import LARGE_BYTES, keep_little
if sys.argv[1] == "given back":
    keep_little()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.calloc.restype = ctypes.c_void_p
libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.free(libc.malloc(30 << 20))
large = []
for _ in range(100):
    large.append(libc.malloc(LARGE_BYTES))
    ctypes.memset(large[-1], 1, LARGE_BYTES)
    libc.malloc(1_000)
for place in large:
    libc.free(place)
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("RssAnon")))
"""
"""Buffers and something small that stays, in turn, after one that was larger."""


def arenas(how: str) -> int:
    """How many a process with threads has."""
    return told(PROGRAM, how)


def told(program: str, how: str) -> int:
    """The number that a program prints."""
    command = [sys.executable, "-c", program, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_threads_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself each has its own."""
    monkeypatch.delenv(SETTING, raising=False)
    assert arenas("one") == 1
    assert arenas("each") > 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_what_is_large_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself it is kept, as something that stays lies behind it."""
    monkeypatch.delenv(SETTING, raising=False)
    buffers_kib = 100 * LARGE_BYTES >> 10
    assert told(LARGE, "kept") - told(LARGE, "given back") > buffers_kib / 2


def test_whoever_has_decided_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """By glibc's own setting."""
    monkeypatch.setenv(SETTING, "4")
    assert not keep_little()


def test_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has no such choice."""
    monkeypatch.delenv(SETTING, raising=False)
    monkeypatch.setattr("api.arenas.ctypes.CDLL", lambda _: object())
    assert not keep_little()
