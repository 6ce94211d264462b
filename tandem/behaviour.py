"""What people did and saw, as signals read it: plain rows, of which a fold reads a million.

``Event`` and ``Impression`` (``tandem.events``) are what is accepted; these are what is left of
them for whoever learns. Times are seconds since 1970, UTC: by the clock of whoever told it, but no
later than it was received, since one clock that is ahead would make all before it look new.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Deed(NamedTuple):
    """What an event says: somebody did something, mostly to a document."""

    sequence: int
    action: str
    document_id: str | None
    seconds: float
    value: float | None = None
    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    query_id: str | None = None
    position: int | None = None


class Shown(NamedTuple):
    """What an impression says: these documents stood at these positions of one page."""

    sequence: int
    query_id: str
    seconds: float
    document_ids: tuple[str, ...]
    positions: tuple[int, ...]
    propensities: tuple[float, ...]
    surface: str = "search"
    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None


class Who(NamedTuple):
    """Whose past is asked for. Someone without a ``user_id`` is known by the ``client_id``; what
    was done in the session belongs to it whoever is known.
    """

    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None


class Rows(NamedTuple):
    """A piece of the log in order of sequence. Every row up to ``through`` is in it, or was before
    it; none is left where ``through`` is what was asked after.
    """

    rows: tuple[Deed | Shown, ...]
    through: int


class BehaviourLog(Protocol):
    """What learning needs of the event log of one collection. Thread-safe."""

    def rows(self, after: int, limit: int) -> Rows:
        """The next at most ``limit`` deeds and pages whose sequence is above ``after``."""
        ...

    def deeds_of(self, who: Who, *, as_of: int, limit: int) -> Sequence[Deed]:
        """The last at most ``limit`` deeds on documents of somebody up to the sequence ``as_of``,
        oldest first: those of the user, without one those of the client, and those of the session.
        """
        ...
