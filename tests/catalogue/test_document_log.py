"""The document log: sequences, hashes, tombstones, sources, and what follows it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.catalog import document_log as module
from tandem.catalog.catalog import Catalog
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.document_rows import rows_of
from tandem.catalog.tables import DOCUMENTS
from tandem.documents import Change, Document
from tests.builders import document, filters, schema_of
from tests.catalogue.conftest import Open


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


def test_what_is_not_wanted_whole_is_not_read_whole(
    log: DocumentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its title and body do not leave the database; whether they are wanted is said by the rest."""
    log.append("main", "s", [document("a", "x", title="t", n=1), document("b", "y", n=2)])
    log.append("main", "s", [document("c", "z", n=1)])
    log.delete("main", ["c"])
    asked: list[Change] = []

    def is_second(item: Change) -> bool:
        asked.append(item)
        return item.document is not None and item.document.attributes["n"] == 2

    outline = Change(1, "a", Document("a", attributes={"n": 1}))
    whole, gone = Change(2, "b", document("b", "y", n=2)), Change(4, "c", None)
    bodies_read: list[str] = []

    def noted(connection: Any, collection: str, names: Sequence[str], columns: Any) -> Any:
        if any(column.name == "body" for column in columns):
            bodies_read.extend(names)
        return rows_of(connection, collection, names, columns)

    monkeypatch.setattr("tandem.catalog.document_rows.rows_of", noted)
    assert log.changes_of("main", ["c", "b", "a", "d"], is_second) == [outline, whole, gone]
    assert sorted(item.document_id for item in asked) == ["a", "b", "c"]
    assert all(item.document is None or not item.document.body for item in asked)
    assert bodies_read == ["b"]


def test_what_may_be_long_stands_last() -> None:
    """SQLite passes over all that stands before what it reads, and time would tell how much."""
    assert [column.name for column in DOCUMENTS.c][-3:] == ["attributes", "title", "body"]


def test_documents_that_filters_leave(log: DocumentLog) -> None:
    """The others are as if they were not there."""
    log.append("main", "s", [document("a", "x", kind="k"), document("b", "y", kind="l")])
    kept = filters(schema_of(kind="keyword"), {"kind": "k"})
    assert log.documents("main", ["a", "b", "c"], kept) == {"a": document("a", "x", kind="k")}


def test_a_deleted_document_returns_with_a_new_sequence(log: DocumentLog) -> None:
    """The same content after a delete is a change again, even where it is blank."""
    sent = [document("a", "x"), document("blank")]
    log.append("main", "s", sent)
    log.delete("main", ["a", "blank"])
    assert log.append("main", "s", sent).sequences == {"a": 5, "blank": 6}
    assert all_changes(log) == [Change(5, "a", sent[0]), Change(6, "blank", sent[1])]


def test_sequences_are_never_used_again(log: DocumentLog, open_catalog: Open) -> None:
    """Deleting, purging and reopening leave the head where it was; so does the log's id."""
    log.append("main", "s", [document("a"), document("b")])
    log.delete("main", ["a", "b"])
    assert log.purge_tombstones("main", 3) == 1
    assert log.purge_tombstones("main", 4) == 1
    assert log.purge_tombstones("main", 4) == 0
    assert all_changes(log) == []
    again = open_catalog()
    assert again.documents.head() == 4
    assert again.documents.log_id == log.log_id
    assert again.documents.append("main", "s", [document("a")]).sequences == {"a": 5}


def test_purging_spares_documents_and_other_collections(log: DocumentLog) -> None:
    """Only tombstones of that collection go."""
    log.append("main", "s", [document("a"), document("b")])
    log.append("other", "s", [document("a")])
    log.delete("main", ["a"])
    log.delete("other", ["a"])
    assert log.purge_tombstones("main", 99) == 1
    assert log.count("main") == 1
    assert [change.is_delete for change in all_changes(log, "other")] == [True]


def test_purging_many_goes_in_steps(log: DocumentLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and wherever: writers come between two of them, and what returns
    meanwhile stays.
    """
    monkeypatch.setattr("tandem.catalog.document_log.SEQUENCES_PER_LOOK", 7)
    monkeypatch.setattr("tandem.catalog.database.ROWS_PER_QUERY", 2)
    names = [f"d{number}" for number in range(20)]
    log.append("main", "s", [document(name) for name in names])
    log.delete("main", names[:15])
    forget = log._forget
    steps: list[int] = []

    def forget_beside_a_writer(collection: str, sequences: Sequence[int]) -> int:
        if not steps:
            log.append(collection, "s", [document("d0", "again"), document("d14", "again")])
        steps.append(len(sequences))
        return forget(collection, sequences)

    monkeypatch.setattr(log, "_forget", forget_beside_a_writer)
    assert log.purge_tombstones("main", 34) == 13
    assert max(steps) == 2
    assert log.count("main") == 7
    assert [change.document_id for change in all_changes(log) if change.is_delete] == []


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


# --- failures ---


def test_a_failing_append_changes_nothing(log: DocumentLog) -> None:
    """Where one document cannot be written none is, and no sequence is used up."""
    log.append("main", "s", [document("a")])
    with pytest.raises(UnicodeEncodeError):
        log.append("main", "s", [document("b"), document("\ud800")])
    assert log.head() == 1
    assert log.count("main") == 1


def test_a_page_ends_when_it_is_large(log: DocumentLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one change, whatever its size; none is lost, and the last page leads to the end."""
    monkeypatch.setattr(module, "PAGE_CHARACTERS", 2_500)
    log.append("main", "s", [document(f"d{number}", "x" * 1_000) for number in range(7)])
    log.append("main", "s", [document("large", "x" * 9_000), document("small")])
    log.append("other", "s", [document("other")])
    pages, position = [], 0
    while (batch := log.changes("main", position, 100)).through != position:
        pages.append(([change.sequence for change in batch.changes], batch.through))
        position = batch.through
    assert pages == [([1, 2, 3], 3), ([4, 5, 6], 6), ([7, 8], 8), ([9], 10)]
    monkeypatch.setattr(module, "PAGE_CHARACTERS", 1)
    assert [change.sequence for change in all_changes(log, limit=100)] == list(range(1, 10))


def test_a_page_of_large_documents_holds_little_memory(log: DocumentLog) -> None:
    """The rest of the rows is not read."""
    for number in range(0, 80, 10):
        sent = [document(f"d{number + part}", "x" * 1_000_000) for part in range(10)]
        log.append("main", "s", sent)
    batch = log.changes("main", 0, 1_000)
    assert len(batch.changes) == batch.through == 16
