"""``tandem follow``."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.bootstrap import open_house
from api.commands.options import ConfigFile, DataDir, settings
from api.console import FOUND, note
from api.desk import Desk
from api.owner import Owner


def run(data_dir: DataDir = None, config: ConfigFile = None) -> int:
    """Follow the document log with every index, and do what reindex, promote and rollback ask, with
    embedded engines verify too. A line tells that such an order begins, another one how it ended.

    Runs until it is stopped. With servers, a second one stands by and takes over within seconds.
    """
    chosen = settings(config, data_dir, None)
    with open_house(chosen, "tandem follow", follows=True, notify=note) as house:
        owner = Owner(house)
        desk = Desk(owner, note)
        with stopped_by_signal(owner) as stop:
            try:
                owner.start()
                note("following; stop with Ctrl-C")
                desk.open()
                stop.wait()
            finally:
                owner.stop()
                desk.close()
                owner.close()
    return FOUND


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
