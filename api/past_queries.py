"""Follows the event log for what people searched for, so that others can be offered it.

Each process folds for itself, in memory, from some days back; every day it begins anew, so that
what is older than that counts no more, and whenever somebody was erased: what only they have asked
often enough is offered to nobody then.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from api.lasting import LastingTrouble
from query.past_queries import PastQueries
from tandem.catalog.event_log import EventLog

EVERY_SECONDS = 5.0
ANEW_SECONDS = 86_400.0
ROWS = 500
"""Impressions read at once."""

PAUSE_SECONDS = 0.05
"""Between two reads: at the start there may be millions, and searches want the processor too."""


class PastQueriesWatch:
    """A thread that keeps ``current`` up to date until ``close``."""

    def __init__(
        self,
        events: Callable[[], EventLog | None],
        collection: str,
        *,
        days: int,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        """``events`` opens the event log; ``None`` while nothing was ever written into it."""
        self._events = events
        self._collection = collection
        self._days = days
        self._every_seconds = every_seconds
        self.current = PastQueries()
        self._fold = self.current
        self._read: int | None = None
        self._erased = 0
        self._began = time.monotonic()
        self._trouble = LastingTrouble("past queries are not brought up to date")
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="past-queries", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._follow()
                self._trouble.is_over()
            except BaseException as error:  # nobody would start the thread again
                self._trouble.tell(error)
            self._closed.wait(self._every_seconds)

    def _follow(self) -> None:
        """Read what is new, and put what was read in the place of the fold before it."""
        log = self._events()
        if log is None or not self._days:
            return
        # a log that ends before what was read of it is another one, restored from a backup
        is_another = self._read is not None and log.head() < self._read
        is_old = time.monotonic() - self._began > ANEW_SECONDS
        erased = log.erasures.last()
        if is_another or is_old or erased > self._erased:
            self._fold, self._read, self._began = PastQueries(), None, time.monotonic()
            self._erased = erased
        if self._read is None:
            since = datetime.now(UTC) - timedelta(days=self._days)
            self._read = last_before(log, self._collection, since)
        while not self._closed.is_set():
            page = log.impressions(self._collection, self._read, ROWS)
            self._fold.add(row.what for row in page.rows)
            self._read = page.through
            if len(page.rows) < ROWS:
                break
            self._closed.wait(PAUSE_SECONDS)
        self.current = self._fold

    def close(self) -> None:
        """Read no more."""
        self._closed.set()
        self._thread.join(timeout=5)


def last_before(log: EventLog, collection: str, moment: datetime) -> int:
    """A sequence after which every impression was received since that moment, and before which none
    was, but for what a clock that was set back has mixed up.
    """
    old, end = 0, log.head()
    while old < end:
        middle = (old + end) // 2
        rows = log.impressions(collection, middle, 1).rows
        if rows and rows[0].received_at < moment:
            old = rows[0].sequence
        else:
            end = middle
    return end
