"""What lasts until somebody stops it: ``tandem follow`` and ``tandem serve``."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.console import note
from api.orders import work_off
from api.owner import Owner
from tandem.errors import TandemError

POLL_SECONDS = 0.3


@contextmanager
def following(owner: Owner | None) -> Iterator[None]:
    """The owner at work, if this process has one."""
    if owner is None:
        yield
        return
    try:
        owner.start()
        yield
    finally:
        owner.close()


def take_orders(owner: Owner | None, stop: threading.Event) -> None:
    """Do what reindex, promote and rollback ask of the owner, until it is stopped; without one just
    wait for that.
    """
    while not stop.wait(POLL_SECONDS):
        if owner is not None:
            _work_off(owner, stop)


def _work_off(owner: Owner, stop: threading.Event) -> None:
    try:
        work_off(owner)
    except TandemError as error:  # a catalogue that is away may come back
        note(f"warning: {error}")
        stop.wait(1)
    except Exception as error:  # so may room on a disk; only a signal ends the following
        note(f"warning: {type(error).__name__}: {error}")
        stop.wait(1)


@contextmanager
def stopped_by_signal(owner: Owner | None) -> Iterator[threading.Event]:
    """An event that SIGTERM sets: what is in hand is finished, and the leases are given back."""
    stop = threading.Event()

    def handle(*_: object) -> None:
        stop.set()
        if owner is not None:
            owner.stop()

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
