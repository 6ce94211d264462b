"""What a server searches: the collection of the settings, for as long as the process lives.

With servers for engines this process only searches, and takes up by itself what another one made
live. With embedded engines its owner does that, and here is only seen how the catalogue is. Who
searches never waits for the catalogue: it is asked in a thread of its own.
"""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from api.bootstrap import House
from api.collection import OpenCollection
from api.document_desk import DocumentDesk
from api.erasure_intake import ErasureIntake
from api.event_intake import EventIntake
from api.healths import Healths, engine_of, obstacle
from api.impressions import ImpressionWriter, is_sampled
from api.judging import desk_of
from api.live import ReleaseWatch
from api.look import AT_WORK
from api.metrics import Sight
from api.past_queries import PastQueriesWatch
from api.retention import Retention
from api.sights import Sights
from query.configurations import LEXICAL, VECTOR
from query.rules_file import RulesFile
from query.suggesting import Suggested
from tandem.catalog.event_log import EventLog
from tandem.documents import Document
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import CatalogError, CollectionNotFound, SearchUnavailable, TandemError
from tandem.queries import Query
from tandem.rankings import REBUILDING, Degradation, SearchResult
from tandem.stores import EngineHealth
from tandem.telemetry import logger

SILENCE_SECONDS = 5.0
"""How long the catalogue may take to say what is live before it is told that it is silent."""

READ_SECONDS = 2.0
"""How long the lexical index may take for one document."""

CATALOGUE: Final = "catalogue"
"""What a reply names as missing where the last known release has answered it."""

ANSWERING = {*AT_WORK, REBUILDING}
"""What a leg is that answers, if with a part of what it should have."""


class NotReady(TandemError):
    """No search can be answered now."""

    code = "not_ready"


class Stopping(TandemError):
    """The process is to end: what it still answers is what it has in hand."""

    code = "stopping"


class Serving:
    """The collection as a server has it. Thread-safe. ``stopping`` is set when the process is to
    end: from then on it is not ready, and what would go on for long ends soon.
    """

    def __init__(self, house: House) -> None:
        """Look for the collection; where it cannot be had, go on looking.

        Raises:
            SettingsError: the file of rules cannot be read, or is broken.
        """
        RulesFile(house.settings.search.rules)  # refused at the start: later ones would be left out
        self.stopping = threading.Event()
        self._house = house
        self._name = house.settings.collection
        self._collection: OpenCollection | None = None
        self._fault: BaseException | None = None
        self._asking_since: float | None = None
        self._impressions = ImpressionWriter(house.catalog, self._name, meter=house.meter)
        self.events = EventIntake(
            lambda: house.catalog.events, self._name, self._impressions.flush, self._wake
        )
        self.document_desk = DocumentDesk(
            house, self._name, self.collection, self.stopping.is_set, self._look
        )
        self.erasures = ErasureIntake(house.catalog, self._name, self._impressions.flush)
        self.judging = desk_of(house.settings)
        engines = house.settings.engines
        self._healths = Healths(
            self._health, {LEXICAL: engine_of(engines.lexical), VECTOR: engine_of(engines.vector)}
        )
        self._sights = Sights(lambda: self._collection)
        with suppress(TandemError):  # the watch logs it and tries again, and who asks is told
            self._look()
        self._watch = ReleaseWatch(self._look)
        days = house.settings.search.past_queries_days
        self._past = PastQueriesWatch(self._events, self._name, days=days)
        self._retention = self._forgetting() if house.ownership is None else None

    def collection(self) -> OpenCollection:
        """The collection.

        Raises:
            CollectionNotFound: nothing was indexed under that name yet.
            SearchUnavailable: it could not be opened yet.
        """
        if self._collection is not None:
            return self._collection
        fault = self._fault  # the watch may exchange it meanwhile
        if isinstance(fault, CollectionNotFound):
            raise CollectionNotFound(str(fault), hint=fault.hint)
        raise SearchUnavailable(
            f"the collection {self._name!r} could not be opened yet",
            hint="it is tried again; the log of tandem serve says why",
        )

    def record(self, result: SearchResult) -> None:
        """Put down what was shown, soon; nobody waits for it."""
        self._impressions.add(result)

    def keeps_features(self, query: Query) -> bool:
        """Whether the query is one of those whose features are kept for whoever learns."""
        return is_sampled(query.query_id, self._house.settings.search.feature_log_share)

    def suggest(
        self,
        prefix: str,
        filters: Mapping[str, Any],
        limit: int,
        budget_ms: float,
        forced: Mapping[str, Any] | None = None,
    ) -> Suggested:
        """Titles, and what others have searched for, within that time; see ``Suggester``.

        Raises:
            QueryError: the prefix is too long or no text, or the limit out of range.
            FilterError: a filter that the schema does not allow.
        """
        past = self._past.current
        return self.collection().suggest(
            prefix, filters, limit, past, forced=forced, budget_ms=budget_ms
        )

    def document(self, document_id: str) -> Document | None:
        """The document as the live release has it; ``None`` where it is gone.

        Raises:
            CollectionNotFound: nothing was indexed under that name yet.
            SearchUnavailable: neither the index nor the log gives it.
        """
        with self.collection().held() as (_, opened):
            with suppress(TandemError):  # the log knows too, and alone says what is gone
                found = opened.indexed([document_id], READ_SECONDS)
                if document_id in found:
                    return found[document_id]
            try:
                return opened.logged([document_id]).get(document_id)
            except TandemError as error:
                logger("api").warning("a document to be judged cannot be read: %s", error)
                raise SearchUnavailable(
                    "the document cannot be read now", hint="the log of tandem serve says why"
                ) from error

    def degraded(self) -> tuple[Degradation, ...]:
        """What every answer lacks now: the catalogue, if it does not say what is live."""
        return () if self._is_known() else (Degradation(CATALOGUE, "unavailable"),)

    def readiness(self) -> dict[str, Any]:
        """How the catalogue and each leg are, where a search can be answered.

        Raises:
            NotReady: it cannot; the hint says what to do.
            Stopping: the process is to end.
        """
        if self.stopping.is_set():
            raise Stopping("the server ends", hint="ask another one, or this one when it is back")
        try:
            collection = self.collection()
        except TandemError as error:
            raise NotReady(f"no search can be answered: {error}", hint=error.hint) from error
        legs = self._legs(collection)
        if not any(leg["state"] in ANSWERING for leg in legs.values()):
            states = ", ".join(f"{leg} {told['state']}" for leg, told in legs.items())
            raise NotReady(
                f"no search can be answered: {states}",
                hint="see tandem status, and the log of tandem serve",
            )
        return {
            "collection": self._name,
            "release": collection.release.number,
            "taken_up": self._fault is None or isinstance(self._fault, CatalogError),
            "catalogue": "ok" if self._is_known() else "unreachable",
            "rules": collection.searching.rules_state(collection.generation.schema),
            "legs": legs,
        }

    def sight(self) -> Sight:
        """What the metrics tell of the collection."""
        return self._sights.now(catalogue_is_up=self._is_known())

    def close(self) -> None:
        """Look no more. What was shown is written first: the rest may wait for engines."""
        self._impressions.close()
        self.document_desk.close()
        self.erasures.close()
        self._past.close()
        if self._retention is not None:
            self._retention.close()
        self._watch.close()
        self._healths.close()
        self._sights.close()

    def _forgetting(self) -> Retention:
        """Where nobody has to follow beside the server, it is the one that forgets; where somebody
        does, both may.
        """

        def served() -> list[str]:
            return [] if self._collection is None else [self._name]

        return Retention(self._house, served, lambda _name: None)

    def _look(self) -> bool:
        """Find the collection and take up what is live; whether that is another release."""
        fault: BaseException | None = None
        try:
            self._ask_catalogue()
            return self._take_up()
        except CollectionNotFound as missing:
            fault = missing
            return False
        except BaseException as error:
            fault = error
            raise
        finally:
            self._fault = fault

    def _ask_catalogue(self) -> None:
        """Whether it answers: what is done then takes its own time, which is not the catalogue's.

        Raises:
            CatalogError: it does not.
        """
        self._asking_since = time.monotonic()
        self._house.has_collection(self._name)
        self._asking_since = None

    def _take_up(self) -> bool:
        collection = self._house.collection(self._name)
        is_changed = False
        if self._house.ownership is None:
            self._begin_to_load_all()
            is_changed = collection.refresh()
            collection.close_dropped()
        collection.begin_to_load()
        collection.searching.begin()
        self._collection = collection
        if self._house.ownership is None:
            collection.open_complete()  # last, as it may wait for engines
        return is_changed

    def _wake(self) -> None:
        """Somebody has done something, which counts for the next search."""
        if self._collection is not None:
            self._collection.searching.wake()

    def _begin_to_load_all(self) -> None:
        """Whichever generation goes live next, one that is being built included: its model is at
        hand when it does.
        """
        for generation in self._house.catalog.releases.generations(self._name):
            embedder = self._house.embedders.of(generation.embedder, generation.dimension)
            if isinstance(embedder, LazyEmbedder):
                embedder.begin_to_load()

    def _is_known(self) -> bool:
        """Whether the catalogue says what is live."""
        since = self._asking_since
        is_silent = since is not None and time.monotonic() - since > SILENCE_SECONDS
        return not is_silent and not isinstance(self._fault, CatalogError)

    def _events(self) -> EventLog | None:
        return self._house.catalog.events if self._house.catalog.has_events() else None

    def _health(self, leg: str) -> EngineHealth:
        return (self._house.lexical_store if leg == LEXICAL else self._house.vector_store).health()

    def _legs(self, collection: OpenCollection) -> dict[str, dict[str, str]]:
        legs = {}
        for leg, health in self._healths.ask().items():
            state = health.state
            if state in AT_WORK:
                state = obstacle(collection, leg) or state
            legs[leg] = {"engine": health.engine, "version": health.version, "state": state}
        return legs
