"""What signals read of the event log and of a generation's indexes: in time, or not at all.

Both may be on servers that hang, so these are asked in pools of their own with breakers, as the
legs are. What is in this process is asked at once: handing it to a thread would cost more.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

from api.engines import analyser
from api.generation import OpenGeneration, analysis_of
from api.lasting import LastingTrouble
from query.retrieval import Deadline, LegPools
from query.understanding import folded
from rerank.document_facts import Reading
from rerank.person import DEEDS_READ
from tandem.behaviour import Deed, Who
from tandem.catalog.catalog import Catalog
from tandem.catalog.urls import is_server
from tandem.documents import Document
from tandem.errors import EngineUnavailable
from tandem.lexical import TextWord
from tandem.protocols import FloatMatrix, FloatVector
from tandem.rankings import Degradation
from tandem.telemetry import UNMETERED, Meter

Answer = TypeVar("Answer")

PAST: Final = "profile"
FACTS: Final = "rerank"
"""The pools, and what a reply lacks where what is read in them did not come."""

THREADS = 4
"""For each of these two; see ``query.retrieval.CATALOGUE_THREADS``."""

READING_SECONDS = 0.3
"""The longest that a search waits for somebody's past; a read takes a few thousandths."""

ENOUGH_SECONDS = 0.05
"""What does not come within so long counts as missing, as ``query.breaker`` says."""


class SignalReads:
    """Of one collection. Thread-safe. Nothing is opened before somebody asks."""

    def __init__(self, catalog: Catalog, collection: str, meter: Meter = UNMETERED) -> None:
        self._meter = meter
        self._catalog = catalog
        self._collection = collection
        self._is_on_server = is_server(catalog.engine.url)
        self._pools = LegPools({PAST: THREADS, FACTS: THREADS}, enough_seconds=ENOUGH_SECONDS)
        self._trouble = LastingTrouble("searches do not know who asks")

    def past(self, who: Who, as_of: int, seconds: float) -> Sequence[Deed] | Degradation:
        """See ``rerank.scenes.PastReader``."""
        call = partial(self._deeds, who, as_of)
        if not self._is_on_server:
            return call()
        deadline = Deadline.after_ms(1_000 * min(READING_SECONDS, seconds))
        answers = self._pools.ask({PAST: call}, deadline)
        if answers.degraded:
            (missing,) = answers.degraded
            self._trouble.tell(EngineUnavailable(f"the event log: {missing.reason}"))
            return missing
        return answers.by_leg[PAST]

    def _deeds(self, who: Who, as_of: int) -> Sequence[Deed] | Degradation:
        if as_of == 0:
            return ()
        try:
            log = self._catalog.events.behaviour(self._collection)
            deeds = log.deeds_of(who, as_of=as_of, limit=DEEDS_READ)
        except Exception as error:  # whatever it is, the search has its answers already
            self._trouble.tell(error)
            return Degradation(PAST, "error")
        self._trouble.is_over()
        return deeds

    def reading(self, opened: OpenGeneration) -> Reading:
        """How a generation's indexes are read."""
        in_time = _at_once if opened.is_in_process else self._apart

        def documents(ids: Collection[str], seconds: float) -> Mapping[str, Document]:
            return opened.indexed(ids, seconds)

        def vectors(ids: Collection[str]) -> Mapping[str, FloatMatrix]:
            return opened.vector.index.vectors(ids)

        def words(text: str, seconds: float) -> Sequence[TextWord]:
            asked = partial(opened.lexical.index.words, text, timeout_seconds=seconds)
            return in_time(asked, seconds)

        def count() -> int:
            return in_time(opened.lexical.index.count, READING_SECONDS)

        def vector(text: str) -> FloatVector | None:
            found = opened.asking.remembered(folded(text))
            self._meter.cache("query_vectors", int(found is not None), int(found is None))
            return found

        analyse = analyser(analysis_of(opened.generation))
        return Reading(documents, vectors, words, count, analyse, vector, self._apart)

    def _apart(self, call: Callable[[], Answer], seconds: float) -> Answer:
        """What the call gives.

        Raises:
            EngineUnavailable: nothing, within so many seconds.
        """
        answers = self._pools.ask({FACTS: call}, Deadline.after_ms(1_000 * seconds))
        if answers.degraded:
            raise EngineUnavailable(f"an index: {answers.degraded[0].reason}")
        return answers.by_leg[FACTS]

    def close(self) -> None:
        """Read no more."""
        self._pools.close()


def _at_once(call: Callable[[], Answer], seconds: float) -> Answer:  # noqa: ARG001 - no waiting
    return call()
