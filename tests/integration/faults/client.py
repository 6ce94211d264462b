"""A client that insists: it writes batch after batch, and keeps books of what it was told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tandem.catalog.document_log import DocumentLog
from tandem.errors import CatalogError
from tests.integration.crash.driver import send
from tests.integration.crash.oracle import Oracle
from tests.integration.crash.stream import Batch, batch

COLLECTION = "main"
INSISTS_SECONDS = 60.0
AGAIN_SECONDS = 0.1


@dataclass
class Client:
    """Writes in the calling thread, or from one of its own."""

    log: DocumentLog
    seed: int = 1
    pause_seconds: float = 0.05
    oracle: Oracle = field(default_factory=Oracle)
    written: int = 0
    refused: int = 0
    """How often a write failed and was tried again."""

    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _error: BaseException | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """From a thread of its own, until the block ends or ``stop``."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="client", daemon=True)
        self._thread.start()
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        """After the batch in hand; raises what went wrong."""
        self._stopping.set()
        assert self._thread is not None
        self._thread.join(2 * INSISTS_SECONDS)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error

    def write(self, batches: int) -> None:
        """So many batches, in the calling thread."""
        for _ in range(batches):
            self.insist(batch(self.seed, self.written, COLLECTION))

    def await_written(self, more: int, seconds: float = INSISTS_SECONDS) -> None:
        """Wait until the thread has written so many more batches."""
        until, target = time.monotonic() + seconds, self.written + more
        while self.written < target:
            if self._error is not None:
                raise self._error
            assert time.monotonic() < until, f"{self.written} of {target} batches"
            time.sleep(0.02)

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self.pause_seconds):
                self.write(1)
        except BaseException as error:
            self._error = error

    def insist(self, sent: Batch) -> None:
        """Until it is acknowledged. After a failure nobody knows whether it was written."""
        until, is_doubtful = time.monotonic() + INSISTS_SECONDS, False
        while True:
            try:
                sequences = send(self.log, sent)
            except CatalogError:
                if not is_doubtful:
                    self.oracle.in_flight(sent)
                is_doubtful = True
                self.refused += 1
                if time.monotonic() > until:
                    raise
                time.sleep(AGAIN_SECONDS)
            else:
                self.oracle.acknowledge(sent, sequences)
                self.written += 1
                return
