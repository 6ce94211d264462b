"""A generation that this process follows."""

from collections.abc import Iterable
from dataclasses import dataclass

from api.generation import OpenGeneration
from indexer.following import Following
from tandem.errors import TandemError


@dataclass
class Followed:
    """A generation at work; what the reindex asks of it."""

    opened: OpenGeneration
    work: Following

    def applied(self) -> dict[str, int]:
        """See ``Candidate``."""
        return {
            "lexical": self.opened.lexical.applied(),
            "vector": self.opened.vector.applied(),
        }

    def is_dropped(self) -> bool:
        """See ``Candidate``."""
        return self.opened.lexical.is_dropped()

    def error(self) -> TandemError | None:
        """See ``Candidate``."""
        return next((leg.error for leg in self.work.legs.values() if leg.error), None)


def states(followed: Iterable[Followed]) -> dict[str, str]:
    """Index -> what this process does with it: following, standing by, or the error."""
    return {
        follower.seat.name: str(leg.error or follower.state)
        for item in followed
        for follower, leg in zip(item.opened.followers, item.work.legs.values(), strict=True)
    }
