"""What a person likes, as far as their own past says it: a fold over their events.

Nothing is trained and nothing is kept: the same events give the same profile, whoever folds them,
and what lies after ``as_of`` in the event log has no influence.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rerank.deeds import CHOOSING, RATING
from tandem.catalog.event_rows import Recorded
from tandem.documents import AttributeValue, Document
from tandem.events import Event
from tandem.fields import FieldType
from tandem.schema import Schema

EVENTS_READ = 200
"""A profile is made of a person's last so many events."""

PRIOR_EVENTS = 5
"""Weight of knowing nothing, in events: after five clicks, all on one value, its share is 1/2."""

DocumentsOf = Callable[[Collection[str]], Mapping[str, Document]]
"""Documents by id; those that are not known any more are left out."""


class PastEvents(Protocol):
    """What a profile needs of the event log."""

    def head(self) -> int:
        """The last sequence given out; 0 for an empty log."""
        ...

    def events_of(
        self, collection: str, user_id: str, *, as_of: int, limit: int
    ) -> Sequence[Recorded[Event]]:
        """The last at most ``limit`` events of a person up to ``as_of``."""
        ...


@dataclass(frozen=True, slots=True)
class Profile:
    """How often a person chose documents of each value. ``chosen`` maps a keyword field to its
    values' counts, ``choices`` to how many of the chosen documents have the field.
    """

    chosen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    choices: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the person."""
        return not self.choices

    def affinity(self, name: str, value: str) -> float:
        """The share of choices with that value in that field, shrunk to 0 where they are few:
        chosen / (choices + ``PRIOR_EVENTS``). From 0, where nothing is known, to below 1.
        """
        count = self.chosen.get(name, {}).get(value, 0)
        return count / (self.choices[name] + PRIOR_EVENTS) if count else 0.0

    def affinity_to(self, document: Document) -> float | None:
        """The mean over the document's fields that the profile knows, each by the value that the
        person likes best; ``None`` if there is no such field.
        """
        held = {name: keywords(document.attributes.get(name)) for name in self.choices}
        best = [
            max(self.affinity(name, value) for value in values)
            for name, values in held.items()
            if values
        ]
        return sum(best) / len(best) if best else None


NOBODY = Profile()
"""Of whom nothing is known."""


def keyword_fields(schema: Schema) -> tuple[str, ...]:
    """The fields that profiles are made of, in order."""
    return tuple(item.name for item in schema.fields if item.type is FieldType.KEYWORD)


def keywords(value: AttributeValue | None) -> tuple[str, ...]:
    """An attribute's keywords, each once; none where it holds something else."""
    if isinstance(value, str):
        return (value,)
    return tuple(dict.fromkeys(value)) if isinstance(value, tuple) else ()


def fold(events: Iterable[Event], documents: DocumentsOf, fields: Collection[str]) -> Profile:
    """The profile that these events of one person make, over the values of ``fields``.

    An event on a document that is not known any more says nothing.
    """
    ids = _chosen_ids(events)
    known = documents(dict.fromkeys(ids)) if ids and fields else {}
    chosen: dict[str, Counter[str]] = {}
    choices: Counter[str] = Counter()
    for document in (known[item] for item in ids if item in known):
        for name in fields:
            values = keywords(document.attributes.get(name))
            if values:
                choices[name] += 1
                chosen.setdefault(name, Counter()).update(values)
    return Profile(chosen, choices)


def _chosen_ids(events: Iterable[Event]) -> list[str]:
    """One id an event by which a document was chosen or liked: a rating below the person's own mean
    counts for nothing.
    """
    past = list(events)
    ratings = [event.value for event in past if event.action == RATING and event.value is not None]
    mean = sum(rating / len(ratings) for rating in ratings)  # of huge ones the sum is no number
    return [
        event.document_id
        for event in past
        if event.document_id is not None
        and (
            event.action in CHOOSING
            or (event.action == RATING and event.value is not None and event.value >= mean)
        )
    ]


@dataclass(frozen=True, slots=True)
class ProfileReader:
    """Reads profiles from the event log of one collection."""

    log: PastEvents
    collection: str
    documents: DocumentsOf

    def read(self, user_id: str, fields: Collection[str], as_of: int | None = None) -> Profile:
        """A person's profile as of a position in the event log, by default its end."""
        position = self.log.head() if as_of is None else as_of
        past = self.log.events_of(self.collection, user_id, as_of=position, limit=EVENTS_READ)
        return fold([row.what for row in past], self.documents, fields)
