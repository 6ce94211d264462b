"""What searches a collection: its configurations, and the pipeline over one of its generations."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import orjson

from api.generation import OpenGeneration
from api.lasting import LastingTrouble
from api.learned import LearnedOrders, Order
from api.personal import PersonalOrders
from api.tuned import lexical_scoring, with_search
from query.configurations import (
    DEFAULT,
    LEXICAL,
    VECTOR,
    SearchConfiguration,
    configurations,
    named,
)
from query.frozen import FrozenPages
from query.legs import Legs
from query.parts import Parts
from query.past_queries import PastQueries
from query.pipeline import SearchPipeline
from query.retrieval import LegPools, search_pools
from query.rules_file import RulesFile
from query.suggesting import Suggester
from rerank.completed_scores import CompletedScoreReranker
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import NO_SEARCH, Release
from tandem.errors import FieldError
from tandem.fusion import LegFusion
from tandem.protocols import Reranker
from tandem.schema import Schema
from tandem.scoring import LexicalScoring
from tandem.sections import LegSettings, SearchSettings
from tandem.telemetry import UNMETERED, Meter, logger


class Searching:
    """Shared by all searches of a collection: pools, breakers and what the settings say."""

    def __init__(
        self,
        settings: SearchSettings,
        catalog: Catalog,
        collection: str,
        meter: Meter = UNMETERED,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._collection = collection
        self._pools = search_pools()
        self._tuned: dict[str | None, SearchSettings] = {None: settings}
        self._configurations = configurations(
            _fusion(settings), depth=settings.depth, budget_ms=settings.budget_ms
        )
        self._stray = LastingTrouble("a weight counts for nothing")
        self._personal = PersonalOrders(catalog, collection, settings)
        self._orders = LearnedOrders(
            catalog, collection, self._untrained, self.scoring_of, settings, meter
        )

    def _untrained(self, schema: Schema, release: Release) -> Reranker:
        settings = self.settings_of(release)
        shares = {leg: its.share for leg, its in _legs(settings).items()}
        return self._personal.over(CompletedScoreReranker(shares, settings.fusion), schema)

    def settings_of(self, release: Release) -> SearchSettings:
        """The settings with what the release has of its own. What this version cannot read of that
        is told once, and left out: people search.
        """
        found = self._tuned.get(release.search)
        if found is None:
            try:
                found = with_search(self._settings, orjson.loads(release.search or NO_SEARCH))
            except ValueError as error:
                logger("api").warning("the search of release %s: %s", release.number, error)
                found = self._settings
            self._tuned[release.search] = found
        return found

    def scoring_of(self, release: Release) -> LexicalScoring:
        """How a release's searches score words."""
        return lexical_scoring(self.settings_of(release))

    def _legs(self, release: Release, opened: OpenGeneration) -> Legs:
        """A weight of what is no text field counts for nothing, which is told."""
        scoring = self.scoring_of(release)
        try:
            scoring.check(opened.generation.schema.text_fields)
        except FieldError as error:
            self._stray.tell(error)
        return opened.legs(scoring)

    def begin(self) -> None:
        """Follow what people do and what documents become: for processes that answer many searches.
        Another one's orders know nothing of it.
        """
        self._orders.begin()

    def wake(self) -> None:
        """Somebody has done something, which is in the event log."""
        self._orders.wake()

    def wait(self, seconds: float) -> bool:
        """Wait until what people did is known; whether it came to that."""
        return self._orders.wait(seconds)

    def wait_for(self, position: int, seconds: float) -> bool:
        """As ``wait``, of what is in the event log up to a position."""
        return self._orders.wait_for(position, seconds)

    def take_up(self, release: Release, opened: OpenGeneration) -> None:
        """Have the model of a release at hand before it goes live; one that cannot be used is told,
        here and in every answer.

        Raises:
            CatalogError: the catalogue does not answer.
        """
        self._orders.take_up(release, opened)

    @cached_property
    def rules(self) -> RulesFile:
        """The rules in force. Opened by the first search: who only indexes needs none.

        Raises:
            SettingsError: the file cannot be read, or is broken.
        """
        return RulesFile(self._settings.rules)

    def rules_state(self, schema: Schema) -> str:
        """How the rules are over a schema: ``ok``; ``outdated``, if the file is broken and those
        that it had before are in force; ``unfit``, if boosts are left out.

        Raises:
            SettingsError: there are none yet, and the file cannot be read, or is broken.
        """
        in_force = self.rules.current()
        if self.rules.fault is not None:
            return "outdated"
        return "ok" if in_force.fit(schema) else "unfit"

    def configuration(self, name: str | None = None) -> SearchConfiguration:
        """The configuration of that name, or the default one.

        Raises:
            QueryError: there is none.
        """
        return named(self._configurations, DEFAULT if name is None else name)

    def pipeline(
        self, release: Release, opened: OpenGeneration, configuration: SearchConfiguration
    ) -> SearchPipeline:
        """The pipeline of everybody's searches over one generation."""
        frozen = FrozenPages(
            lambda: self._catalog.frozen,
            self._pools,
            collection=self._collection,
            generation=opened.generation.number,
            seconds=60 * self._settings.cursor_minutes,
        )
        order = self._orders.of(release, opened)
        return self._over(release, opened, configuration, order, self._pools, frozen)

    def pipeline_apart(
        self,
        release: Release,
        opened: OpenGeneration,
        configuration: SearchConfiguration,
        pools: LegPools,
    ) -> SearchPipeline:
        """One over pools of its own, that nobody's searches wait for, and of first pages alone. The
        release's model orders, over whatever generation.
        """
        order = self._orders.order(release, opened)
        return self._over(release, opened, configuration, order, pools, None)

    def _over(
        self,
        release: Release,
        opened: OpenGeneration,
        configuration: SearchConfiguration,
        order: Order,
        pools: LegPools,
        frozen: FrozenPages | None,
    ) -> SearchPipeline:
        if release.search is not None:
            settings = self.settings_of(release)
            fusion, depth = _fusion(settings), settings.depth
            configuration = replace(configuration, fusion=fusion, depth=depth)
        return SearchPipeline(
            Parts(
                release=release.number,
                schema=opened.generation.schema,
                configuration=configuration,
                legs=self._legs(release, opened),
                pools=pools,
                reranker=order.reranker,
                documents=opened,
                frozen=frozen,
                rules=self.rules.current(),
                corrects=self._settings.correct_spelling,
                incomplete=opened.incomplete | self._orders.incomplete(order),
                explainer=order.explainer,
            )
        )

    def suggester(self, opened: OpenGeneration, past: PastQueries, budget_ms: float) -> Suggester:
        """What suggests titles of one generation, and past queries, within that time."""
        return Suggester(
            opened.lexical.index,
            opened.generation.schema,
            self._pools,
            past,
            is_whole=opened.lexical.is_whole,
            budget_ms=budget_ms,
        )

    def close(self) -> None:
        """Ask nothing any more."""
        self._pools.close()
        self._personal.close()
        self._orders.close()


def _legs(settings: SearchSettings) -> Mapping[str, LegSettings]:
    return {LEXICAL: settings.lexical, VECTOR: settings.vector}


def _fusion(settings: SearchSettings) -> Mapping[str, LegFusion]:
    return {leg: LegFusion(its.k, its.weight) for leg, its in _legs(settings).items()}
