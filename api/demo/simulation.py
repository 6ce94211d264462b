"""Simulated readers search the demo's collection, and click: searches that really run, in rounds.

In each round every reader asks one of the judged queries: the likelier, the nearer its best answers
are to the reader's subject. What was shown, the features of it and what was clicked go into the
event log, as they would of people, and the next round knows all of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from api.collection import OpenCollection
from api.demo.judgments import Judgments
from api.demo.readers import Reader, examined
from api.impressions import impression_of
from tandem.errors import EngineUnavailable, SearchUnavailable
from tandem.events import Event, Impression
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import SearchResult

SOURCE = "simulation"

BETWEEN_ROUNDS = timedelta(days=1)
BETWEEN_READERS = timedelta(minutes=1)
BEFORE_A_CLICK = timedelta(seconds=10)

OTHER_SUBJECT = 0.02
"""Added to a reader's interest in a query's best answers; the square of it is how likely the query
is asked."""

EXACTLY_IT = 3
"""The best grade; each judged query has such an answer."""

KNOWN_SECONDS = 60.0
SEARCH_MS = 60_000

Attributes = Mapping[str, Mapping[str, Any]]
"""document_id -> attributes."""

Report = Callable[[], None]
"""Called after each round."""


@dataclass(frozen=True)
class Simulation:
    """Who searches for what, how often, and when the last round ends. The same for the same seed,
    over the same documents.
    """

    readers: Sequence[Reader]
    judged: Judgments
    attributes: Attributes
    rounds: int
    ends_at: datetime
    seed: int = 0

    def queries(self, number: int) -> list[Query]:
        """What the readers ask in a round, counted from 1, in order of time."""
        begins = self.ends_at - (self.rounds - number + 1) * BETWEEN_ROUNDS
        return [
            Query(
                self.judged.queries[self._chosen(reader, number)],
                query_id=f"{reader.user_id}-{number:02}",
                user_id=reader.user_id,
                session_id=f"{reader.user_id}-{number:02}",
                issued_at=begins + place * BETWEEN_READERS,
                budget_ms=SEARCH_MS,
                wants_highlights=False,
                wants_features=True,
            )
            for place, reader in enumerate(self.readers)
        ]

    def _chosen(self, reader: Reader, number: int) -> str:
        """The id of the judged query."""
        lot = self._lot(reader, number, 0)
        return str(lot.choice(list(self.judged.queries), p=self._chances[reader.user_id]))

    @cached_property
    def _chances(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """user_id -> how likely each of the judged queries is asked."""
        best = [
            [self.attributes.get(name, {}) for name, grade in grades.items() if grade == EXACTLY_IT]
            for grades in self.judged.qrels.values()
        ]
        weights = {
            reader.user_id: np.array([_pull(reader, documents) for documents in best])
            for reader in self.readers
        }
        return {user_id: found / found.sum() for user_id, found in weights.items()}

    def clicks(self, reader: Reader, number: int, shown: Impression) -> list[Event]:
        """What the reader clicks of what was shown in a round, from the top down."""
        lot = self._lot(reader, number, 1)
        grades = self._grades[shown.query_text]
        clicked = []
        for exposure in shown.exposures:
            name, position = exposure.document_id, exposure.position
            appeal = reader.appeal(grades.get(name, 0), self.attributes.get(name, {}))
            if lot.random() < examined(position) * appeal:
                clicked.append((name, position))
        return [
            Event(
                event_id=f"{shown.query_id}-{position}",
                action="click",
                timestamp=shown.timestamp + place * BEFORE_A_CLICK,
                document_id=name,
                user_id=reader.user_id,
                session_id=shown.session_id,
                query_id=shown.query_id,
                position=position,
            )
            for place, (name, position) in enumerate(clicked, start=1)
        ]

    @cached_property
    def _grades(self) -> Mapping[str, Mapping[str, int]]:
        """Query text -> document_id -> grade."""
        return {text: self.judged.qrels[name] for name, text in self.judged.queries.items()}

    def _lot(self, reader: Reader, number: int, what: int) -> np.random.Generator:
        """Of its own for each reader and round: what was drawn before does not matter."""
        return np.random.default_rng((self.seed, what, number, *reader.user_id.encode()))


def _pull(reader: Reader, best: Sequence[Mapping[str, Any]]) -> float:
    """How much a query draws a reader, by the attributes of its best answers."""
    return (OTHER_SUBJECT + mean(map(reader.interest, best))) ** 2


class Simulated(NamedTuple):
    """What was put into the event log."""

    searches: int
    clicks: int


def simulate(target: OpenCollection, simulation: Simulation, report: Report) -> Simulated:
    """Have the readers search and click. A round that is in the event log is not repeated.

    Raises:
        EngineUnavailable: what was done does not become known to searches.
        SearchUnavailable: a query was answered only in part, which nobody should learn from.
    """
    target.searching.begin()
    searcher, done = target.searcher(), Simulated(0, 0)
    for number in range(1, simulation.rounds + 1):
        queries = simulation.queries(number)
        ids = [query.query_id for query in queries]
        if not target.catalog.events.known_queries(target.name, ids):
            catch_up(target)
            results = [_whole(searcher.search(query)) for query in queries]
            made = _put_down(target, simulation, number, results)
            done = Simulated(done.searches + len(queries), done.clicks + made)
        report()
    return done


def _whole(result: SearchResult) -> SearchResult:
    if result.degraded:
        told = ", ".join(f"{lack.leg}: {lack.reason}" for lack in result.degraded)
        raise SearchUnavailable(
            f"a simulated reader's search was answered in part: {told}",
            hint="see tandem status; run tandem demo again, which goes on from here",
        )
    return result


def catch_up(target: OpenCollection) -> None:
    """Wait until searches know of everything that is in the event log.

    Raises:
        EngineUnavailable: that takes too long.
    """
    head = target.catalog.events.head()
    if not target.searching.wait_for(head, KNOWN_SECONDS):
        raise EngineUnavailable(f"the event log was not read within {KNOWN_SECONDS:.0f} s")


def _put_down(
    target: OpenCollection, simulation: Simulation, number: int, results: Sequence[SearchResult]
) -> int:
    """Put a round into the event log in one piece; how many clicks it has."""
    words: list[Event | Impression] = []
    features: list[tuple[str, FeatureMatrix]] = []
    for reader, result in zip(simulation.readers, results, strict=True):
        shown = impression_of(result)
        words += [shown, *simulation.clicks(reader, number, shown)]
        if result.features is not None:
            features.append((shown.query_id, result.features))
    target.catalog.events.features.keep(target.name, features)
    target.catalog.events.append(target.name, SOURCE, words)
    return sum(isinstance(word, Event) for word in words)
