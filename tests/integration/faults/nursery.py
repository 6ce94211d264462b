"""Followers to be killed and paused: each a process with a whole house of servers.

Run as ``python -m tests.integration.faults.nursery``: everything is imported once, and for each
line on standard input, an ``Order`` as JSON, a child is forked that opens the house and follows.
The children speak in lines: ``PID opened``, ``PID leads`` when both indexes are theirs to write,
``PID armed`` after SIGUSR1, ``PID paused`` just before they stop themselves; their parent adds
``PID born`` and ``PID died``.
"""

import ctypes
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import orjson

from api.bootstrap import open_house
from api.owner import Owner
from tandem.settings import Settings
from tests.fakes import HashEmbedder
from tests.integration.crash.driver import small_batches
from tests.integration.faults.client import COLLECTION
from tests.integration.faults.phases import PHASES

DEATH_OF_PARENT = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""

leased: Any = importlib.import_module("indexer.leased")
leases: Any = importlib.import_module("indexer.leases")


@dataclass(frozen=True, slots=True)
class Order:
    """The house of ``settings``, a JSON text; and what to do at the ``passage``-th passage of
    ``phase``: die, or stop until somebody sends SIGCONT. With 0 it is the first one after SIGUSR1.
    ``haste`` divides the times of the lease. ``careless``: what it wrote too late is not made good.
    """

    settings: str
    phase: str = ""
    passage: int = 1
    act: Literal["die", "pause"] = "die"
    haste: float = 1.0
    careless: bool = False

    def encoded(self) -> bytes:
        """As a line."""
        return orjson.dumps(asdict(self)) + b"\n"


class Fuse:
    """Does it once, in the thread that passes."""

    def __init__(self, passages: int, act: Callable[[], None]) -> None:
        self._left = passages
        self._act = act
        self._lock = threading.Lock()

    def arm(self) -> None:
        """The next passage is the one."""
        self._left = 1

    def burn(self) -> None:
        """One passage."""
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
        if is_last:
            self._act()


def say(word: str) -> None:
    """One whole line to whoever watches."""
    os.write(sys.stdout.fileno(), f"{os.getpid()} {word}\n".encode())


def die() -> None:
    """At once."""
    os.kill(os.getpid(), signal.SIGKILL)


def pause() -> None:
    """The whole process, until SIGCONT. The signal is this thread's own: one to the process may
    wake another thread first, and this one goes on into the write meanwhile.
    """
    say("paused")
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def armed(fuse: Fuse, *_: Any) -> None:
    """On SIGUSR1."""
    fuse.arm()
    say("armed")


def nothing(*_: Any) -> None:
    """In the place of ``bring_up_to_date``."""


def hurry(haste: float) -> None:
    """The lease runs out earlier."""
    leases.BEAT_SECONDS /= haste
    leases.PATIENCE_SECONDS /= haste
    leases.MARGIN_SECONDS /= haste
    leases.Standby.observe.__defaults__ = (leases.PATIENCE_SECONDS,)


def follow(order: Order) -> None:
    """Until SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    small_batches()
    hurry(order.haste)
    if order.careless:
        setattr(leased, "bring_up_to_date", nothing)  # noqa: B010 - typed otherwise
    if order.phase:
        fuse = Fuse(order.passage, die if order.act == "die" else pause)
        PHASES[order.phase](fuse)
        signal.signal(signal.SIGUSR1, partial(armed, fuse))
    settings = Settings.model_validate_json(order.settings)
    with open_house(settings, "follower", embedder=HashEmbedder(), follows=True) as house:
        owner = Owner(house)
        owner.start()
        say("opened")
        led = False
        while not ended.wait(0.02):
            collection = house.collection(COLLECTION)
            leads = collection.lexical.holds() and collection.vector.holds()
            if leads and not led:
                say("leads")
            led = leads
        owner.close()


def be_born(order: Order) -> None:
    """The child."""
    ctypes.CDLL(None).prctl(DEATH_OF_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = 1
    try:
        follow(order)
        status = 0
    except BaseException as error:
        sys.stderr.write(f"{os.getpid()}: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(status)


def reap(*_: Any) -> None:
    """Tell of every child that has ended."""
    while True:
        try:
            child, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child == 0:
            return
        os.write(sys.stdout.fileno(), f"{child} died\n".encode())


def main() -> None:
    """Fork a child a line; with the end of the input all of them end."""
    signal.signal(signal.SIGCHLD, reap)
    os.write(sys.stdout.fileno(), b"0 ready\n")
    for line in sys.stdin.buffer:
        order = Order(**orjson.loads(line))
        child = os.fork()
        if child == 0:
            be_born(order)
        os.write(sys.stdout.fileno(), f"{child} born\n".encode())


if __name__ == "__main__":
    main()
