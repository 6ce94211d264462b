"""What lasts until somebody stops it: ``tandem follow`` and ``tandem serve``."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.console import note
from api.desk import Desk
from api.owner import Owner

LOOK_SECONDS = 0.5
"""How often the main thread looks whether a signal has come that another thread was given."""


def until_set(stop: threading.Event) -> None:
    """Wait in the main thread, which alone calls the handlers of signals. The system may give one
    to any thread, as one that has just begun another, and then does not wake this one.
    """
    while not stop.wait(LOOK_SECONDS):
        pass


@contextmanager
def following(owner: Owner | None) -> Iterator[None]:
    """The owner at work, taking orders, if this process has one."""
    if owner is None:
        yield
        return
    desk = Desk(owner, note)
    try:
        owner.start()
        desk.open()
        yield
    finally:
        owner.stop()
        desk.close()
        owner.close()


@contextmanager
def stopped_by_signal(
    owner: Owner | None, *, ends_at_second: bool = False
) -> Iterator[threading.Event]:
    """An event that SIGTERM sets: what is in hand is finished, and the leases are given back. A
    second one is not heard, or ends the process at once: what was accepted is durable.
    """
    stop = threading.Event()

    def end(*_: object) -> None:
        os._exit(128 + signal.SIGTERM)

    def handle(*_: object) -> None:
        # amid the lines below it would wait for us
        signal.signal(signal.SIGTERM, end if ends_at_second else signal.SIG_IGN)
        stop.set()
        if owner is not None:
            owner.stop()

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
