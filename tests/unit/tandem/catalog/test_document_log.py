"""The document log: sequences, hashes, tombstones, sources, and what two writers do to it."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tandem.catalog.catalog import Catalog
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.tables import CACHE, CATALOGUE
from tandem.documents import Change
from tests.builders import document


def open_catalog(folder: Path) -> Catalog:
    """The catalogue in a folder."""
    return Catalog(f"sqlite:///{folder}/documents.db", f"sqlite:///{folder}/embeddings.db")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalogue."""
    opened = open_catalog(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def log(catalog: Catalog) -> DocumentLog:
    """Its log."""
    return catalog.documents


def all_changes(log: DocumentLog, collection: str = "main", limit: int = 2) -> list[Change]:
    """Everything, read page by page as a follower does."""
    changes: list[Change] = []
    position = 0
    while True:
        batch = log.changes(collection, position, limit)
        assert all(position < change.sequence <= batch.through for change in batch.changes)
        changes += batch.changes
        if batch.through == position:
            return changes
        position = batch.through


# --- sequences ---


def test_an_empty_log(log: DocumentLog) -> None:
    """Nothing has been given out, and there is nothing to follow."""
    assert log.head() == 0
    assert log.count("main") == log.behind("main", 0) == 0
    assert log.changes("main", 0, 10).changes == ()
    assert log.changes("main", 0, 10).through == 0
    assert log.append("main", "s", []).sequences == {}
    assert len(log.log_id) == 32


def test_sequences_follow_the_order_of_acceptance(log: DocumentLog) -> None:
    """1, 2, 3 … over all collections."""
    assert log.append("main", "s", [document("b"), document("a")]).sequences == {"b": 1, "a": 2}
    assert log.append("other", "s", [document("a")]).sequences == {"a": 3}
    assert log.append("main", "s", [document("c")]).sequences == {"c": 4}
    assert log.head() == 4


def test_unchanged_content_gets_no_sequence(log: DocumentLog) -> None:
    """The same content again is recognised; any change is not."""
    sent = [document("a", "x", n=1), document("b", "x")]
    log.append("main", "s", sent)
    again = log.append("main", "s", sent)
    assert (again.sequences, again.unchanged) == ({}, 2)
    assert log.head() == 2
    partly = log.append("main", "s", [document("a", "x", n=2), sent[1]])
    assert (partly.sequences, partly.unchanged) == ({"a": 3}, 1)


def test_the_newest_version_is_kept(log: DocumentLog) -> None:
    """An update moves the document to the log's end; its old place is empty."""
    log.append("main", "s", [document("a", "old"), document("b")])
    log.append("main", "s", [document("a", "new")])
    changes = all_changes(log)
    assert [(change.sequence, change.document_id) for change in changes] == [(2, "b"), (3, "a")]
    assert changes[1].document == document("a", "new")
    assert log.documents("main", ["a", "b", "c"]) == {
        "a": document("a", "new"),
        "b": document("b"),
    }


def test_documents_survive_exactly(log: DocumentLog) -> None:
    """Text, attributes of every type and time come back equal."""
    sent = document(
        "日本/ü#1",
        "line\n\ttwo \U0001f469",
        title=" spaces ",
        updated_at=datetime(1969, 7, 20, 20, 17, 40, 123_456, tzinfo=UTC),
        number=-(2**53 - 1),
        ratio=0.1,
        flag=False,
        many=("a", "b"),
        none=(),
        text="",
    )
    log.append("main", "s", [sent])
    (change,) = all_changes(log)
    assert change.document == sent
    assert type(change.document.attributes["flag"]) is bool


def test_deleting(log: DocumentLog) -> None:
    """A tombstone gets a sequence; what is unknown or gone already gets none."""
    log.append("main", "s", [document("a"), document("b")])
    assert log.delete("main", ["a", "unknown", "a"]) == {"a": 3}
    assert log.delete("main", ["a"]) == {}
    assert log.delete("other", ["b"]) == {}
    assert all_changes(log)[-1] == Change(3, "a", None)
    assert log.documents("main", ["a", "b"]).keys() == {"b"}
    assert log.count("main") == 1


def test_a_deleted_document_returns_with_a_new_sequence(log: DocumentLog) -> None:
    """The same content after a delete is a change again, even where it is blank."""
    sent = [document("a", "x"), document("blank")]
    log.append("main", "s", sent)
    log.delete("main", ["a", "blank"])
    assert log.append("main", "s", sent).sequences == {"a": 5, "blank": 6}
    assert all_changes(log) == [Change(5, "a", sent[0]), Change(6, "blank", sent[1])]


def test_sequences_are_never_used_again(log: DocumentLog, tmp_path: Path) -> None:
    """Deleting, purging and reopening leave the head where it was; so does the log's id."""
    log.append("main", "s", [document("a"), document("b")])
    log.delete("main", ["a", "b"])
    assert log.purge_tombstones("main", 3) == 1
    assert log.purge_tombstones("main", 4) == 1
    assert log.purge_tombstones("main", 4) == 0
    assert all_changes(log) == []
    again = open_catalog(tmp_path)
    assert again.documents.head() == 4
    assert again.documents.log_id == log.log_id
    assert again.documents.append("main", "s", [document("a")]).sequences == {"a": 5}
    again.close()


def test_purging_spares_documents_and_other_collections(log: DocumentLog) -> None:
    """Only tombstones of that collection go."""
    log.append("main", "s", [document("a"), document("b")])
    log.append("other", "s", [document("a")])
    log.delete("main", ["a"])
    log.delete("other", ["a"])
    assert log.purge_tombstones("main", 99) == 1
    assert log.count("main") == 1
    assert [change.is_delete for change in all_changes(log, "other")] == [True]


def test_batches_larger_than_a_statement(log: DocumentLog) -> None:
    """More documents than a query takes at once, new, unchanged, changed and deleted."""
    sent = [document(f"d{number:04}", "x") for number in range(1_203)]
    assert list(log.append("main", "s", sent).sequences.values()) == list(range(1, 1_204))
    changed = [document(item.document_id, "y") for item in sent[::2]]
    outcome = log.append("main", "s", [*changed, *sent[1::2]])
    assert (len(outcome.sequences), outcome.unchanged) == (602, 601)
    names = [item.document_id for item in sent]
    assert len(log.documents("main", names)) == 1_203
    assert len(log.delete("main", names)) == 1_203
    assert log.head() == 1_203 + 602 + 1_203


# --- sources ---


def test_sources(log: DocumentLog) -> None:
    """Each document belongs to the source that wrote it last; unchanged ones are adopted."""
    log.append("main", "one", [document("a"), document("b"), document("c")])
    log.append("main", "two", [document("b"), document("c", "changed")])
    log.delete("main", ["c"])
    assert set(log.ids_of_source("main", "one")) == {"a"}
    assert set(log.ids_of_source("main", "two")) == {"b"}
    assert set(log.ids_of_source("other", "one")) == set()
    assert log.head() == 5, "adopting is no change of content"


# --- following ---


def test_how_far_behind(log: DocumentLog) -> None:
    """Changes after a position, deletes included; the count leaves them out."""
    log.append("main", "s", [document("a"), document("b")])
    log.append("other", "s", [document("x")])
    log.delete("main", ["a"])
    assert log.count("main") == 1
    assert [log.behind("main", position) for position in (0, 2, 3, 4)] == [2, 1, 1, 0]
    assert log.behind("other", 0) == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_have_no_gaps(log: DocumentLog, limit: int) -> None:
    """Two collections interleaved, updates and deletes: pages hold each change once, in order."""
    for number in range(12):
        log.append("left", "s", [document(f"l{number}"), document("again", str(number))])
        log.append("right", "s", [document(f"r{number}")])
    log.delete("left", ["l3"])
    for collection, expected in (("left", 13), ("right", 12)):
        changes = all_changes(log, collection, limit)
        sequences = [change.sequence for change in changes]
        assert sequences == sorted(set(sequences))
        assert len(changes) == expected
        assert log.changes(collection, 0, 1_000).through == log.head()


def test_a_full_page_ends_at_its_last_change(log: DocumentLog) -> None:
    """The position after a full page is its last sequence: the rest is still to come."""
    log.append("main", "s", [document("a"), document("b"), document("c")])
    assert log.changes("main", 0, 2).through == 2
    assert log.changes("main", 0, 4).through == 3
    assert log.changes("main", 9, 4).through == 9, "a position ahead of the log is not moved back"


# --- several writers ---


def _append_many(folder: Path, source: str, batches: int, begin: float) -> list[int]:
    while time.time() < begin:
        pass
    catalog = open_catalog(folder)
    given: list[int] = []
    for number in range(batches):
        sent = [document(f"{source}-{number}-{part}") for part in range(3)]
        given += catalog.documents.append("main", source, sent).sequences.values()
    catalog.close()
    return given


def test_two_threads_append(tmp_path: Path) -> None:
    """Sequences are distinct and without gaps, and a follower misses none of them."""
    catalog = open_catalog(tmp_path)
    given: list[int] = []
    faults: list[BaseException] = []

    def write(source: str) -> None:
        try:
            for number in range(15):
                sent = [document(f"{source}-{number}-{part}") for part in range(3)]
                given.extend(catalog.documents.append("main", source, sent).sequences.values())
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(source,)) for source in ("a", "b")]
    for thread in threads:
        thread.start()
    followed: list[int] = []
    position = 0
    while any(thread.is_alive() for thread in threads) or position < catalog.documents.head():
        batch = catalog.documents.changes("main", position, 4)
        followed += [change.sequence for change in batch.changes]
        position = batch.through
    for thread in threads:
        thread.join()
    catalog.close()
    assert not faults
    assert sorted(given) == list(range(1, 91))
    assert followed == sorted(given)


def test_two_processes_append(tmp_path: Path) -> None:
    """Two processes make the same catalogue at the same moment, and write at once."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for attempt in range(8):
            folder, begin = tmp_path / str(attempt), time.time() + 0.05
            jobs = [(folder, source, 3, begin) for source in ("a", "b")]
            given = [number for part in pool.starmap(_append_many, jobs, 1) for number in part]
            assert sorted(given) == list(range(1, 19))
            catalog = open_catalog(folder)
            assert catalog.documents.head() == 18
            found = [change.sequence for change in all_changes(catalog.documents)]
            assert found == list(range(1, 19))
            catalog.close()


def test_a_failing_append_changes_nothing(log: DocumentLog) -> None:
    """Where one document cannot be written none is, and no sequence is used up."""
    log.append("main", "s", [document("a")])
    with pytest.raises(UnicodeEncodeError):
        log.append("main", "s", [document("b"), document("\ud800")])
    assert log.head() == 1
    assert log.count("main") == 1


# --- the database ---


def test_documents_survive_a_power_loss(tmp_path: Path) -> None:
    """The documents' file is written through (FULL) behind a write-ahead log; the cache is not."""
    catalog = open_catalog(tmp_path)
    found = {}
    for engine in (catalog._documents, catalog.embeddings._engine):
        with engine.connect() as connection:
            found[Path(str(engine.url.database)).name] = (
                connection.exec_driver_sql("PRAGMA synchronous").scalar(),
                connection.exec_driver_sql("PRAGMA journal_mode").scalar(),
                connection.exec_driver_sql("PRAGMA fullfsync").scalar(),
            )
    catalog.close()
    assert found == {"documents.db": (2, "wal", 1), "embeddings.db": (1, "wal", 0)}


def test_tables_are_portable() -> None:
    """PostgreSQL can create every table: nothing in them is SQLite's own."""
    for table in (*CATALOGUE.sorted_tables, *CACHE.sorted_tables):
        dialect = sa.make_url("postgresql://").get_dialect()()
        statement = str(sa.schema.CreateTable(table).compile(dialect=dialect))
        assert statement.strip().startswith("CREATE TABLE")
