"""One active follower an index: a lease, kept up by a beat, watched by whoever stands by.

No clocks are compared between machines. The owner counts a beat in the index's checkpoint row; who
stands by takes over when, by his own clock, the beat has stood still for ``PATIENCE_SECONDS``. The
owner stops writing a little earlier by his. Taking over raises the epoch, under which a late owner
can move no checkpoint.
"""

import threading
import time

from tandem.catalog.checkpoints import Checkpoint, Checkpoints
from tandem.catalog.leases import Lease, new_owner
from tandem.errors import CatalogError, CheckpointConflict
from tandem.telemetry import logger

BEAT_SECONDS = 0.75
PATIENCE_SECONDS = 3.0
MARGIN_SECONDS = 0.5
"""How much earlier the owner gives up than the next one takes over."""


class Beats:
    """Keeps up the leases that this process holds: one thread, however many there are."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.owner = new_owner()
        self._checkpoints = checkpoints
        self._held: dict[str, Checkpoint] = {}
        self._renewed: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def keep(self, checkpoint: Checkpoint, taken_at: float) -> None:
        """Keep up a lease that was taken when the monotonic clock showed ``taken_at``."""
        with self._lock:
            self._held[checkpoint.index_name] = checkpoint
            self._renewed[checkpoint.index_name] = taken_at
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="beats", daemon=True)
                self._thread.start()

    def confirm(self, checkpoint: Checkpoint) -> None:
        """Renew a lease at once, and keep it up from now on.

        Raises:
            CheckpointConflict: somebody else has taken it over; it is kept up no longer.
            CatalogError: the catalogue did not answer.
        """
        began = time.monotonic()
        try:
            self._checkpoints.renew(checkpoint, self.owner)
        except CheckpointConflict:
            self._forget(checkpoint)
            raise
        self.keep(checkpoint, began)

    def holds(self, index_name: str) -> bool:
        """Whether the lease is held for certain: nobody can have taken it over yet."""
        with self._lock:
            renewed = self._renewed.get(index_name)
        return (
            renewed is not None and time.monotonic() - renewed < PATIENCE_SECONDS - MARGIN_SECONDS
        )

    def forget(self, index_name: str) -> None:
        """Keep a lease up no longer; it was lost."""
        with self._lock:
            self._held.pop(index_name, None)
            self._renewed.pop(index_name, None)

    def _forget(self, lost: Checkpoint) -> None:
        """Unless the index has been taken anew meanwhile: then an old beat was refused."""
        with self._lock:
            if self._held.get(lost.index_name) == lost:
                del self._held[lost.index_name], self._renewed[lost.index_name]

    def release(self, index_name: str) -> None:
        """Give a lease back, so that the next one need not wait."""
        with self._lock:
            held = self._held.get(index_name)
        self.forget(index_name)
        if held is not None:
            try:
                self._checkpoints.release(held, self.owner)
            except CatalogError as error:  # it runs out by itself
                logger("indexer").info("%s: the lease was not given back: %s", index_name, error)

    def close(self) -> None:
        """Give every lease back."""
        self._closed.set()
        for index_name in list(self._held):
            self.release(index_name)
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)

    def _run(self) -> None:
        while not self._closed.wait(BEAT_SECONDS):
            with self._lock:
                held = list(self._held.values())
            for checkpoint in held:
                self._renew(checkpoint)

    def _renew(self, checkpoint: Checkpoint) -> None:
        began = time.monotonic()  # what is counted is when the beat was sent, not when it came back
        try:
            self._checkpoints.renew(checkpoint, self.owner)
        except CheckpointConflict as conflict:
            logger("indexer").warning("the lease is lost: %s", conflict)
            self._forget(checkpoint)
        except Exception as error:  # the thread keeps up every lease, and must outlive any error
            logger("indexer").warning("%s: no beat: %s", checkpoint.index_name, error)
        else:
            with self._lock:
                if self._held.get(checkpoint.index_name) == checkpoint:
                    self._renewed[checkpoint.index_name] = began


class Standby:
    """Watches one lease, and says when it may be taken."""

    def __init__(self, checkpoints: Checkpoints, index_name: str) -> None:
        self._checkpoints = checkpoints
        self._index_name = index_name
        self._seen: Lease | None = None
        self._since = time.monotonic()

    def observe(self, patience_seconds: float = PATIENCE_SECONDS) -> tuple[bool, Lease | None]:
        """Whether the lease may be taken, and as what it must still stand when it is."""
        lease = self._checkpoints.observe(self._index_name)
        if lease is None or not lease.owner:
            return True, lease
        now = time.monotonic()
        if lease != self._seen:
            self._seen, self._since = lease, now
        return now - self._since >= patience_seconds, lease
