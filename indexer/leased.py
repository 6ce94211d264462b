"""A follower that follows while it holds the lease of its index, and else stands by."""

from collections.abc import Callable
from typing import Generic

from indexer.followers import Follower, Progress, never, no_progress
from indexer.generations import Index
from indexer.redo import bring_up_to_date
from indexer.seats import Seat
from indexer.writers import IndexWriter
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.errors import CatalogError, CheckpointConflict, EngineError, EngineUnavailable
from tandem.telemetry import logger

STANDING_BY, FOLLOWING = "standing by", "following"


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
        self._written: Index | None = None
        self._failures = 0
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

        def told(_leg: str, amount: int) -> None:
            if not self.seat.is_whole and follower.checkpoint.is_whole:
                follower.writer.refresh()  # whoever takes it for whole finds everything
                self.seat.see(follower.checkpoint)
            progress(self.name, amount)

        try:
            applied = follower.catch_up(told, stopped)
        except CheckpointConflict as conflict:
            if not self.seat.is_leased:
                raise  # nobody else can hold it: this is a fault, not a change of owner
            logger("indexer").warning("%s: %s", self.name, conflict)
            self._give_up()
            return 0
        except CatalogError:
            if not self.seat.holds():
                self._give_up()  # at once: whoever is told to stop makes no further call
            raise
        except EngineError as error:
            self._failures += 1
            is_silent = isinstance(error, EngineUnavailable) and self._failures == 1
            if not is_silent and not self.seat.is_still_there():
                logger("indexer").warning(
                    "%s: the engine has lost the index; it is built again", self.name
                )
            raise
        self._failures = 0
        return applied

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
        if self._follower is not None and self.seat.is_ready() and self._written is self.seat.index:
            return self._follower
        self._give_up()
        if not self.seat.take():
            return None
        self.state, self._written = FOLLOWING, self.seat.index
        self._follower = Follower(
            self._catalog.documents,
            self._catalog.checkpoints,
            self.writer(),
            self._collection,
            self.seat.checkpoint(),
            holds=self.seat.holds,
        )
        self._follower.doubtful = self.seat.doubtful
        return self._follower

    def _tell_of_others(self, progress: Progress) -> None:
        """Progress that the process with the lease makes."""
        applied, log = self.seat.applied(), self._catalog.documents
        if self._seen is not None and applied > self._seen:
            left = log.behind(self._collection, applied)
            progress(self.name, log.behind(self._collection, self._seen) - left)
        self._seen = applied

    def _give_up(self) -> None:
        """Follow no more, and bring what was written without a checkpoint to the log's newest
        state: it may be older than what the next owner had written before it. Until that is done,
        every call does it first.
        """
        self.state = STANDING_BY
        if self._follower is not None:
            self.seat.lose()
        self._follower = self._written = None
        if not self.seat.doubtful:
            return
        self.seat.look_again()  # the next owner may have built the index anew
        if self.seat.may_be_older():
            written = tuple(self.seat.doubtful)
            bring_up_to_date(self._catalog.documents, self._collection, self.writer(), written)
        self.seat.doubtful.clear()
