"""What is known of the person who asks, as of a position in the event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rerank.deeds import CHOOSING, is_rating
from tandem.behaviour import Deed, Who

DEEDS_READ = 200
"""A person is known by their last so many deeds."""

SESSION_SECONDS = 1_800.0
"""What was done within the last half hour belongs to the session, whatever it was told as."""

SESSION_DOCUMENTS = 20
"""What somebody wants now is in the last so many documents that they chose."""

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
    def last(self) -> Mapping[str, Deed]:
        """document_id -> the last thing done with it, in the order in which they were first met."""
        return {deed.document_id: deed for deed in self.deeds if deed.document_id is not None}

    @cached_property
    def document_ids(self) -> tuple[str, ...]:
        """What the past names, each once."""
        return tuple(self.last)

    @cached_property
    def ratings(self) -> Mapping[str, float]:
        """document_id -> its last rating."""
        return {
            deed.document_id: deed.value
            for deed in self.deeds
            if deed.value is not None and deed.document_id is not None and is_rating(deed)
        }

    @cached_property
    def worths(self) -> Mapping[str, float]:
        """document_id -> the most that choosing it was worth; what was not chosen is left out."""
        worths: dict[str, float] = {}
        worth_of, before = CHOOSING.get, worths.get
        for deed in self.deeds:
            worth, name = worth_of(deed.action, 0.0), deed.document_id
            if worth and name is not None and worth > before(name, 0.0):
                worths[name] = worth
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
        session = self.who.session_id
        return tuple(
            deed
            for deed in self.deeds
            if (session is not None and deed.session_id == session)
            or abs(self.seconds - deed.seconds) <= SESSION_SECONDS
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
