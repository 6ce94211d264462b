"""People who search, write and tell events at once, each with documents of their own."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tandem.client import Client, Delete, Patch, Put, Write
from tandem.documents import Document
from tandem.errors import TandemError
from tandem.events import Event
from tandem.queries import Query
from tests.integration.soak.books import Books, Held
from tests.integration.soak.streaming import Streamer
from tests.integration.soak.watched import Seen, Watched

IDS = 25
"""Documents of one person: few, so that what the server holds does not grow with time."""

BATCH = 8
HABITS: Mapping[str, float] = {
    "search": 12, "put": 5, "put_found": 1, "conditional": 2, "patch": 4, "delete": 2, "batch": 2,
    "read": 3, "events": 4, "suggest": 1, "similar": 1, "erase": 0.3,
}  # fmt: skip
"""What people do, and how often one beside the others."""

BUDGET_MS = 20_000.0
"""A busy machine is no reason for an answer with less in it."""


class Disagreement(AssertionError):
    """A reply says something else than an earlier one."""


@dataclass
class Load:
    """Where they do it, and what is known of it. ``failures``: (who, what came in the way)."""

    address: str
    books: Books
    seen: Seen = field(default_factory=Seen)
    failures: list[tuple[str, BaseException]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)


class Person:
    """Does one thing after the other until it is over, or one of them fails. ``client`` never asks
    again by itself.
    """

    def __init__(self, load: Load, name: str, seed: str, habits: Mapping[str, float]) -> None:
        self._name = name
        self._habits = habits
        self._load = load
        self._books = load.books
        self._chance = random.Random(seed)
        self._turn = 0
        self._lives = 0
        # no id is used again for something else by whoever comes after a restart
        self._mark = f"{name}{seed}".translate(str.maketrans("", "", "-/."))
        self._query_id: str | None = None
        self.client = Client(load.address, retries=0, http=Watched(load.seen))

    def run(self) -> None:
        """Until it is over."""
        names, weights = list(self._habits), list(self._habits.values())
        actions: dict[str, Callable[[], None]] = {name: getattr(self, f"_{name}") for name in names}
        with self.client:
            try:
                while not self._load.is_over.is_set():
                    self._turn += 1
                    name = self._chance.choices(names, weights)[0]
                    actions[name]()
                    self._books.count(name)
            except (TandemError, Disagreement) as error:
                self._load.failures.append((self._name, error))

    @property
    def _person(self) -> str:
        return f"person-{self._mark}-{self._lives}"

    def _id(self) -> str:
        return f"{self._name}-{self._chance.randrange(IDS)}"

    def _version(self, document_id: str) -> Document:
        """A new one; its body has a word that no other version has."""
        word = f"w{self._mark}x{self._turn}"
        attributes = {"note": f"mark{self._turn % 7}", "kind": self._chance.choice("ab")}
        return Document(document_id, f"title of {document_id}", f"text {word}", attributes)

    def _put(self) -> None:
        wait = self._chance.random() < 0.2
        self._write(self._version(self._id()), wait=wait)

    def _put_found(self) -> None:
        """Whoever has written reads what was written."""
        document = self._version(self._id())
        sequence = self._write(document)
        query = Query(document.body.split()[1], budget_ms=BUDGET_MS)
        result = self.client.search(query, configuration="lexical", min_sequence=sequence)
        found = [hit.document_id for hit in result.page.hits]
        if not result.degraded and found != [document.document_id]:
            raise Disagreement(f"{document.document_id} was written, found {found}")

    def _conditional(self) -> None:
        document_id = self._id()
        known = self._books.known(document_id)
        if known is not None:
            expected = 0 if known.document is None else known.sequence
            self._write(self._version(document_id), if_sequence=expected)

    def _write(self, document: Document, **how: Any) -> int:
        self._books.sending(document.document_id, document)
        written = self.client.put(document, **how)
        self._books.acknowledged(document.document_id, document, written.sequence)
        return written.sequence

    def _patch(self) -> None:
        if (write := self._patch_of(self._id())) is not None:
            changes, document = write
            self._books.sending(document.document_id, document)
            written = self.client.patch(document.document_id, changes)
            self._books.acknowledged(document.document_id, document, written.sequence)

    def _patch_of(self, document_id: str) -> tuple[dict[str, Any], Document] | None:
        """A patch, and what it makes of the document; ``None`` where there may be none."""
        known = self._books.known(document_id)
        if known is None or known.document is None:
            return None
        note = f"patched{self._turn}"
        changes = {"attributes": {"note": note}}
        attributes = {**known.document.attributes, "note": note}
        return changes, replace(known.document, attributes=attributes)

    def _delete(self) -> None:
        document_id = self._id()
        known = self._books.known(document_id)
        if known is not None and known.document is not None:
            self._books.sending(document_id, None)
            written = self.client.delete(document_id)
            self._books.acknowledged(document_id, None, written.sequence)

    def _batch(self) -> None:
        numbers = self._chance.sample(range(IDS), BATCH)
        lines = [self._line(f"{self._name}-{number}") for number in numbers]
        for write, document in lines:
            self._books.sending(write.document_id, document)
        for told in self.client.write_many(write for write, _ in lines):
            if told.error is not None:
                raise told.error
            assert told.sequence is not None
            write, document = lines[told.place]
            self._books.acknowledged(write.document_id, document, told.sequence)

    def _line(self, document_id: str) -> tuple[Write, Document | None]:
        """A line of a batch, and what it makes of the document."""
        known = self._books.known(document_id)
        kind = self._chance.random()
        if known is not None and known.document is not None:
            if kind < 0.2:
                return Delete(document_id), None
            if kind < 0.5 and (patch := self._patch_of(document_id)) is not None:
                return Patch(document_id, patch[0]), patch[1]
        document = self._version(document_id)
        return Put(document), document

    def _read(self) -> None:
        document_id = self._id()
        known = self._books.known(document_id)
        if known is not None and known.document is not None:
            stored = self.client.document(document_id)
            if Held(stored.document, stored.sequence) != known:
                raise Disagreement(f"{document_id}: {stored}, acknowledged {known}")

    def _search(self) -> None:
        text = self._chance.choice(("text", "title", f"mark{self._turn % 7}"))
        query = Query(text, user_id=self._person, facets=("kind",), budget_ms=BUDGET_MS)
        result = self.client.search(query)
        self._query_id = result.query.query_id
        for item in result.degraded:
            self._books.count(f"degraded {item.leg} {item.reason}")

    def _events(self) -> None:
        moment = datetime.now(UTC)
        told = [
            Event(
                f"e-{self._mark}-{self._turn}-{number}", "click", moment, self._id(),
                user_id=self._person, query_id=self._query_id,
            )
            for number in range(3)
        ]  # fmt: skip
        sent = self.client.send(told)
        if sent.rejected or sent.accepted != len(told):
            raise Disagreement(f"{sent} of {len(told)} events")
        self._books.told_of_events(told)

    def _suggest(self) -> None:
        self.client.suggest("tit")

    def _similar(self) -> None:
        document_id = self._id()
        known = self._books.known(document_id)
        if known is not None and known.document is not None:
            self.client.similar(document_id)

    def _erase(self) -> None:
        """And be somebody else from then on."""
        person, self._lives = self._person, self._lives + 1
        self._books.forgetting(person)
        if self.client.erase_user(person).is_done:
            self._books.forgotten(person)


class Traffic:
    """So many people, and one who sends a batch without end, in threads."""

    def __init__(
        self, load: Load, people: int, seed: str, habits: Mapping[str, float] = HABITS
    ) -> None:
        self.load = load
        everybody: Sequence[Person | Streamer] = [
            *(Person(load, f"p{number}", f"{seed}/{number}", habits) for number in range(people)),
            Streamer(load, "stream", seed),
        ]
        self._threads = [threading.Thread(target=one.run, daemon=True) for one in everybody]
        for thread in self._threads:
            thread.start()

    def last(self, seconds: float) -> None:
        """Let it go on so long, or until somebody fails."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.load.failures:
            time.sleep(0.05)

    def until_stopped(self, seconds: float = 60.0) -> None:
        """Wait until everybody has found that the server is gone."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
            assert not thread.is_alive(), "somebody waits for a server that is gone"

    def stop(self, seconds: float = 60.0) -> None:
        """Let everybody end what they do."""
        self.load.is_over.set()
        self.until_stopped(seconds)
