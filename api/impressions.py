"""What was shown is put down after the reply: no search waits for the event log's disk."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

import orjson

from tandem.catalog.catalog import Catalog
from tandem.catalog.event_log import EventLog
from tandem.errors import FieldError, TandemError
from tandem.events import CONFIGURATION, CORRECTED, MAXIMUM_DETAILS_BYTES, Exposure, Impression
from tandem.features import FeatureMatrix
from tandem.rankings import SearchResult
from tandem.telemetry import UNMETERED, Meter, logger

SOURCE = "search"
LATE_SECONDS = 0.1
"""How long an impression waits for others: together they cost one write to the disk."""

BATCH = 500
QUEUED = 10_000
"""More are not held while the log cannot be written: the later ones are lost."""

AGAIN_SECONDS = 1.0
CLOSING_SECONDS = 3.0


class Page(NamedTuple):
    """What was shown, and the features of it that are kept for whoever learns."""

    impression: Impression
    features: FeatureMatrix | None = None


class ImpressionWriter:
    """A thread that appends a collection's impressions, and their features, to the event log.
    Thread-safe.

    An impression that the log refuses is left out alone; while the log cannot be written, it is
    tried again every second.
    """

    def __init__(
        self,
        catalog: Catalog,
        collection: str,
        *,
        meter: Meter = UNMETERED,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        self._catalog = catalog
        self._meter = meter
        self._collection = collection
        self._again_seconds = again_seconds
        self._changed = threading.Condition()
        self._waiting: deque[Page] = deque()
        self._added = self._settled = self._wanted = 0
        self._since = 0.0
        self._dropped = 0
        self._is_full = self._is_failing = self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="impressions", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many found the queue full, were refused by the log, or were left at the end."""
        return self._dropped

    def add(self, result: SearchResult) -> None:
        """Put down what this answer showed, soon; never waits, never fails."""
        try:
            page = Page(impression_of(result), result.features)
        except FieldError as error:
            self._leave_out(error)
            return
        with self._changed:
            if self._is_closed:  # nobody writes any more
                self._lose(1)
                return
            if len(self._waiting) >= QUEUED:
                self._lose(1)
                self._tell_full()
                return
            self._is_full = False
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting.append(page)
            self._added += 1
            self._meter.impressions(len(self._waiting), 0)
            if len(self._waiting) in (1, BATCH):  # else the thread knows how long to wait
                self._changed.notify_all()

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until what was added before is in the log, or left out; whether it came to that."""
        with self._changed:
            until = self._added
            self._wanted = max(self._wanted, until)
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._settled >= until, timeout_seconds)

    def close(self, timeout_seconds: float = CLOSING_SECONDS) -> None:
        """Write what waits, for so long; what is left then is lost, and told."""
        self.flush(timeout_seconds)
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(timeout=CLOSING_SECONDS)
        with self._changed:  # not before: a batch may have been in hand
            left = len(self._waiting)
            self._lose(left)
        if left:
            logger("api").warning("%s impressions are lost: the log was not written", f"{left:,}")

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._append(batch)
                self._tell_failing(None)
            except BaseException as error:  # nobody would start the thread again
                self._tell_failing(error)
                self._pause()
                continue
            with self._changed:
                for _ in batch:
                    self._waiting.popleft()
                self._settled += len(batch)
                self._meter.impressions(len(self._waiting), 0)
                self._since = time.monotonic()
                self._changed.notify_all()

    def _next(self) -> list[Page]:
        """What is to be written now, left in the queue until it is; nothing at the end."""
        with self._changed:
            while not self._is_closed:
                if self._waiting and (left := self._left_seconds()) <= 0:
                    return list(islice(self._waiting, BATCH))
                self._changed.wait(left if self._waiting else None)
            return []

    def _left_seconds(self) -> float:
        """For how long the first one may wait yet."""
        if len(self._waiting) >= BATCH or self._wanted > self._settled:
            return 0.0
        return self._since + LATE_SECONDS - time.monotonic()

    def _append(self, batch: Sequence[Page]) -> None:
        log = self._catalog.events
        try:
            self._write(log, batch)
        except Exception as error:
            if _may_pass(error):
                raise
            for page in batch:  # one of them is to blame
                self._append_one(log, page)

    def _append_one(self, log: EventLog, page: Page) -> None:
        try:
            self._write(log, [page])
        except Exception as error:
            if _may_pass(error):
                raise
            self._leave_out(error)

    def _write(self, log: EventLog, batch: Sequence[Page]) -> None:
        """What is written twice, as the second step failed, counts once."""
        log.append_impressions(self._collection, SOURCE, [page.impression for page in batch])
        seen = [(page.impression.query_id, page.features) for page in batch if page.features]
        if seen:
            log.features.keep(self._collection, seen)

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, self._again_seconds)

    def _leave_out(self, error: Exception) -> None:
        with self._changed:
            self._lose(1)
        logger("api").warning("an impression is left out: %s", error)

    def _lose(self, count: int) -> None:
        """So many are not written. Called under the lock."""
        self._dropped += count
        self._meter.impressions(len(self._waiting), count)

    def _tell_full(self) -> None:
        """Once for as long as it is so."""
        if not self._is_full:
            self._is_full = True
            logger("api").warning("%s impressions wait; further ones are lost", f"{QUEUED:,}")

    def _tell_failing(self, error: BaseException | None) -> None:
        """As ``_tell_full``."""
        was_failing, self._is_failing = self._is_failing, error is not None
        if error is not None and not was_failing:
            is_foreseen = isinstance(error, TandemError)
            logger("api").warning(
                "impressions wait for the event log: %s",
                error,
                exc_info=None if is_foreseen else error,
            )
        elif error is None and was_failing:
            logger("api").info("impressions are written again")


def _may_pass(error: Exception) -> bool:
    """Whether the log is to blame, and not what it was given."""
    return isinstance(error, TandemError) and not isinstance(error, FieldError)


def is_sampled(query_id: str, share: float) -> bool:
    """Whether a query is among the share of all, 0 to 1, whose features are kept: by its id alone,
    so that whoever asks again knows.
    """
    drawn = int.from_bytes(blake2b(query_id.encode(), digest_size=8).digest())
    return drawn < share * 2.0**64


def impression_of(result: SearchResult) -> Impression:
    """What an answer showed: a document that is gone was not shown.

    Raises:
        FieldError: the log would not take it.
    """
    query = result.query
    exposures = tuple(
        Exposure(hit.document_id, hit.rank)
        for hit in result.page.hits
        if hit.document_id in result.documents or hit.document_id in result.unread
    )
    return Impression(
        query.query_id,
        query.issued_at,
        result.release,
        query.text,
        query.surface,
        query.user_id,
        query.client_id,
        query.session_id,
        result.as_of,
        exposures,
        _details(result),
    )


def _details(result: SearchResult) -> dict[str, Any]:
    """What else led to the answer; of filters that the log cannot hold, that there were some."""
    query = result.query
    details: dict[str, Any] = {CONFIGURATION: result.configuration}
    if result.correction is not None:
        details[CORRECTED] = result.correction.text
    if query.seed_document_id is not None:
        details["seed_document_id"] = query.seed_document_id
    if query.sort is not None:
        details["sort"] = ("-" if query.sort.is_descending else "") + (query.sort.field or "")
    if query.filters:
        details["filters"] = True
        with suppress(TypeError):  # what is no JSON
            filters = orjson.loads(orjson.dumps(query.filters, default=str))
            whole = {**details, "filters": filters}
            if len(orjson.dumps(whole)) <= MAXIMUM_DETAILS_BYTES:
                return whole
    return details
