"""One index of a generation: open for reading, and followed by whoever may write it."""

import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Generic

from indexer.followers import always
from indexer.generations import Index, IndexFactory, Opened, beside, look, own, own_or_tell
from indexer.leases import Beats, Standby
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.catalog.leases import Lease
from tandem.errors import CatalogError, CheckpointConflict, EngineError, TandemError
from tandem.telemetry import logger


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
    """One index of a generation: open for reading, and followed by whoever may write it.

    ``doubtful`` holds the ids of documents that were written and are not under the checkpoint yet:
    see ``Follower``.
    """

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
        self.doubtful: set[str] = set()
        self._catalog = catalog
        self._factory = factory
        self._beats = beats
        self._access = access
        self._owner_lives = owner_lives
        self._owner_name = owner_name
        self._standby = Standby(catalog.checkpoints, factory.name)
        self._is_held = False
        self._is_lost = False
        self._seen: Checkpoint | None = None
        self._changing = threading.RLock()
        self.opened: Opened[Index] = _OPEN[access](catalog, factory)

    @property
    def index(self) -> Index:
        """The index as it is open now; after a rebuild it is another object."""
        return self.opened.index

    @property
    def is_leased(self) -> bool:
        """Whether another process may come to write the index."""
        return self._access is Access.LEASED

    @property
    def is_whole(self) -> bool:
        """Whether the index has at least what the log held when it was begun, as far as is known
        here: nobody is asked, as every search wants to know it. What could not be opened lacks
        nothing: it says by itself that it has nothing.
        """
        held, seen = self.opened.checkpoint, self._seen
        if held.is_whole or self.opened.fault is not None:
            return True
        return seen is not None and seen.identity == held.identity and seen.is_whole

    def see(self, checkpoint: Checkpoint) -> None:
        """Know that the index is so far now, searchable."""
        self._seen = checkpoint

    def applied(self) -> int:
        """Everything up to this sequence is in the index, whoever applied it; 0 for nothing."""
        checkpoint = self._catalog.checkpoints.read(self.name)
        return 0 if checkpoint is None else checkpoint.applied

    def checkpoint(self) -> Checkpoint:
        """Where whoever holds this seat goes on."""
        held, known = self.opened.checkpoint, self._catalog.checkpoints.read(self.name)
        return known if known is not None and _is_same(known, held) else held

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
        return self.holds() and self.opened.fault is None and not self._is_lost

    def is_still_there(self) -> bool:
        """Ask the engine, after an error, whether it has the index that is open here. Without it,
        the next ``take`` begins it anew; an engine that cannot say keeps it.
        """
        if not self.holds():
            return True  # whoever holds it now may have built it anew
        try:
            found = self._factory.identity()
        except EngineError as error:
            logger("indexer").info("%s: is it still there? %s", self.name, error)
            return True
        self._is_lost = found != self.opened.checkpoint.identity
        return not self._is_lost

    def may_be_older(self) -> bool:
        """Whether what was written without a checkpoint may stand over what another process wrote.

        Raises:
            EngineError: the engine cannot be reached.
        """
        if not self.is_leased or not self.doubtful or self.is_dropped():
            return False
        if self.opened.fault is not None and self.applied() == 0:
            return False  # whoever follows next begins with an empty index
        return self._factory.identity() is not None

    def look_again(self) -> None:
        """Beside the process that has the lease: open what was missing or could not be reached, and
        what that one has built anew. What is held, or being taken, is left alone.
        """
        if not self.is_leased or self.holds() or not self._changing.acquire(blocking=False):
            return
        try:
            known = self._catalog.checkpoints.read(self.name)
            before = self.opened
            if self.holds() or known is None or known.applied == 0:
                return
            self.see(known)
            if before.fault is not None or before.checkpoint.identity != known.identity:
                self.opened = look(self._catalog, self._factory)
                before.index.close()
        finally:
            self._changing.release()

    def take(self) -> bool:
        """Take the lease if nobody holds it, and open what could not be opened; whether this
        process may write the index now.

        Raises:
            TandemError: see ``own``.
        """
        if self._access is Access.BESIDE:
            if not self._owner_lives():
                raise CatalogError(
                    "the process that followed the log has ended",
                    hint="run the command again; what was accepted is kept",
                )
            return False
        with self._changing:
            if self.is_ready():
                return True
            return self._take_lease() if self.is_leased else self._open_as_owner()

    def _open_as_owner(self) -> bool:
        before = self.opened
        before.index.close()  # an embedded engine lets nobody open it twice
        try:
            self.opened = own(self._catalog, self._factory)
        except TandemError as error:
            fault = EngineError(str(error), hint=error.hint)
            stand_in = self._factory.unavailable(fault)
            self.opened = Opened(stand_in, before.checkpoint, fault=fault)
            raise
        self._is_lost = False
        return True

    def _take_lease(self) -> bool:
        self.lose()
        is_free, lease = self._standby.observe()
        # what this process was late to keep up, or could not open, nobody else has taken
        is_ours = lease is not None and lease.owner == self._beats.owner
        if is_ours and self._regain():
            return True
        if not is_free and not is_ours:
            return False
        try:
            self._begin(lease)
        except CheckpointConflict:
            self.lose()
            return False  # another one was quicker
        except BaseException:
            self.lose()  # the lease is not kept by one who could not open the index
            raise
        return self.holds()

    def _regain(self) -> bool:
        """Go on as before with a lease that nobody has taken meanwhile."""
        known = self._catalog.checkpoints.read(self.name)
        if self._is_lost or self.opened.fault is not None or known is None:
            return False
        if not _is_same(known, self.opened.checkpoint):
            return False
        try:
            self._beats.confirm(known)
        except CheckpointConflict:
            return False
        self._is_held = True
        return True

    def _begin(self, lease: Lease | None) -> None:
        """Open the index under a new epoch. The lease is kept up while the engine works, which may
        take long, and renewed once more before anything is written.
        """
        before, owner = self.opened, self._beats.owner
        opened = own(
            self._catalog, self._factory, owner=owner, expected=lease, taken=self._beats.keep
        )
        self.opened, self._is_held, self._is_lost = opened, True, False
        before.index.close()
        self._beats.confirm(opened.checkpoint)

    def lose(self) -> None:
        """Another one has the lease now, or may have it soon."""
        self._is_held = False
        self._beats.forget(self.name)

    def close(self) -> None:
        """Give the lease back and close the index."""
        if self._is_held:
            self._beats.release(self.name)
        self._is_held = False
        self.index.close()


def _is_same(known: Checkpoint, held: Checkpoint) -> bool:
    """Whether nobody has taken the index over, or begun it anew, since."""
    return (known.identity, known.epoch) == (held.identity, held.epoch)


_OPEN: Mapping[Access, Callable[..., Opened[Any]]] = {
    Access.OWNED: own_or_tell,
    Access.LEASED: look,
    Access.BESIDE: beside,
}
