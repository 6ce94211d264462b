"""What some people did last, kept while a log is swept."""

from collections import deque
from collections.abc import Iterable, Iterator

from rerank.person import DEEDS_READ
from tandem.behaviour import Deed, Shown, Who


class Pasts:
    """The last deeds of some people up to where the log was swept, as ``BehaviourLog.deeds_of``
    would give them there. What others did is not kept.
    """

    def __init__(self, people: Iterable[Who]) -> None:
        names = {name for who in people for name in _names(who)}
        self._deeds: dict[tuple[str, str], deque[Deed]] = {
            name: deque(maxlen=DEEDS_READ) for name in names
        }

    def take(self, rows: Iterable[Deed | Shown]) -> None:
        """Keep what they did, of the next rows of the log."""
        kept = self._deeds
        for row in rows:
            if isinstance(row, Deed) and row.document_id is not None:
                for name in _names_of(row):
                    if name in kept:
                        kept[name].append(row)

    def of(self, who: Who) -> list[Deed]:
        """Somebody's last deeds, oldest first."""
        found = {deed.sequence: deed for name in _names(who) for deed in self._deeds.get(name, ())}
        return [found[sequence] for sequence in sorted(found)][-DEEDS_READ:]


def _names_of(row: Deed) -> Iterator[tuple[str, str]]:
    if row.user_id is not None:
        yield "user", row.user_id
    if row.client_id is not None:
        yield "client", row.client_id
    if row.session_id is not None:
        yield "session", row.session_id


def _names(who: Who) -> Iterator[tuple[str, str]]:
    """Under which names somebody's past is kept."""
    if who.user_id is not None:
        yield "user", who.user_id
    elif who.client_id is not None:
        yield "client", who.client_id
    if who.session_id is not None:
        yield "session", who.session_id
