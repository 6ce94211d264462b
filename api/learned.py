"""The orders of a collection's searches: a release's model's, or the one without a model."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from api.behaving import BehaviourWatch
from api.generation import OpenGeneration
from api.lasting import LastingTrouble
from api.model_fitness import check_pair, check_scores, opened_model
from api.signal_reads import SignalReads
from api.watching import Watch
from rerank.answers import LEXICAL, VECTOR
from rerank.behaviour import Behaviour
from rerank.document_facts import DocumentFacts
from rerank.learned_order import RERANK, LearnedOrder, SignalledOrder, Troubles
from rerank.model import Model
from rerank.scenes import Scenery, Seen
from rerank.signals.registry import Feature
from rerank.tables import Tables
from tandem.catalog.catalog import Catalog
from tandem.catalog.event_log import EventLog
from tandem.catalog.models import StoredModel
from tandem.catalog.releases import Generation, Release
from tandem.errors import CatalogError, ModelError
from tandem.protocols import Explainer, Reranker
from tandem.queries import Query
from tandem.rankings import Degradation, Ranking
from tandem.schema import Schema
from tandem.scoring import LexicalScoring
from tandem.sections import SearchSettings
from tandem.telemetry import UNMETERED, Meter

BROKEN: Final = Degradation("rerank", "error")
"""What every search lacks where the release's model cannot be used."""

FORGETTING_SECONDS = 0.5
"""What has changed in the indexes is read again no later than that, twice."""

CHANGES = 1_000
"""Read at once."""

KEPT = 4
"""Orders of so many releases are at hand: searches may still be at one that was live before."""

Untrained = Callable[[Schema, Release], Reranker]
"""The order without a model, over documents of a schema."""


class Order(NamedTuple):
    """How a release orders, and what says why. ``has_model``: what people do matters to it."""

    reranker: Reranker
    explainer: Explainer | None = None
    has_model: bool = False


class _Facts:
    """Of an open generation, and how far changes were forgotten: of two looks the earlier one, as
    what an index has applied may become readable a moment later.
    """

    def __init__(
        self, opened: OpenGeneration, reads: SignalReads, megabytes: int, meter: Meter
    ) -> None:
        self.opened = opened
        schema, reading = opened.generation.schema, reads.reading(opened)
        self.known = DocumentFacts(schema, reading, megabytes, meter)
        self._before = self._now = opened.applied()

    def forget(self, catalog: Catalog) -> None:
        """Read again what has changed in both indexes."""
        collection, after = self.opened.generation.collection, self._before
        self._before, self._now = self._now, self.opened.applied()
        while after < self._now:
            changed = catalog.documents.versions(collection, after, CHANGES)
            applied = [item for item in changed if item.sequence <= self._now]
            self.known.forget([item.document_id for item in applied])
            if len(applied) < CHANGES:
                return
            after = applied[-1].sequence


class _Scenes:
    """``Scenes`` over a generation, of what people did as it is known when one is asked for."""

    def __init__(
        self,
        facts: _Facts,
        reads: SignalReads,
        current: Callable[[], Behaviour],
        shares: Mapping[str, float],
    ) -> None:
        self._schema = facts.opened.generation.schema
        self._facts = facts.known
        self._past = reads.past
        self._current = current
        self._shares = shares

    @property
    def position(self) -> int:
        """See ``Scenes``."""
        return self._current().position

    def scene(
        self,
        query: Query,
        candidates: Ranking,
        features: Sequence[Feature],
        *,
        tables: Tables,
        timeout_seconds: float,
    ) -> Seen:
        """See ``Scenes``."""
        scenery = Scenery(self._schema, self._facts, self._past, self._current(), self._shares)
        return scenery.scene(
            query, candidates, features, tables=tables, timeout_seconds=timeout_seconds
        )


class _Held(NamedTuple):
    """A release's order, and over what: it holds on to what is known of its documents."""

    order: Order
    opened: OpenGeneration


_Kept = TypeVar("_Kept", _Facts, _Held)


def _of_open(kept: Mapping[int, _Kept]) -> dict[int, _Kept]:
    """What is kept of generations that are not closed."""
    return {number: each for number, each in kept.items() if not each.opened.is_closed}


class LearnedOrders:
    """Thread-safe. Until ``begin`` nothing is known of what people do."""

    def __init__(
        self,
        catalog: Catalog,
        collection: str,
        untrained: Untrained,
        scoring_of: Callable[[Release], LexicalScoring],
        settings: SearchSettings,
        meter: Meter = UNMETERED,
    ) -> None:
        """``scoring_of`` says how a release's searches score words."""
        self._catalog = catalog
        self._collection = collection
        self._untrained = untrained
        self._scoring_of = scoring_of
        self._facts_megabytes = settings.facts_megabytes
        self._shares = {LEXICAL: settings.lexical.share, VECTOR: settings.vector.share}
        self._meter = meter
        self._reads = SignalReads(catalog, collection, meter)
        self._lock = threading.Lock()
        self._orders: dict[int, _Held] = {}
        self._facts: dict[int, _Facts] = {}
        self._behaviour: BehaviourWatch | None = None
        self._forgetting: Watch | None = None

    def begin(self) -> None:
        """Follow what people do and what documents become, until ``close``."""
        with self._lock:
            if self._behaviour is not None:
                return
            self._behaviour = BehaviourWatch(self._events, self._collection)
            self._forgetting = Watch(
                "facts",
                self._forget,
                told="what changes in documents does not reach the order",
                every_seconds=FORGETTING_SECONDS,
            ).start()

    def wake(self) -> None:
        """Somebody has done something, which is in the event log."""
        if self._behaviour is not None:
            self._behaviour.wake()

    def wait(self, seconds: float) -> bool:
        """Wait until what people did is known; whether it came to that."""
        return self._behaviour is None or self._behaviour.wait(seconds)

    def wait_for(self, position: int, seconds: float) -> bool:
        """As ``wait``, of what is in the event log up to a position."""
        return self._behaviour is None or self._behaviour.wait_for(position, seconds)

    def incomplete(self, order: Order) -> frozenset[str]:
        """The order itself, while not all was read yet of what people did that matters to it."""
        watch = self._behaviour
        is_whole = watch is None or watch.is_whole or not order.has_model
        return frozenset() if is_whole else frozenset({RERANK})

    def take_up(self, release: Release, opened: OpenGeneration) -> None:
        """Make the order of a release that is going live: nothing is read for it in a search.

        Raises:
            CatalogError: the catalogue does not answer.
        """
        with self._lock:
            known = self._orders.get(release.number)
        if known is None or known.opened is not opened:
            known = _Held(self.order(release, opened), opened)
        with self._lock:
            self._orders[release.number] = known
            while len(self._orders) > KEPT:
                del self._orders[next(iter(self._orders))]

    def of(self, release: Release, opened: OpenGeneration) -> Order:
        """The order of a release over its generation; over another one that without a model."""
        known = self._orders.get(release.number)
        if known is None or opened.generation.number != release.generation:
            return Order(self._untrained(opened.generation.schema, release))
        return known.order

    def order(self, release: Release, opened: OpenGeneration) -> Order:
        """The order of a release over whatever generation. Where the model cannot be used
        that is told, here and in every answer.

        Raises:
            CatalogError: the catalogue does not answer.
        """
        schema, number = opened.generation.schema, release.model
        untrained = self._untrained(schema, release)
        scenes = _Scenes(self._facts_of(opened), self._reads, self._current, self._shares)
        logged = LastingTrouble("features are not kept with impressions")
        if number is None:
            return Order(SignalledOrder(untrained, schema, scenes, logged))
        trouble = LastingTrouble(f"searches have no learned order by model {number}")
        try:
            stored = self._catalog.models.get(number, self._collection)
            model = _fitting(stored, opened.generation, self._scoring_of(release))
            troubles = Troubles(trouble, logged)
            learned = LearnedOrder(model, schema, scenes, untrained, troubles, self._meter)
        except CatalogError:
            raise
        except Exception as error:  # whatever it is: people search
            trouble.tell(error)
            return Order(SignalledOrder(untrained, schema, scenes, logged, (BROKEN,)))
        return Order(learned, learned, has_model=True)

    def _facts_of(self, opened: OpenGeneration) -> _Facts:
        number = opened.generation.number
        with self._lock:
            found = self._facts.get(number)
        if found is None or found.opened is not opened:
            found = _Facts(opened, self._reads, self._facts_megabytes, self._meter)
            with self._lock:
                self._facts[number] = found
        return found

    def _current(self) -> Behaviour:
        return Behaviour() if self._behaviour is None else self._behaviour.current

    def _events(self) -> EventLog | None:
        return self._catalog.events if self._catalog.has_events() else None

    def _forget(self) -> None:
        with self._lock:
            self._facts = _of_open(self._facts)
            self._orders = _of_open(self._orders)
            known = list(self._facts.values())
        for facts in known:
            facts.forget(self._catalog)

    def close(self) -> None:
        """Follow and read no more."""
        if self._behaviour is not None:
            self._behaviour.close()
        if self._forgetting is not None:
            self._forgetting.close()
        self._reads.close()


def _fitting(stored: StoredModel, generation: Generation, scoring: LexicalScoring) -> Model:
    """The model, if the generation is built and words are scored as it needs it.

    Raises:
        ModelError: it cannot be read, or knows another embedder, analysis or scoring.
    """
    model = opened_model(stored)
    manifest = model.manifest
    verdicts = check_pair(manifest, generation), check_scores(manifest, generation, scoring)
    for verdict in verdicts:
        if not verdict.is_passed:
            raise ModelError(f"{verdict.gate}: {verdict.detail}", hint="train a model over it")
    return model
