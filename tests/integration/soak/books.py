"""What the clients of a server were told, kept outside of it."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tandem.catalog.catalog import Catalog
from tandem.documents import Document
from tandem.events import Event

COLLECTION = "main"
EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """A document at the sequence of its last change; ``None``: there is none."""

    document: Document | None = None
    sequence: int = 0


NOTHING = Held()


@dataclass
class Books:
    """Each document has one client, who writes one thing after the other: what was acknowledged
    last stands, or one of those that were sent since and of which nothing was heard. Thread-safe.
    """

    told: dict[str, Held] = field(default_factory=dict)
    doubtful: dict[str, list[Document | None]] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    erasing: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sending(self, document_id: str, document: Document | None) -> None:
        """Before it is sent; ``None`` is a delete."""
        with self._lock:
            self.doubtful.setdefault(document_id, []).append(document)

    def acknowledged(self, document_id: str, document: Document | None, sequence: int) -> None:
        """The server has told what became of it."""
        with self._lock:
            self.told[document_id] = Held(document, sequence)
            waiting = self.doubtful[document_id]
            del waiting[: waiting.index(document) + 1]  # a reply tells of them in their order
            if not waiting:
                del self.doubtful[document_id]
            self.counts["acknowledged"] += 1

    def told_of_events(self, events: Iterable[Event]) -> None:
        """These are acknowledged."""
        with self._lock:
            self.events |= {event.event_id for event in events}

    def forgetting(self, person: str) -> None:
        """Before it is asked for."""
        with self._lock:
            self.erasing.add(person)

    def forgotten(self, person: str) -> None:
        """It is acknowledged that nothing is this person's any more."""
        with self._lock:
            self.erasing.discard(person)
            self.erased.add(person)

    def count(self, what: str) -> None:
        """Something was done."""
        with self._lock:
            self.counts[what] += 1

    def known(self, document_id: str) -> Held | None:
        """What stands; ``None`` where nobody knows."""
        return None if document_id in self.doubtful else self.told.get(document_id, NOTHING)

    def settle(self, found: Mapping[str, Held]) -> list[str]:
        """What is not as it was acknowledged. What is found is what stands from now on."""
        wrong = []
        for document_id in sorted({*self.told, *self.doubtful, *found}):
            stands = found.get(document_id, NOTHING)
            if fault := self._fault(document_id, stands):
                wrong.append(f"{document_id}: {fault}")
            if document_id in self.doubtful:
                del self.doubtful[document_id]
                self.told[document_id] = stands
        return wrong

    def _fault(self, document_id: str, stands: Held) -> str:
        told = self.told.get(document_id, NOTHING)
        if stands.document is None and told.document is None:
            return ""  # nothing says at which sequence there is nothing
        if stands == told:
            return ""
        is_later = stands.document is None or stands.sequence > told.sequence
        if is_later and stands.document in self.doubtful.get(document_id, []):
            return ""
        return f"found {stands}, acknowledged {told}"

    def misremembered(self, events: Iterable[Event], people: Iterable[str | None]) -> list[str]:
        """What the event log lacks, and who stands there though erased; ``people`` are all that
        stand there.
        """
        lost = self.events - {event.event_id for event in events}
        kept = self.erased & {*people}
        return [f"the event {name} is lost" for name in sorted(lost)] + [
            f"{name} was erased, and stands there" for name in sorted(kept)
        ]


def examine(catalog: Catalog, books: Books) -> None:
    """Compare the two logs with the books."""
    changes = catalog.documents.changes(COLLECTION, 0, EVERYTHING).changes
    found = {
        change.document_id: Held(change.document, change.sequence)
        for change in changes
        if change.document is not None
    }
    wrong = books.settle(found)
    events = catalog.events.events(COLLECTION, 0, EVERYTHING).rows
    shown = catalog.events.impressions(COLLECTION, 0, EVERYTHING).rows
    people = [*(row.what.user_id for row in events), *(row.what.user_id for row in shown)]
    wrong += books.misremembered([row.what for row in events], people)
    assert not wrong, f"{len(wrong)} are not as acknowledged: " + "; ".join(wrong[:5])
