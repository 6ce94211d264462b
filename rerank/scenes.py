"""Sets the scene of a query: reads all that signals need, in time and as of one position.

What people did is read first, as that position is what everything else must not be later than.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from rerank.behaviour import Behaviour, Past
from rerank.everyone import Everyone
from rerank.facts import Facts, FactsSource, Need
from rerank.person import Person
from rerank.scene import SHARES, Scene
from rerank.signals.registry import Feature, Reads, needs
from rerank.tables import Tables
from rerank.time_left import time_left
from tandem.behaviour import Deed, Who
from tandem.queries import Query
from tandem.rankings import Degradation, Ranking
from tandem.schema import Schema

SHARE_FOR_PAST: Final = 0.5
"""How much of its time reading the person's past may use up: the rest is for documents."""

OF_DOCUMENTS: Final[frozenset[Reads]] = frozenset({"documents", "words", "engines"})

PastReader = Callable[[Who, int, float], Sequence[Deed] | Degradation]
"""Somebody's last ``DEEDS_READ`` deeds up to a position in the log, oldest first, within so many
seconds, or why they cannot be had.
"""

UNREAD = Degradation("profile", "unavailable")
"""So much was done while the past was read that its end is not at hand."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What signals read: the person's ``past``, the query's ``words``, and of the ``documents``
    that are candidates, and the ``past_documents`` that the past names, so much; ``None`` for
    nothing of them.
    """

    past: bool
    words: bool
    documents: frozenset[Need] | None
    past_documents: frozenset[Need] | None

    @classmethod
    def of(cls, features: Iterable[Feature]) -> "Needs":
        """Of features."""
        chosen = [*features]
        reading = [
            feature for feature in chosen if not OF_DOCUMENTS.isdisjoint(feature.signal.reads)
        ]
        own = [feature for feature in reading if feature.signal.is_personal]
        return cls(
            past=any(feature.signal.is_personal for feature in chosen),
            words=any("words" in feature.signal.reads for feature in reading),
            documents=needs(reading) if reading else None,
            past_documents=needs(own) if own else None,
        )


class Asked(NamedTuple):
    """A query of a collection, and what may answer it."""

    query: Query
    schema: Schema
    candidates: Ranking

    @property
    def who(self) -> Who:
        """Whose past counts."""
        return Who(self.query.user_id, self.query.client_id, self.query.session_id)

    @property
    def is_by_somebody(self) -> bool:
        """Whether a past can be known of who asks."""
        return any(name is not None for name in self.who)

    @property
    def seconds(self) -> float:
        """When it was asked, since 1970."""
        return self.query.issued_at.timestamp()


class Seen(NamedTuple):
    """A scene, and what it lacks that could be had at another time."""

    scene: Scene
    degraded: tuple[Degradation, ...] = ()


def people_of(asked: Asked, everyone: Everyone, past: Past | None, tables: Tables) -> Scene:
    """The scene as far as people make it; without a past nobody is known to ask."""
    usual = everyone.totals.rating_mean
    person = Person(usual_rating=usual, seconds=asked.seconds)
    if past is not None:
        person = replace(person, who=past.who, deeds=past.deeds)
    return Scene(
        asked.query,
        asked.schema,
        asked.candidates,
        asked.seconds,
        everyone=everyone,
        person=person,
        tables=tables,
        as_of=everyone.as_of,
    )


def with_documents(scene: Scene, facts: FactsSource, wanted: Needs, until: float) -> Scene:
    """The scene with what signals need to know of documents, which must come until then, a
    moment of ``time.monotonic``.

    Raises:
        EngineUnavailable: it does not come.
    """
    past: Mapping[str, Facts] = {}
    found: Mapping[str, Facts] = {}
    if wanted.past_documents is not None and scene.person.document_ids:
        past = facts.of(scene.person.document_ids, time_left(until), wanted.past_documents)
    if wanted.documents is not None and len(scene):
        found = facts.of(scene.document_ids, time_left(until), wanted.documents)
    text = scene.query.text
    words = facts.words(text, time_left(until)) if wanted.words else ()
    vector = facts.vector(text) if "vectors" in (wanted.documents or ()) else None
    return replace(scene, facts=found, past_facts=past, words=words, query_vector=vector)


class Scenery:
    """Sets scenes over one generation of a collection's documents. Thread-safe."""

    def __init__(
        self,
        schema: Schema,
        facts: FactsSource,
        past: PastReader,
        behaviour: Behaviour,
        shares: Mapping[str, float] = SHARES,
    ) -> None:
        """``shares``: what each leg's score is worth in the order that nothing has trained."""
        self._schema = schema
        self._facts = facts
        self._past = past
        self._behaviour = behaviour
        self._shares = shares
        self._needed: tuple[Sequence[Feature], Needs] = ((), Needs.of(()))

    @property
    def position(self) -> int:
        """How far the event log was read by now."""
        return self._behaviour.position

    def scene(
        self,
        query: Query,
        candidates: Ranking,
        features: Sequence[Feature],
        *,
        tables: Tables,
        timeout_seconds: float,
    ) -> Seen:
        """The scene of a query with all that ``features`` need. Where the person's past does not
        come, it is without, and says so.

        Raises:
            EngineUnavailable: what is needed of documents does not come in time.
        """
        until = time.monotonic() + timeout_seconds
        wanted = self._needs(features)
        asked = Asked(query, self._schema, candidates)
        read: _Read | None = None
        if wanted.past and asked.is_by_somebody:
            read = self._read(asked, SHARE_FOR_PAST * timeout_seconds)
        if read is None or isinstance(read, Degradation):
            everyone, past = self._behaviour.of(candidates.document_ids, asked.seconds), None
        else:
            everyone, past = read
        scene = replace(people_of(asked, everyone, past, tables), shares=self._shares)
        missing = (read,) if isinstance(read, Degradation) else ()
        return Seen(with_documents(scene, self._facts, wanted, until), missing)

    def _needs(self, features: Sequence[Feature]) -> Needs:
        """Of the last features again, mostly: a model's are the same at every search."""
        known, needed = self._needed
        if known is not features:
            needed = Needs.of(features)
            self._needed = features, needed
        return needed

    def _read(self, asked: Asked, seconds: float) -> "_Read":
        """The person's past, and what everyone did up to the same position."""
        as_of = self._behaviour.position
        deeds = self._past(asked.who, as_of, seconds)
        if isinstance(deeds, Degradation):
            return deeds
        past = Past(asked.who, deeds, as_of)
        both = self._behaviour.beside(past, asked.candidates.document_ids, asked.seconds)
        return UNREAD if both is None else both


_Read = tuple[Everyone, Past] | Degradation
