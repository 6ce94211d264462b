"""Processes that write to one log while somebody follows it."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.document_log import DocumentLog
from tandem.errors import CatalogError
from tests.builders import document

Result = TypeVar("Result")
Given = dict[str, int]
"""Document id -> acknowledged sequence."""


def write(url: str, folder: Path, source: str, batches: int, begin: float) -> Given:
    """Append batches of three; what was acknowledged.

    A batch that the database refused is sent again, as a client would. If it had been accepted all
    the same, then it is unchanged now and gets no sequence.
    """
    time.sleep(max(0.0, begin - time.time()))
    catalog = _insist(lambda: Catalog(sa.make_url(url), file_url(folder / f"{source}.sqlite")))
    given: Given = {}
    try:
        for number in range(batches):
            # Two collections share the log: their sequences are distinct all the same.
            collection = "main" if number % 5 else "other"
            sent = [document(f"{source}-{number}-{part}", "x" * 200) for part in range(3)]
            append = partial(catalog.documents.append, collection, source, sent)
            given |= _insist(append).sequences
    finally:
        catalog.close()
    return given


def _insist(work: Callable[[], Result]) -> Result:
    patience = time.monotonic() + 60
    while True:
        try:
            return work()
        except CatalogError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.05)


class Writers:
    """Writers at work, each in a process of its own."""

    def __init__(self, jobs: list["Future[Given]"]) -> None:
        self._jobs = jobs

    def still_write(self) -> bool:
        """Whether any of them has not ended."""
        return not all(job.done() for job in self._jobs)

    def given(self) -> Given:
        """All that was acknowledged."""
        found: Given = {}
        for job in self._jobs:
            found |= job.result(120)
        return found


@contextmanager
def writers(url: sa.URL, folder: Path, count: int, batches: int) -> Iterator[Writers]:
    """So many processes begin at the same moment."""
    secret = url.render_as_string(hide_password=False)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn) as pool:
        list(pool.map(time.sleep, [0.01] * count))  # all of them run
        begin = time.time() + 0.2
        yield Writers(
            [
                pool.submit(write, secret, folder, f"writer-{number}", batches, begin)
                for number in range(count)
            ]
        )


class FollowedLog:
    """What a follower of one collection saw, in pages; a failing database is asked again."""

    def __init__(self, log: DocumentLog, collection: str) -> None:
        self._log, self._collection = log, collection
        self.position = 0
        self.seen: Given = {}
        self.in_order = True

    def page(self) -> None:
        """Read on by one page."""
        try:
            batch = self._log.changes(self._collection, self.position, 7)
        except CatalogError:
            return
        for change in batch.changes:
            self.in_order &= change.sequence > max(self.seen.values(), default=0)
            self.seen[change.document_id] = change.sequence
        self.position = batch.through


def follow(log: DocumentLog, busy: Writers) -> dict[str, FollowedLog]:
    """Follow both collections until nobody writes and everything was read."""
    followed = {name: FollowedLog(log, name) for name in ("main", "other")}
    while busy.still_write():
        for item in followed.values():
            item.page()
        time.sleep(0.001)
    for item in followed.values():
        head = _insist(log.head)
        while item.position < head:
            item.page()
    return followed
