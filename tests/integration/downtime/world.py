"""A collection whose answers tell which generation gave them, leg by leg.

Generations differ in both legs: by the embedding model, and by whether ``note`` is a searched text.
A query for the word of a note is found by words where it is one, and nowhere else; by meaning it is
found everywhere, with a cosine that only one model gives.
"""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.bootstrap import House
from api.collection import OpenCollection
from tandem.documents import Document
from tandem.queries import Query
from tandem.rankings import SearchResult
from tandem.settings import Settings
from tests.integration.downtime.embedders import MODELS, cosine

NAME = "main"
SOURCE = "test"
STABLE = 60
"""Documents that nobody changes: what is searched for."""

MOVING = 200
"""Documents that are written all the time."""

BATCH = 5
BUDGET_MS = 20_000.0
FIELDS = (
    {"note": {"type": "text"}, "kind": {"type": "keyword"}},
    {"note": {"type": "keyword"}, "kind": {"type": "keyword"}},
)
"""The declared fields: of kinds 0 and 2, and of kind 1."""


def settings_of(base: Mapping[str, Any], kind: int) -> Settings:
    """The settings that build a generation of that kind: 0, 1 or 2."""
    search = {"budget_ms": BUDGET_MS}
    values = {"fields": FIELDS[kind % 2], "embedding": {"model": MODELS[kind]}, "search": search}
    return Settings(**{**base, **values})


def stable(number: int) -> Document:
    """A document that stays as it is."""
    return Document(
        f"stable-{number}",
        "",
        f"lasting text {number}",
        {"note": f"mark{number}", "kind": "stable"},
    )


def moving(number: int, version: int) -> Document:
    """A document that changes with every version."""
    body = f"passing text {number} version {version}"
    return Document(f"moving-{number}", "", body, {"note": f"trail{number}", "kind": "moving"})


@dataclass
class Books:
    """What the client was told, kept outside the log: id -> body, ``None`` after a delete."""

    bodies: dict[str, str | None] = field(default_factory=dict)
    acknowledged: int = 0


class Writer(threading.Thread):
    """Upserts and deletes at a steady rate, and keeps the books."""

    def __init__(self, collection: OpenCollection, books: Books, per_second: float, seed: int):
        super().__init__(name="writer", daemon=True)
        self._log = collection.catalog.documents
        self._books = books
        self._pause = BATCH / per_second
        self._chance = random.Random(seed)
        self._stop_asked = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Until it is told to stop."""
        version, due = 0, time.monotonic()
        try:
            while not self._stop_asked.wait(max(0.0, due - time.monotonic())):
                version, due = version + 1, due + self._pause
                self._write(version)
        except BaseException as error:
            self.error = error

    def _write(self, version: int) -> None:
        numbers = self._chance.sample(range(MOVING), BATCH)
        if version % 7 == 0:
            names = [f"moving-{number}" for number in numbers]
            self._log.delete(NAME, names)
            self._books.bodies |= dict.fromkeys(names)
        else:
            documents = [moving(number, version) for number in numbers]
            self._log.append(NAME, SOURCE, documents)
            self._books.bodies |= {item.document_id: item.body for item in documents}
        self._books.acknowledged += BATCH

    def stop(self) -> None:
        """Stop, and raise what went wrong."""
        self._stop_asked.set()
        self.join(30)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


@dataclass
class Seen:
    """What the searching threads saw."""

    failures: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    releases: dict[int, int] = field(default_factory=dict)
    times: list[tuple[float, float]] = field(default_factory=list)
    """(when on the monotonic clock, milliseconds)."""

    def median_between(self, first: float, last: float) -> float:
        """The median duration of the searches in that time, milliseconds."""
        taken = sorted(took for at, took in self.times if first <= at <= last)
        assert taken, "nobody searched meanwhile"
        return taken[len(taken) // 2]


class Searchers:
    """Threads that search all the time, and check every answer."""

    def __init__(self, collection: OpenCollection, threads: int) -> None:
        self.seen = Seen()
        self._collection = collection
        self._kinds: dict[int, int] = {}
        self._stop_asked = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        searcher = self._collection.searcher("hybrid")
        while not self._stop_asked.is_set():
            number = chance.randrange(STABLE)
            query = Query(f"mark{number}", filters={"kind": "stable"}, limit=STABLE)
            began = time.monotonic()
            try:
                result = searcher.search(query)
            except BaseException as error:
                with self._lock:
                    self.seen.failures.append(f"{type(error).__name__}: {error}")
                continue
            took = (time.monotonic() - began) * 1_000
            wrong = self._wrong(result, number)
            with self._lock:
                self.seen.times.append((began, took))
                self.seen.releases[result.release] = self.seen.releases.get(result.release, 0) + 1
                if result.degraded:
                    self.seen.failures.append(f"degraded: {result.degraded}")
                if wrong:
                    self.seen.mixed.append(wrong)

    def _kind(self, release: int) -> int:
        """Of which kind the generation is that a release names, by the catalogue."""
        if release not in self._kinds:
            releases = self._collection.catalog.releases
            generation = releases.generation(releases.release(release).generation)
            self._kinds[release] = MODELS.index(generation.embedder.partition("@")[0])
        return self._kinds[release]

    def _wrong(self, result: SearchResult, number: int) -> str:
        """What in the answer is not of the generation that its release names."""
        kind = self._kind(result.release)
        by_words = [
            hit.document_id
            for hit in result.page.hits
            if any(part.leg == "lexical" and part.rank is not None for part in hit.evidence)
        ]
        expected = [f"stable-{number}"] if kind % 2 == 0 else []
        if by_words != expected:
            return f"release {result.release}: by words {by_words}, expected {expected}"
        for hit in result.page.hits:
            text = f"lasting text {hit.document_id.partition('-')[2]}"
            score = next(part.score for part in hit.evidence if part.leg == "vector")
            meant = cosine(MODELS[kind], result.query.text, text)
            if score is None or abs(score - meant) > 1e-3:
                return f"release {result.release}: {hit.document_id} {score}, expected {meant}"
        return ""

    def stop(self) -> Seen:
        """What was seen."""
        self._stop_asked.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        return self.seen


def begin(house: House) -> OpenCollection:
    """The collection with its stable documents."""
    declared = house.settings.declared_schema()
    assert declared is not None
    collection = house.create_collection(NAME, declared)
    collection.catalog.documents.append(NAME, SOURCE, [stable(number) for number in range(STABLE)])
    return collection


def exact(collection: OpenCollection, books: Books) -> None:
    """Both live indexes hold what the log does, and the log what the client was told."""
    log = collection.catalog.documents
    changes = log.changes(NAME, 0, 1_000_000).changes
    held = {change.document_id: change for change in changes if change.document is not None}
    for document_id, body in books.bodies.items():
        found = held.get(document_id)
        found_body = None if found is None or found.document is None else found.document.body
        assert found_body == body, document_id
    for opened in collection.retained:
        check_generation(opened, {name: change.sequence for name, change in held.items()})


def check_generation(opened: Any, expected: Mapping[str, int]) -> None:
    """Zero drift in both indexes of a generation."""
    opened.lexical.index.refresh()  # applied is durable; searchable comes a moment later
    assert dict(opened.lexical.index.versions()) == expected
    held = list(opened.vector.index.versions())
    assert {row.document_id: row.sequence for row in held} == expected
    assert all(row.passages_held == row.passages_expected for row in held)


def settled(collection: OpenCollection, seconds: float = 30.0) -> None:
    """Wait until every retained index has applied all of the log."""
    head, until = collection.catalog.documents.head(), time.monotonic() + seconds
    while collection.passed() < head:
        assert time.monotonic() < until, f"{collection.passed()} of {head}"
        time.sleep(0.05)
