"""Whoever asks over HTTP that somebody be forgotten waits for it, but not for ever."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillAtIt
from functools import partial
from threading import Event, Lock
from typing import Any

from api.erasing import PAUSE_SECONDS, finish, told
from api.event_intake import FLUSH_SECONDS, EventLogUnavailable
from api.turns import Turns
from tandem.catalog.catalog import Catalog
from tandem.catalog.erasures import Erasure
from tandem.errors import CatalogError
from tandem.telemetry import logger

WAIT_SECONDS = 10.0
"""Longer than an erasure takes, but in a log of many millions."""

MOST_WAITING = 4
"""How many calls may wait: searches need the other threads."""


class ErasureIntake:
    """Erases people from one collection, one after the other: each reads the whole log, and two
    with a device in common would each give it another id. ``flush`` writes what was shown before.
    Thread-safe.
    """

    def __init__(
        self,
        catalog: Catalog,
        collection: str,
        flush: Callable[[float], bool],
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._catalog = catalog
        self._collection = collection
        self._flush = flush
        self._wait_seconds = wait_seconds
        self._turns = Turns(MOST_WAITING, "too many people are being erased", "ask again later")
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="erasing")
        self._lock = Lock()
        self._under_way: dict[int, Future[None]] = {}
        self._closed = Event()

    def take(self, person: str) -> dict[str, Any]:
        """Have somebody forgotten, by the id that they have as a user or as a client, and say how
        far it is: what takes too long is done afterwards.

        Raises:
            FieldError: it is no id.
            EventLogUnavailable: the log failed; what is noted is done later.
            Busy: too many calls wait already.
        """
        with self._turns.one():
            try:
                self._flush(FLUSH_SECONDS)
                noted = self._catalog.events.erasures.ask(self._collection, person)
                self._wait(self._begun(noted))
                found = self._catalog.events.erasures.read(noted.number)
            except CatalogError as error:
                logger("api").warning("an erasure is not done yet: %s", error)
                raise EventLogUnavailable(
                    "the event log does not let anybody be erased now",
                    hint="ask again: what is done stays done",
                ) from error
        return told(self._catalog, person, found)

    def _begun(self, noted: Erasure) -> Future[None]:
        """The work at it: one, however often it is asked for."""
        with self._lock:
            left = {number: work for number, work in self._under_way.items() if not work.done()}
            if noted.number not in left:
                pause = partial(self._closed.wait, PAUSE_SECONDS)
                left[noted.number] = self._hand.submit(finish, self._catalog, noted, pause)
            self._under_way = left
            return left[noted.number]

    def _wait(self, work: Future[None]) -> None:
        try:
            work.result(self._wait_seconds)
        except StillAtIt:
            work.add_done_callback(_tell)

    def close(self) -> None:
        """Begin nothing more, and stop after the steps in hand; ``retention`` does the rest."""
        self._closed.set()
        self._hand.shutdown(cancel_futures=True)


def _tell(work: Future[None]) -> None:
    """Nobody waits any more for what it comes to."""
    if not work.cancelled() and (error := work.exception()) is not None:
        logger("api").warning("an erasure is not done yet: %s", error)
