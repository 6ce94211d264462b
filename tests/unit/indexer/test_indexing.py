"""The main job: what a run writes, counts and deletes, and what survives a failure."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from indexer.followers import Follower
from indexer.indexing import CHANGED, READ, Indexer, IndexReport, Intake, NamedSource, catch_up
from indexer.rejects import RejectsFile
from indexer.sources.records import Broken, Place, Record
from indexer.validation import Validator
from tandem.catalog.catalog import Catalog
from tandem.engines.qdrant_edge_index import POINTS_PER_UPDATE, QdrantEdgeStore
from tandem.errors import CatalogError, EngineError, SourceError
from tandem.fields import Field, FieldType
from tandem.schema import Schema
from tests.builders import document, random_rows, upserts
from tests.fakes import FakeWriter

COLLECTION = "main"
LONGEST_STALL_SECONDS = 2.0


@dataclass
class Desk:
    """A catalogue, two indexes that are fakes, and runs over sources given as id -> body."""

    catalog: Catalog
    folder: Path
    lexical: FakeWriter = field(default_factory=lambda: FakeWriter("lexical"))
    vector: FakeWriter = field(default_factory=lambda: FakeWriter("vector"))
    told: dict[str, int] = field(default_factory=dict)

    def followers(self) -> list[Follower]:
        """Both followers, from where their indexes stand."""
        log, checkpoints = self.catalog.documents, self.catalog.checkpoints
        made = []
        for writer in (self.lexical, self.vector):
            checkpoint = checkpoints.read(writer.name)
            if checkpoint is None:
                checkpoint = checkpoints.start(writer.name, "identity", log.log_id)
            made.append(Follower(log, checkpoints, writer, COLLECTION, checkpoint))
        return made

    def indexer(self) -> Indexer:
        """An indexer over both."""
        followers = self.followers()
        return Indexer(
            self.catalog.documents,
            COLLECTION,
            followers,
            lambda: min(follower.checkpoint.applied for follower in followers),
        )

    def tell(self, name: str, amount: int) -> None:
        """Add up what is told."""
        self.told[name] = self.told.get(name, 0) + amount

    def index(
        self, *, delete_missing: bool = False, force: bool = False, **sources: Any
    ) -> IndexReport:
        """One run; a body of ``None`` is a record that cannot be read."""
        named = [NamedSource(name, records(bodies)) for name, bodies in sources.items()]
        return self.index_all(named, delete_missing=delete_missing, force=force)

    def index_all(
        self, named: list[NamedSource], *, delete_missing: bool = False, force: bool = False
    ) -> IndexReport:
        """One run over named sources."""
        with RejectsFile(self.folder / "rejects.jsonl") as rejects:
            return self.indexer().index(
                named,
                Intake(Validator(Schema.of([])), rejects),
                delete_missing=delete_missing,
                force=force,
                progress=self.tell,
            )

    def held(self) -> dict[str, str]:
        """What both indexes hold, id -> body, and the log too."""
        bodies = {name: body for name, (_, body) in self.lexical.held.items()}
        assert self.vector.held == self.lexical.held
        assert self.catalog.documents.count(COLLECTION) == len(bodies)
        return bodies


def records(bodies: Mapping[str, str | None]) -> list[Record | Broken]:
    """Records as a source gives them."""
    return [
        Broken(Place("f", line), "(record)", "not JSON", "{")
        if body is None
        else Record(Place("f", line), {"id": name, "body": body})
        for line, (name, body) in enumerate(bodies.items(), start=1)
    ]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Everything empty."""
    catalog = Catalog(
        f"sqlite:///{tmp_path / 'documents.sqlite'}", f"sqlite:///{tmp_path / 'cache.sqlite'}"
    )
    yield Desk(catalog, tmp_path)
    catalog.close()


def counts(report: IndexReport) -> tuple[int, int, int, int, int]:
    """Read, accepted, unchanged, rejected, deleted."""
    return report.read, report.accepted, report.unchanged, report.rejected, report.deleted


def test_a_run_reports_what_it_did(desk: Desk) -> None:
    """Every record is accepted or rejected, every accepted one changed or unchanged."""
    report = desk.index(books={"a": "one", "b": "two", "broken": None, "blank": " "})
    assert counts(report) == (4, 2, 0, 2, 0)
    assert {name: leg.applied for name, leg in report.legs.items()} == {"lexical": 2, "vector": 2}
    assert report.failed_legs == []
    assert report.seconds > 0
    assert desk.told == {READ: 2, CHANGED: 2, "lexical": 2, "vector": 2}
    report = desk.index(books={"a": "one", "b": "changed", "c": "new"})
    assert counts(report) == (3, 3, 1, 0, 0)
    assert report.legs["vector"].applied == 2
    assert desk.held() == {"a": "one", "b": "changed", "c": "new"}


def test_unchanged_content_writes_nothing(desk: Desk) -> None:
    """The same again: no sequence is given out, and no index is touched."""
    content = {f"d{number}": f"body {number}" for number in range(1_203)}
    first = desk.index(books=content)
    assert counts(first) == (1_203, 1_203, 0, 0, 0)
    head, batches = desk.catalog.documents.head(), len(desk.lexical.batches)
    again = desk.index(books=content)
    assert counts(again) == (1_203, 1_203, 1_203, 0, 0)
    assert desk.catalog.documents.head() == head == 1_203
    assert len(desk.lexical.batches) == batches
    assert again.legs["lexical"].applied == again.legs["vector"].applied == 0


def test_without_delete_missing_nothing_is_deleted(desk: Desk) -> None:
    """A source that holds less than before is an update."""
    desk.index(books={"a": "one", "b": "two"})
    assert desk.index(books={"a": "one"}).deleted == 0
    assert set(desk.held()) == {"a", "b"}


def test_delete_missing_deletes_what_the_source_no_longer_holds(desk: Desk) -> None:
    """Its own documents only: another source's stay."""
    desk.index(books={"a": "one", "b": "two"}, films={"x": "ten"})
    desk.told.clear()
    report = desk.index(delete_missing=True, force=True, books={"a": "one", "c": "three"})
    assert counts(report) == (2, 2, 1, 0, 1)
    assert set(desk.held()) == {"a", "c", "x"}
    assert desk.told == {READ: 2, CHANGED: 2, "lexical": 2, "vector": 2}
    assert desk.index(delete_missing=True, books={"a": "one", "c": "three"}).deleted == 0


def test_what_another_source_took_over_is_no_longer_missing(desk: Desk) -> None:
    """A document belongs to the source that wrote it last, were it with the same content."""
    desk.index(books={"a": "one", "b": "two"})
    desk.index(films={"b": "two"})
    assert desk.index(delete_missing=True, books={"a": "one"}).deleted == 0
    assert set(desk.held()) == {"a", "b"}


@pytest.mark.parametrize("receiver_is_first", [True, False])
def test_what_moves_between_sources_of_a_run_is_not_deleted(
    desk: Desk, receiver_is_first: bool
) -> None:
    """Whichever is read first: no sequence is spent on a document that only moved."""
    desk.index(books={"a": "one", "moves": "m"}, films={"x": "ten"})
    head = desk.catalog.documents.head()
    after = {"books": {"a": "one"}, "films": {"x": "ten", "moves": "m"}}
    order = ("films", "books") if receiver_is_first else ("books", "films")
    moved = [NamedSource(name, records(after[name])) for name in order]
    report = desk.index_all(moved, delete_missing=True)
    assert counts(report) == (3, 3, 3, 0, 0)
    assert desk.catalog.documents.head() == head
    assert set(desk.held()) == {"a", "moves", "x"}


def test_files_of_one_source_are_one_source(desk: Desk) -> None:
    """Two files under one name: what is in either is not missing."""

    def run(*files: dict[str, str | None]) -> IndexReport:
        return desk.index_all(
            [NamedSource("books", records(bodies)) for bodies in files],
            delete_missing=True,
            force=True,
        )

    run({"a": "one", "b": "two"}, {"c": "three"})
    head = desk.catalog.documents.head()
    assert run({"a": "one", "b": "two"}, {"c": "three"}).deleted == 0
    assert desk.catalog.documents.head() == head
    assert run({"a": "one"}, {"c": "three"}).deleted == 1
    assert set(desk.held()) == {"a", "c"}


@pytest.mark.parametrize("broken_source", ["books", "films"])
def test_delete_missing_is_refused_when_a_record_was_rejected(
    desk: Desk, broken_source: str
) -> None:
    """The rejected one may be the missing one, in whichever source; what is accepted is kept."""
    desk.index(books={"a": "one", "b": "two"}, films={"x": "ten", "y": "eleven"})
    given: dict[str, Any] = {"books": {"a": "new"}, "films": {"x": "ten"}}
    given[broken_source]["broken"] = None
    expected = r"1 record was rejected \(first f:2, \(record\): not JSON\).*nothing was deleted"
    with pytest.raises(SourceError, match=expected) as caught:
        desk.index(delete_missing=True, **given)
    assert str(desk.folder / "rejects.jsonl") in caught.value.hint
    assert (desk.folder / "rejects.jsonl").read_bytes().count(b"\n") == 1
    assert desk.held() == {"a": "new", "b": "two", "x": "ten", "y": "eleven"}
    assert desk.catalog.documents.head() == 5


@pytest.mark.parametrize("empty_source", ["books", "films"])
def test_delete_missing_is_refused_for_an_empty_source(desk: Desk, empty_source: str) -> None:
    """An empty file beside a full one must not delete everything that it once held."""
    full = {"books": {"a": "one"}, "films": {"x": "ten"}}
    desk.index(books=full["books"], films=full["films"])
    head = desk.catalog.documents.head()
    empty: dict[str, Any] = full | {empty_source: {}}
    expected = f"{empty_source} holds no records; nothing was deleted"
    with pytest.raises(SourceError, match=expected) as caught:
        desk.index(delete_missing=True, **empty)
    assert caught.value.hint == "check the path"
    assert desk.catalog.documents.head() == head
    assert set(desk.held()) == {"a", "x"}


def numbered(count: int) -> dict[str, str]:
    """That many documents."""
    return {f"d{number}": f"body {number}" for number in range(count)}


@pytest.mark.parametrize(("held", "left"), [(100, 80), (10, 8), (5, 4), (1_000, 999)])
def test_up_to_a_fifth_is_deleted_unasked(desk: Desk, held: int, left: int) -> None:
    """Exactly a fifth is not above it."""
    desk.index(books=numbered(held))
    assert desk.index(delete_missing=True, books=numbered(left)).deleted == held - left


@pytest.mark.parametrize(("held", "left"), [(100, 79), (10, 7), (4, 3), (1_000, 1)])
def test_more_than_a_fifth_is_refused_unless_it_is_forced(desk: Desk, held: int, left: int) -> None:
    """Half a file must not empty the index: both numbers are told, what was new is kept."""
    desk.index(books=numbered(held))
    expected = (
        f"{held - left:,} of the {held:,} documents of books are missing.*nothing was deleted"
    )
    with pytest.raises(SourceError, match=expected) as caught:
        desk.index(delete_missing=True, books=numbered(left))
    assert "--force" in caught.value.hint
    assert len(desk.held()) == desk.catalog.documents.count(COLLECTION) == held
    report = desk.index(delete_missing=True, force=True, books=numbered(left))
    assert report.deleted == held - left
    assert len(desk.held()) == left


def test_the_limit_is_each_sources_own(desk: Desk) -> None:
    """A large source beside it makes no small one expendable; nothing of either is deleted."""
    films = {f"f{number}": "film" for number in range(5)}
    desk.index(books=numbered(100), films=films)
    fewer = {"f0": "film", "f1": "film", "f2": "film"}
    with pytest.raises(SourceError, match="2 of the 5 documents of films are missing"):
        desk.index(delete_missing=True, books=numbered(99), films=fewer)
    assert len(desk.held()) == 105


def tombstones(desk: Desk) -> list[str]:
    """The ids of the deletes that the log remembers."""
    changes = desk.catalog.documents.changes(COLLECTION, 0, 1_000).changes
    return [change.document_id for change in changes if change.document is None]


def test_deletes_are_forgotten_once_both_indexes_have_applied_them(desk: Desk) -> None:
    """What was deleted stays deleted, and what comes back is a new change."""
    desk.index(books={"a": "one", "b": "two", "c": "three"})
    assert desk.index(delete_missing=True, force=True, books={"a": "one"}).deleted == 2
    head = desk.catalog.documents.head()
    assert tombstones(desk) == []
    assert desk.held() == {"a": "one"}
    assert desk.index(delete_missing=True, books={"a": "one"}).deleted == 0
    assert desk.catalog.documents.head() == head
    assert desk.index(books={"b": "two"}).legs["vector"].applied == 1
    assert desk.held() == {"a": "one", "b": "two"}
    assert desk.lexical.held["b"][0] == desk.catalog.documents.head() == head + 1


def test_deletes_are_remembered_while_an_index_is_behind(desk: Desk) -> None:
    """Forgotten too early, the document would stay in that index for ever."""
    desk.index(books={"a": "one", "b": "two"})

    def fail(_: object) -> None:
        raise EngineError("gone")

    desk.vector.before_apply = fail
    assert desk.index(delete_missing=True, force=True, books={"a": "one"}).failed_legs
    assert tombstones(desk) == ["b"]
    assert set(desk.vector.held) == {"a", "b"}
    desk.vector.before_apply = lambda _: None
    assert desk.index(books={"a": "one"}).failed_legs == []
    assert tombstones(desk) == []
    assert desk.held() == {"a": "one"}


def test_deletes_that_cannot_be_forgotten_fail_no_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything else is done; the next run forgets them."""
    desk.index(books={"a": "one", "b": "two"})

    def fail(*_: object) -> int:
        raise CatalogError("locked for too long")

    with monkeypatch.context() as patched:
        patched.setattr(desk.catalog.documents, "purge_tombstones", fail)
        report = desk.index(delete_missing=True, force=True, books={"a": "one"})
    assert (report.deleted, report.failed_legs) == (1, [])
    assert "applied deletes are not forgotten: locked for too long" in caplog.text
    assert tombstones(desk) == ["b"]
    desk.index(books={"a": "one"})
    assert tombstones(desk) == []


def test_attributes_that_no_index_knows_are_counted(desk: Desk) -> None:
    """By name, over the accepted documents of all sources; known and core fields are not."""
    fields: list[dict[str, Any]] = [{"x": 1, "title": "t"}, {"x": 2, "y": "z", "year": 3}, {}]
    given = [
        Record(Place("f", line), {"id": str(line), "body": "b"} | more)
        for line, more in enumerate(fields, start=1)
    ]
    given.append(Record(Place("f", 9), {"id": " ", "body": "b", "x": 1}))
    schema = Schema.of([Field("year", FieldType.INTEGER)], open=True)
    with RejectsFile(desk.folder / "rejects.jsonl") as rejects:
        intake = Intake(Validator(schema), rejects)
        indexer = desk.indexer()
        report = indexer.index([NamedSource("books", given)], intake)
    assert report.unindexed == {"x": 2, "y": 1}
    assert (report.accepted, report.nothing_accepted) == (3, False)


def test_a_run_that_accepts_nothing_says_so(desk: Desk) -> None:
    """Only where there were records: an empty source is another matter."""
    assert desk.index(books={"a": " "}).nothing_accepted
    assert not desk.index(books={}).nothing_accepted
    assert not desk.index(books={"a": "one", "b": " "}).nothing_accepted
    assert not desk.index(books={"a": "one"}).nothing_accepted


def test_a_source_that_breaks_off_keeps_what_it_gave(desk: Desk) -> None:
    """Batches accepted before the end of a broken file are in both indexes, nothing is deleted."""
    desk.index(books={"old": "old"})

    def breaking() -> Iterator[Record | Broken]:
        yield from records({f"d{number}": "body" for number in range(500)})
        raise SourceError("the file ends in the middle")

    with pytest.raises(SourceError, match="in the middle"):
        desk.index_all([NamedSource("books", breaking())], delete_missing=True)
    assert len(desk.held()) == 501


def test_accepted_documents_survive_an_engine_failure(desk: Desk) -> None:
    """One leg fails: the report says so, the other is current, the next run makes up for it."""

    def fail(_: object) -> None:
        raise EngineError("the disk is full")

    desk.vector.before_apply = fail
    report = desk.index(books={"a": "one", "b": "two"})
    assert counts(report) == (2, 2, 0, 0, 0)
    (failed,) = report.failed_legs
    assert (failed.name, failed.applied, str(failed.error)) == ("vector", 0, "the disk is full")
    assert set(desk.lexical.held) == {"a", "b"}
    desk.vector.before_apply = lambda _: None
    report = desk.index(books={"a": "one", "b": "two", "c": "three"})
    assert counts(report) == (3, 3, 2, 0, 0)
    assert (report.legs["lexical"].applied, report.legs["vector"].applied) == (1, 3)
    assert report.failed_legs == []
    assert set(desk.held()) == {"a", "b", "c"}


def test_catch_up_returns_the_errors(desk: Desk) -> None:
    """Each leg that could not follow, and nothing for those that could."""
    desk.catalog.documents.append(COLLECTION, "books", [document("a", "one")])

    def fail(_: object) -> None:
        raise EngineError("gone")

    desk.lexical.before_apply = fail
    assert [str(error) for error in catch_up(desk.followers())] == ["gone"]
    desk.lexical.before_apply = lambda _: None
    assert catch_up(desk.followers()) == []
    assert desk.held() == {"a": "one"}


def longest_gap(stop: threading.Event, found: list[float]) -> None:
    """How long a busy thread was ever kept from running, in seconds."""
    longest, last = 0.0, time.perf_counter()
    while not stop.is_set():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    found.append(longest)


def test_searches_do_not_stall_while_vectors_are_written(tmp_path: Path) -> None:
    """Qdrant Edge holds the interpreter lock in its writes; batches keep each hold short."""
    dimension, rows = 384, 4 * POINTS_PER_UPDATE
    index = QdrantEdgeStore(tmp_path).create("main", "identity", Schema.of([]), dimension)
    vectors = random_rows(1, rows, dimension)
    changes = upserts(document(f"d{number}", "body") for number in range(rows))
    passages = {change.document_id: vectors[i : i + 1] for i, change in enumerate(changes)}
    stop, found = threading.Event(), list[float]()
    busy = threading.Thread(target=longest_gap, args=(stop, found))
    busy.start()
    try:
        for start in range(0, rows, POINTS_PER_UPDATE):
            index.apply(changes[start : start + POINTS_PER_UPDATE], passages)
    finally:
        stop.set()
        busy.join()
    assert index.count() == rows
    index.close()
    (gap,) = found
    assert 0 < gap < LONGEST_STALL_SECONDS, f"a thread stood still for {gap:.3f} s"
