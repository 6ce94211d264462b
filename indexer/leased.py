"""A follower that follows while it holds the lease of its index, and else stands by."""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Generic

from indexer.followers import Follower, Progress, always, never, no_progress
from indexer.generations import Index, IndexFactory, Opened, beside, look, own, own_or_tell
from indexer.leases import Beats, Standby
from indexer.writers import IndexWriter
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.errors import CatalogError, CheckpointConflict
from tandem.telemetry import logger

STANDING_BY, FOLLOWING = "standing by", "following"


class Access(StrEnum):
    """How a process comes to an index.

    ``OWNED``: an embedded engine that this process owns as a whole; no lease is needed.
    ``LEASED``: an engine on a server; everybody reads, and who has the lease writes.
    ``BESIDE``: an embedded engine that another process owns; only its checkpoint can be seen.
    """

    OWNED = "owned"
    LEASED = "leased"
    BESIDE = "beside"


class Seat(Generic[Index]):
    """One index of a generation: open for reading, and followed by whoever may write it."""

    def __init__(
        self,
        catalog: Catalog,
        factory: IndexFactory[Index],
        beats: Beats,
        access: Access,
        owner_lives: Callable[[], bool] = always,
        owner_name: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.name = factory.name
        self._catalog = catalog
        self._factory = factory
        self._beats = beats
        self._access = access
        self._owner_lives = owner_lives
        self._owner_name = owner_name
        self._standby = Standby(catalog.checkpoints, factory.name)
        self._is_held = False
        self.opened: Opened[Index] = _OPEN[access](catalog, factory)

    @property
    def index(self) -> Index:
        """The index as it is open now; after a rebuild it is another object."""
        return self.opened.index

    def applied(self) -> int:
        """Everything up to this sequence is in the index, whoever applied it; 0 for nothing."""
        checkpoint = self._catalog.checkpoints.read(self.name)
        return 0 if checkpoint is None else checkpoint.applied

    def is_dropped(self) -> bool:
        """Whether the generation is gone, so that nobody follows with this index any more."""
        return self._catalog.releases.generation(self._factory.generation).state == "dropped"

    def holds(self) -> bool:
        """Whether this process may write the index."""
        if self._access is Access.LEASED:
            return self._is_held and self._beats.holds(self.name)
        return self._access is Access.OWNED

    def owner(self) -> str | None:
        """The other process that may write the index, if there is one."""
        if self._access is Access.BESIDE:
            return self._owner_name()
        lease = self._catalog.checkpoints.observe(self.name)
        return None if lease is None or self.holds() else lease.owner

    def is_ready(self) -> bool:
        """Whether this process may write the index, and has it open."""
        return self.holds() and self.opened.fault is None

    def look_again(self) -> None:
        """Beside the process that has the lease: open what was missing or could not be reached, and
        what that one has built anew.
        """
        known = self._catalog.checkpoints.read(self.name)
        if self._access is not Access.LEASED or known is None or known.applied == 0:
            return
        before = self.opened
        if before.fault is not None or before.checkpoint.identity != known.identity:
            self.opened = look(self._catalog, self._factory)
            before.index.close()

    def take(self) -> bool:
        """Take the lease if nobody holds it, and open what could not be opened; whether this
        process may write the index now.

        Raises:
            TandemError: see ``own``.
        """
        if self._access is Access.BESIDE and not self._owner_lives():
            raise CatalogError(
                "the process that followed the log has ended",
                hint="run the command again; what was accepted is kept",
            )
        if self._access is Access.OWNED and self.opened.fault is not None:
            self.opened = own(self._catalog, self._factory)
        if self._access is not Access.LEASED:
            return self._access is Access.OWNED
        if self.is_ready():
            return True
        self._is_held = False
        is_free, lease = self._standby.observe()
        # what this process was late to keep up, or could not open, nobody else has taken
        is_free = is_free or (lease is not None and lease.owner == self._beats.owner)
        if not is_free:
            return False
        taken_at = time.monotonic()
        before = self.opened
        try:
            opened = own(self._catalog, self._factory, owner=self._beats.owner, expected=lease)
        except CheckpointConflict:
            return False  # another one was quicker
        self._beats.keep(opened.checkpoint, taken_at)
        self.opened, self._is_held = opened, True
        before.index.close()
        return True

    def lose(self) -> None:
        """Another one has the lease now."""
        self._is_held = False
        self._beats.forget(self.name)

    def close(self) -> None:
        """Give the lease back and close the index."""
        if self._is_held:
            self._beats.release(self.name)
        self._is_held = False
        self.index.close()


_OPEN: Mapping[Access, Callable[..., Opened[Any]]] = {
    Access.OWNED: own_or_tell,
    Access.LEASED: look,
    Access.BESIDE: beside,
}


class LeasedFollower(Generic[Index]):
    """Fulfils what ``Following`` asks of a follower; follows only under the lease of its seat."""

    def __init__(
        self,
        catalog: Catalog,
        collection: str,
        seat: Seat[Index],
        writer: Callable[[Index], IndexWriter],
        name: str,
    ) -> None:
        self.name = name
        self.seat = seat
        self.state = STANDING_BY
        self._catalog = catalog
        self._collection = collection
        self._writer = writer
        self._follower: Follower | None = None
        self._seen: int | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the index is, whoever follows."""
        known = self._catalog.checkpoints.read(self.seat.name)
        return known or self.seat.opened.checkpoint

    def writer(self) -> IndexWriter:
        """What writes into the index as it is open now."""
        return self._writer(self.seat.index)

    def catch_up(
        self, progress: Progress = no_progress, stopped: Callable[[], bool] = never
    ) -> int:
        """Apply what the log holds, if this process has the lease or gets it; how many changes.

        Raises:
            TandemError: as ``Follower.catch_up``.
        """
        follower = self._holding()
        if follower is None:
            self.seat.look_again()
            self._tell_of_others(progress)
            return 0
        try:
            return follower.catch_up(lambda _, amount: progress(self.name, amount), stopped)
        except CheckpointConflict as conflict:
            if self.seat.holds():
                raise  # nobody else can hold it: this is a fault, not a change of owner
            logger("indexer").warning("%s: %s", self.name, conflict)
            self._give_up()
            return 0

    def has_passed(self, sequence: int) -> bool:
        """Whether the index holds everything up to ``sequence``, whoever applied it, or nobody
        waits for it any more: another process has dropped its generation.
        """
        return self.seat.applied() >= sequence or self.seat.is_dropped()

    def owner(self) -> str | None:
        """The other process that follows the index, in words, if one does."""
        return self.seat.owner()

    def head(self) -> int:
        """The end of the log now."""
        return self._catalog.documents.head()

    def _holding(self) -> Follower | None:
        if self._follower is not None and self.seat.is_ready():
            return self._follower
        self._give_up()
        if not self.seat.take():
            return None
        self.state = FOLLOWING
        self._follower = Follower(
            self._catalog.documents,
            self._catalog.checkpoints,
            self.writer(),
            self._collection,
            self.seat.opened.checkpoint,
            holds=self.seat.holds,
        )
        return self._follower

    def _tell_of_others(self, progress: Progress) -> None:
        """Progress that the process with the lease makes."""
        applied, log = self.seat.applied(), self._catalog.documents
        if self._seen is not None and applied > self._seen:
            left = log.behind(self._collection, applied)
            progress(self.name, log.behind(self._collection, self._seen) - left)
        self._seen = applied

    def _give_up(self) -> None:
        self.state = STANDING_BY
        if self._follower is not None:
            self.seat.lose()
            if self.seat.opened.fault is None:  # else nothing was ever written
                self._follower.make_good()
        self._follower = None
