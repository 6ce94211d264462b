"""One arena for all threads."""

import subprocess
import sys

import pytest

from api.arenas import SETTING, keep_one_arena

PROGRAM = """\
import ctypes, os, re, sys, threading
from api.arenas import keep_one_arena
if sys.argv[1] == "one":
    assert keep_one_arena() is (os.confstr("CS_GNU_LIBC_VERSION") is not None)
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


def arenas(how: str) -> int:
    """How many a process with threads has."""
    command = [sys.executable, "-c", PROGRAM, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_threads_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself each has its own."""
    monkeypatch.delenv(SETTING, raising=False)
    assert arenas("one") == 1
    assert arenas("each") > 1


def test_whoever_has_decided_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """By glibc's own setting."""
    monkeypatch.setenv(SETTING, "4")
    assert not keep_one_arena()


def test_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has no such choice."""
    monkeypatch.delenv(SETTING, raising=False)
    monkeypatch.setattr("api.arenas.ctypes.CDLL", lambda _: object())
    assert not keep_one_arena()
