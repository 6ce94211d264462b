"""What is known of the person who asks, as of a position in the event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rerank.deeds import CHOOSING, is_rating
from tandem.behaviour import Deed, Who

DEEDS_READ = 200
"""A person is known by their last so many deeds."""

SESSION_SECONDS = 1_800.0
"""What was done within the last half hour belongs to the session, whatever it was told as."""

SESSION_DOCUMENTS = 20
"""What somebody wants now is in the last so many documents that they chose."""

ACTION, DOCUMENT, SECONDS, VALUE, SESSION = map(
    Deed._fields.index, ("action", "document_id", "seconds", "value", "session_id")
)

PRIOR_RATINGS = 5
"""Weight of the mean of all people's ratings in a person's, in ratings."""


@dataclass(frozen=True)
class Person:
    """``deeds`` are on documents, oldest first, as the person asks at ``seconds`` since 1970.
    ``usual_rating`` is the mean of everyone's ratings, NaN where there are none.

    Of someone without any id nothing is known, and nothing can be.
    """

    who: Who = field(default_factory=Who)
    deeds: Sequence[Deed] = ()
    seconds: float = 0.0
    usual_rating: float = float("nan")

    @property
    def is_known(self) -> bool:
        """Whether somebody asks whose past can be known, be it empty."""
        return any(name is not None for name in self.who)

    @cached_property
    def _columns(self) -> tuple[Sequence[Any], ...]:
        """The deeds by what they say, each one's in order: so they are gone through the soonest."""
        return tuple(zip(*self.deeds, strict=True)) or ((),) * len(Deed._fields)

    @property
    def _documents(self) -> Sequence[str]:
        return self._columns[DOCUMENT]

    @cached_property
    def last(self) -> Mapping[str, Deed]:
        """document_id -> the last thing done with it, in the order in which they were first met."""
        return dict(zip(self._documents, self.deeds, strict=True))

    @cached_property
    def document_ids(self) -> tuple[str, ...]:
        """What the past names, each once."""
        return tuple(self.last)

    @cached_property
    def ratings(self) -> Mapping[str, float]:
        """document_id -> its last rating."""
        values = self._columns[VALUE]
        return {
            name: values[place]
            for place, name in enumerate(self._documents)
            if values[place] is not None and is_rating(self.deeds[place])
        }

    @cached_property
    def worths(self) -> Mapping[str, float]:
        """document_id -> the most that choosing it was worth; what was not chosen is left out."""
        worths: dict[str, float] = {}
        for name, action in zip(self._documents, self._columns[ACTION], strict=True):
            if action in CHOOSING:
                worths[name] = max(CHOOSING[action], worths.get(name, 0.0))
        return worths

    @cached_property
    def rating_mean(self) -> float:
        """The mean of the ratings, shrunk to the usual one; NaN without ratings."""
        values = self.ratings.values()
        if not values:
            return float("nan")
        if self.usual_rating != self.usual_rating:
            return sum(values) / len(values)
        return (sum(values) + PRIOR_RATINGS * self.usual_rating) / (len(values) + PRIOR_RATINGS)

    @cached_property
    def liking(self) -> Mapping[str, float]:
        """document_id -> how much it was liked, 0 = neither: the last rating less the person's own
        mean; of what was not rated, the most that choosing it was worth.
        """
        mean = self.rating_mean
        return {**self.worths, **{name: value - mean for name, value in self.ratings.items()}}

    @cached_property
    def session(self) -> tuple[Deed, ...]:
        """What was done in the same session, or within the last half hour."""
        session, now = self.who.session_id, self.seconds
        of_which, when = self._columns[SESSION], self._columns[SECONDS]
        return tuple(
            self.deeds[place]
            for place, moment in enumerate(when)
            if abs(now - moment) <= SESSION_SECONDS
            or (session is not None and of_which[place] == session)
        )

    @cached_property
    def session_liking(self) -> Mapping[str, float]:
        """document_id -> what it is worth that it was chosen or liked in the session, the last
        ``SESSION_DOCUMENTS`` of them; what is worth nothing is left out.

        A rating counts by what it is above the person's mean, at most as much as a purchase.
        """
        liking, most = self.liking, max(CHOOSING.values())
        chosen = [
            deed.document_id
            for deed in self.session
            if deed.document_id is not None and (deed.action in CHOOSING or is_rating(deed))
        ]
        last = [*dict.fromkeys(chosen)][-SESSION_DOCUMENTS:]
        return {name: min(liking[name], most) for name in last if liking.get(name, 0.0) > 0}
