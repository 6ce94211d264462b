"""``tandem follow``."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.bootstrap import open_house
from api.commands.options import ConfigFile, DataDir, settings
from api.console import FOUND, note
from api.orders import work_off
from api.owner import Owner
from tandem.errors import TandemError

POLL_SECONDS = 0.3


def run(data_dir: DataDir = None, config: ConfigFile = None) -> int:
    """Follow the document log with every index, and do what reindex, promote and rollback ask.

    Runs until it is stopped. With servers, a second one stands by and takes over within seconds.
    """
    chosen = settings(config, data_dir, None)
    with open_house(chosen, "tandem follow", follows=True, notify=note) as house:
        owner = Owner(house)
        with stopped_by_signal(owner) as stop:
            try:
                owner.start()
                note("following; stop with Ctrl-C")
                while not stop.wait(POLL_SECONDS):
                    _work_off(owner, stop)
            finally:
                owner.close()
    return FOUND


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
def stopped_by_signal(owner: Owner) -> Iterator[threading.Event]:
    """An event that SIGTERM sets: what is in hand is finished, and the leases are given back."""
    stop = threading.Event()

    def handle(*_: object) -> None:
        stop.set()
        owner.stop()

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
