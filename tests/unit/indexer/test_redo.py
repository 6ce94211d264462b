"""Documents brought to the log's newest state while the log moves on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from indexer.redo import MOST_TURNS, bring_up_to_date
from tandem.catalog.catalog import Catalog
from tandem.catalog.document_log import DocumentLog
from tandem.documents import Change, Document
from tandem.errors import CatalogError
from tandem.protocols import Refusal
from tests.memory_index import MemoryIndex, Row

COLLECTION = "main"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DocumentLog]:
    """A log of three documents, of which the second is deleted: sequences 1, 4 and 3."""
    opened = Catalog(
        f"sqlite:///{tmp_path / 'documents.sqlite'}", f"sqlite:///{tmp_path / 'cache.sqlite'}"
    )
    write(opened.documents, "a", "b", "c")
    opened.documents.delete(COLLECTION, ["b"])
    yield opened.documents
    opened.close()


def write(log: DocumentLog, *ids: str, body: str = "first") -> None:
    """Append documents of that body."""
    documents = [Document(document_id, body=body) for document_id in ids]
    log.append(COLLECTION, "source", documents)


def test_the_newest_state_is_written_in_batches_and_told(log: DocumentLog) -> None:
    """Upserts, deletes, and deletes of what the log never had; only what was asked for."""
    index = MemoryIndex(batch_size=2)
    index.rows = {"b": [Row(2, "first")], "x": [Row(1, "stray")], "y": [Row(2, "not asked for")]}

    redone = bring_up_to_date(log, COLLECTION, index, ["x", "a", "b", "a"])

    assert index.rows == {"a": [Row(1, "first")], "y": [Row(2, "not asked for")]}
    assert [sorted(batch) for batch in index.batches] == [["a", "x"], ["b"]]
    assert redone.sequences == {"a": 1, "b": 4, "x": 4}
    assert redone.refusals == {}


def test_what_the_index_refuses_comes_back(log: DocumentLog) -> None:
    """With the sequence that was refused."""
    write(log, "a", body="bad")
    index = MemoryIndex()
    index.refused = {"bad"}

    redone = bring_up_to_date(log, COLLECTION, index, ["a", "c"])

    assert redone.refusals == {"a": (5, Refusal("a", "not to its taste"))}
    assert redone.sequences == {"a": 5, "c": 3}
    assert index.rows == {"c": [Row(3, "first")]}


def test_a_newer_version_that_a_follower_applied_first_is_not_lost(log: DocumentLog) -> None:
    """The log moves on and the follower applies it, all before the older write arrives."""
    index = MemoryIndex()

    def overtaken(changes: Sequence[Change]) -> None:
        index.before_apply = lambda _: None
        log.delete(COLLECTION, ["a"])
        write(log, "c", body="second")
        index.apply(log.changes_of(COLLECTION, ["a", "c"]), None)

    index.before_apply = overtaken
    redone = bring_up_to_date(log, COLLECTION, index, ["a", "c"])

    assert index.rows == {"c": [Row(6, "second")]}
    assert redone.sequences == {"a": 5, "c": 6}


def test_a_purged_tombstone_is_still_a_delete(log: DocumentLog) -> None:
    """Deleted, applied and forgotten by the log, before the older upsert arrives."""
    index = MemoryIndex()

    def overtaken(changes: Sequence[Change]) -> None:
        index.before_apply = lambda _: None
        log.delete(COLLECTION, ["a"])
        log.purge_tombstones(COLLECTION, log.head())

    index.before_apply = overtaken
    bring_up_to_date(log, COLLECTION, index, ["a"])

    assert index.rows == {}


def test_only_what_changed_meanwhile_is_written_again(log: DocumentLog) -> None:
    """The rest of the batch is done."""
    index = MemoryIndex()

    def once(changes: Sequence[Change]) -> None:
        index.before_apply = lambda _: None
        write(log, "a", body="second")

    index.before_apply = once
    bring_up_to_date(log, COLLECTION, index, ["a", "c"])

    assert [sorted(batch) for batch in index.batches] == [["a", "c"], ["a"]]
    assert index.rows["a"] == [Row(5, "second")]


def test_a_document_that_never_rests_is_an_error(log: DocumentLog) -> None:
    """It names the document, and what to do."""
    index = MemoryIndex()
    index.before_apply = lambda _: write(log, "a", body=f"version {log.head()}")

    with pytest.raises(CatalogError, match=f"'a' changed during each of {MOST_TURNS}") as caught:
        bring_up_to_date(log, COLLECTION, index, ["a"])
    assert caught.value.hint
