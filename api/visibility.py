"""Which leg of the live release shows what: searchable, not only applied."""

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable

from api.collection import OpenCollection
from api.generation import OpenGeneration
from indexer.seats import Seat
from query.configurations import LEXICAL, VECTOR
from tandem.catalog.checkpoints import Checkpoint, Checkpoints
from tandem.errors import TandemError
from tandem.lexical import LexicalIndex
from tandem.protocols import VectorIndex
from tandem.rankings import Part
from tandem.telemetry import logger

LEGS: tuple[Part, ...] = (LEXICAL, VECTOR)
FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.1
"""Between two looks at how far the indexes are: the catalogue is asked each time, whoever follows
is in this process or in another one.
"""

FRESH_SECONDS = 0.01
"""For how long a checkpoint that was read answers all who look: hundreds may wait at once, and each
would take the database, and the processor, from searches.
"""

AnySeat = Seat[LexicalIndex] | Seat[VectorIndex]


async def until_shown(
    look: Callable[[], Awaitable[dict[str, bool]]], seconds: float, is_stopping: Callable[[], bool]
) -> dict[str, bool]:
    """What each leg shows, as soon as all show what is looked for, or after that time. Nobody
    waits any longer when the process is to end.
    """
    until = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while True:
        shown = await look()
        left = until - time.monotonic()
        if all(shown.values()) or left <= 0 or is_stopping():
            return shown
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


class Visibility:
    """Knows how far each leg of a collection shows the log. Thread-safe."""

    def __init__(self, collection: Callable[[], OpenCollection], checkpoints: Checkpoints) -> None:
        self._collection = collection
        self._checkpoints = checkpoints
        self._shown: dict[str, int] = {}
        self._read: dict[str, tuple[float, Checkpoint | None]] = {}
        self._looking = threading.Lock()

    def look(self, sequence: int) -> dict[str, bool]:
        """Whether each leg of the live release shows everything up to ``sequence``, or something
        newer; what cannot be asked does not.
        """
        with self._looking:
            return {leg: self._shows(leg, sequence) for leg in LEGS}

    def refusals(self, document_id: str, sequence: int) -> dict[str, str]:
        """Leg of the live release -> why its engine refuses that version for good, where it does,
        as far as the catalogue says so.
        """
        try:
            names = self._collection().live.index_names
            found = {
                leg: self._checkpoints.failures_of(name, [document_id]).get(document_id)
                for leg, name in names.items()
            }
        except TandemError as error:
            logger("api").info("what engines refuse cannot be seen: %s", error)
            return {}
        return {
            leg: failure.reason
            for leg, failure in found.items()
            if failure is not None and failure.sequence == sequence
        }

    def _shows(self, leg: str, sequence: int) -> bool:
        try:
            with self._collection().held() as (_, opened):
                return self._is_shown(opened, leg, sequence)
        except TandemError as error:
            logger("api").info("how far the %s index is cannot be seen: %s", leg, error)
            return False

    def _is_shown(self, opened: OpenGeneration, leg: str, sequence: int) -> bool:
        seat: AnySeat = opened.lexical if leg == LEXICAL else opened.vector
        held = seat.opened
        identity = held.checkpoint.identity
        if held.fault is not None:
            return False
        if self._shown.get(identity, 0) >= sequence:
            return True
        known = self._checkpoint(seat.name)
        if known is None or known.identity != identity or known.applied < sequence:
            return False  # one that was built anew is opened soon
        if leg == LEXICAL:
            opened.lexical.index.refresh()  # a vector index shows at once what was applied
        self._shown[identity] = known.applied
        return True

    def _checkpoint(self, name: str) -> Checkpoint | None:
        """That of an index, as it was a moment ago at most."""
        now = time.monotonic()
        read_at, known = self._read.get(name, (-math.inf, None))
        if now - read_at >= FRESH_SECONDS:
            known = self._checkpoints.read(name)
            self._read[name] = now, known
        return known
