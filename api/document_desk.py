"""What a server does with documents: reading, writing, and waiting until they are searchable."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

from api.access import Caller
from api.asked_writes import AskedWrite
from api.batch_reply import BatchAtWork
from api.bootstrap import House
from api.collection import OpenCollection
from api.document_batch import DocumentBatch
from api.document_intake import DocumentIntake, Done
from api.founding import SAMPLED_RECORDS, Founding
from api.http_errors import BadParameter
from api.visibility import LEGS, Visibility, until_shown
from api.workers import Workers
from tandem.documents import Change
from tandem.errors import CatalogError
from tandem.rankings import Degradation
from tandem.telemetry import logger

THREADS, WAITING = 8, 256
"""How many calls read or write at once, and how many may wait for their turn."""

LOOKING, WATCHING = 2, 1_000
"""The same for those who wait until something is searchable."""

LONGEST_LOOK_SECONDS = 2.0
"""How much longer than it was asked to whoever waits for a write does, where a look hangs."""

BEHIND: Final = "behind"


class Shown(NamedTuple):
    """How far a document is searchable: by leg, and why an engine refuses it for good.
    ``is_final``: waiting longer would not change it.
    """

    indexed: dict[str, bool]
    refused: dict[str, str]
    is_final: bool


class DocumentDesk:
    """The documents of a server's collection. Nothing of it takes a thread from searches."""

    def __init__(
        self,
        house: House,
        name: str,
        collection: Callable[[], OpenCollection],
        is_stopping: Callable[[], bool],
        founded: Callable[[], object] = lambda: None,
    ) -> None:
        """``is_stopping``: the process is to end, so that what would last ends soon. ``founded`` is
        called when the first document has made the collection, before that is acknowledged.
        """
        self._catalog = house.catalog
        self._workers = Workers("documents", THREADS, WAITING)
        self._lookers = Workers("visibility", LOOKING, WATCHING)
        self._intake = DocumentIntake(
            house.catalog.documents, name, Founding(house, name, founded), house.tell_growth
        )
        self._visibility = Visibility(collection, house.catalog.checkpoints)
        self.is_stopping = is_stopping

    async def read(self, document_id: str, caller: Caller) -> Change:
        """See ``DocumentIntake``."""
        return await self._workers.run(partial(self._intake.read, document_id, caller))

    def unseen(self, document_ids: Iterable[str], caller: Caller) -> set[str]:
        """See ``DocumentIntake``; in the thread of whoever asks."""
        return self._intake.unseen(document_ids, caller)

    async def write(self, asked: AskedWrite, caller: Caller) -> Done:
        """See ``DocumentIntake``."""
        return await self._workers.run(partial(self._intake.write, asked, caller))

    async def batch(self, caller: Callable[[], Caller]) -> BatchAtWork:
        """A batch of writes, whose lines are yet to come; see ``DocumentBatch``.

        Raises:
            DocumentLogUnavailable: the log does not answer.
        """
        is_first = await self._workers.run(self._intake.is_to_be_inferred)
        batch = DocumentBatch(self._intake, caller)
        return BatchAtWork(batch, self._workers, SAMPLED_RECORDS if is_first else 0)

    async def shown(self, done: Done, seconds: float) -> Shown:
        """How far it is searchable, by then at the latest."""
        shown = await self._until_shown(done.sequence, seconds, seconds + LONGEST_LOOK_SECONDS)
        refused: dict[str, str] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_LOOK_SECONDS):
                refused = await self._lookers.run(
                    partial(self._visibility.refusals, done.document_id, done.sequence)
                )
        indexed = {leg: is_shown and leg not in refused for leg, is_shown in shown.items()}
        return Shown(indexed, refused, all(shown.values()))

    async def behind(self, sequence: int, seconds: float) -> tuple[Degradation, ...]:
        """The legs that do not show everything up to ``sequence`` by then, or are not seen to.

        Raises:
            BadParameter: the log has not given it out yet.
        """
        until = time.monotonic() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if not all((await self._look(sequence)).values()):
                    await self._lookers.run(partial(self._check_given, sequence))
        left = until - time.monotonic()
        shown = await self._until_shown(sequence, left, left)
        return tuple(Degradation(leg, BEHIND) for leg in LEGS if not shown[leg])

    def close(self) -> None:
        """Let what is begun end."""
        self._workers.close()
        self._lookers.close()

    async def _look(self, sequence: int) -> dict[str, bool]:
        return await self._lookers.run(partial(self._visibility.look, sequence))

    async def _until_shown(self, sequence: int, seconds: float, longest: float) -> dict[str, bool]:
        """As the function of that name, and no longer than that also where a look hangs: an engine
        or the catalogue may.
        """
        seen: dict[str, bool] = dict.fromkeys(LEGS, False)

        async def look() -> dict[str, bool]:
            seen.update(await self._look(sequence))
            return seen

        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await until_shown(look, seconds, self.is_stopping)
        return seen

    def _check_given(self, sequence: int) -> None:
        """A log that does not answer refuses nothing: its indexes are behind then."""
        try:
            head = self._catalog.documents.head()
        except CatalogError as error:
            logger("api").warning("where the document log ends cannot be seen: %s", error)
            return
        if sequence > head:
            raise BadParameter(
                "min_sequence",
                f"no write has got the sequence {sequence} yet, the last one is {head}",
                hint="give the sequence that a write was answered with",
            )
