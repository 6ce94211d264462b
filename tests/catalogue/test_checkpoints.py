"""Checkpoints move by compare-and-set, and failures go when their document changes."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint, Checkpoints, Failure
from tandem.catalog.database import reading
from tandem.errors import CheckpointConflict
from tandem.protocols import Refusal
from tests.builders import document


@pytest.fixture
def checkpoints(catalog: Catalog) -> Checkpoints:
    """No index has a checkpoint yet."""
    return catalog.checkpoints


@pytest.fixture
def begun(checkpoints: Checkpoints) -> Checkpoint:
    """An index that begins."""
    return checkpoints.start("index", "identity", "log")


def test_beginning(checkpoints: Checkpoints) -> None:
    """From zero, under the first epoch; before that there is nothing."""
    assert checkpoints.read("index") is None
    begun = checkpoints.start("index", "identity", "log")
    assert begun == Checkpoint("index", "identity", "log", epoch=1, applied=0)
    assert checkpoints.read("index") == begun
    assert checkpoints.read("other") is None


def test_an_index_that_lacks_something(checkpoints: Checkpoints) -> None:
    """Until it has what it awaits, whoever follows it, and whoever looks."""
    held = checkpoints.start("index", "identity", "log", awaited=7)
    for applied, is_whole in ((0, False), (6, False), (7, True), (9, True)):
        held = checkpoints.take(checkpoints.advance(held, applied))
        assert checkpoints.read("index") == held
        assert held.is_whole == is_whole
    assert checkpoints.start("index", "another", "log").is_whole


def test_advancing(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """The position moves, everything else stays, and it is there for the next reader."""
    moved = checkpoints.advance(begun, 7)
    assert moved == replace(begun, applied=7)
    assert checkpoints.read("index") == moved


def test_taking_over(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """A new owner gets a new epoch; the earlier one can move nothing any more."""
    held = checkpoints.advance(begun, 7)
    taken = checkpoints.take(held)
    assert (taken.epoch, taken.applied) == (2, 7)
    with pytest.raises(
        CheckpointConflict, match=r"index: another follower .* 7, epoch 1"
    ) as raised:
        checkpoints.advance(held, 9)
    assert raised.value.hint
    with pytest.raises(CheckpointConflict):
        checkpoints.take(held)
    assert checkpoints.read("index") == taken


def test_a_stale_position_is_refused(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """Two followers under one epoch: the second to move is refused, and changes no failures."""
    checkpoints.advance(begun, 3, refusals=[(2, Refusal("a", "why"))])
    with pytest.raises(CheckpointConflict):
        checkpoints.advance(begun, 5, changed=["a"], refusals=[(4, Refusal("b", "why"))])
    assert checkpoints.failures("index") == [Failure("a", 2, "why")]


def test_another_index_under_the_name(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """An index built anew has a later epoch; who followed the old one is refused."""
    fresh = checkpoints.start("index", "another", "log")
    assert (fresh.epoch, fresh.applied) == (2, 0)
    with pytest.raises(CheckpointConflict):
        checkpoints.advance(begun, 5)
    with pytest.raises(CheckpointConflict):
        checkpoints.advance(replace(fresh, identity="identity"), 5)


def test_failures_are_kept(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """In order of sequence, counted, cut at the limit, an index apart from the other."""
    other = checkpoints.start("other", "x", "log")
    checkpoints.advance(other, 9, refusals=[(9, Refusal("z", "other"))])
    refusals = [(5, Refusal("b", "second")), (2, Refusal("a", "first"))]
    checkpoints.advance(begun, 9, changed=["a", "b", "c"], refusals=refusals)
    assert checkpoints.failures("index") == [Failure("a", 2, "first"), Failure("b", 5, "second")]
    assert checkpoints.failures("index", limit=1) == [Failure("a", 2, "first")]
    assert checkpoints.failure_count("index") == 2
    assert checkpoints.failure_count("unknown") == 0


def test_failures_go_when_the_document_changes(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """A later version that is taken clears the failure; one that is refused replaces it."""
    refusals = [(number, Refusal(name, "old")) for number, name in enumerate("abc", start=1)]
    moved = checkpoints.advance(begun, 3, changed="abc", refusals=refusals)
    checkpoints.advance(moved, 5, changed=["a", "b"], refusals=[(5, Refusal("b", "new"))])
    assert checkpoints.failures("index") == [Failure("c", 3, "old"), Failure("b", 5, "new")]


def test_a_batch_applied_again_repeats_its_failures(
    checkpoints: Checkpoints, begun: Checkpoint
) -> None:
    """The same refusals after a crash replace themselves."""
    moved = checkpoints.advance(begun, 3, changed=["a"], refusals=[(3, Refusal("a", "why"))])
    checkpoints.advance(moved, 3, changed=["a"], refusals=[(3, Refusal("a", "why"))])
    assert checkpoints.failures("index") == [Failure("a", 3, "why")]


def test_beginning_again_forgets_failures(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """They belonged to the index that is gone."""
    checkpoints.advance(begun, 3, refusals=[(3, Refusal("a", "why"))])
    checkpoints.start("index", "another", "log")
    assert checkpoints.failures("index") == []


def test_many_changed_documents(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """More ids than a statement takes at once."""
    names = [f"d{number}" for number in range(1_203)]
    refusals = [(number, Refusal(name, "x")) for number, name in enumerate(names, start=1)]
    moved = checkpoints.advance(begun, 1_203, changed=names, refusals=refusals)
    assert checkpoints.failure_count("index") == 1_203
    checkpoints.advance(moved, 1_204, changed=names[:-1])
    assert checkpoints.failure_count("index") == 1


@pytest.mark.parametrize("noted", [False, True])
def test_failures_noted_beside_the_follower_at_the_same_time(
    catalog: Catalog, begun: Checkpoint, noted: bool
) -> None:
    """The follower has moved its checkpoint and notes the same document: one comes after the
    other, whichever is first, and both succeed.
    """
    checkpoints = catalog.checkpoints
    catalog.documents.append("main", "s", [document("a")])
    if noted:
        begun = checkpoints.advance(begun, 0, changed=["a"], refusals=[(1, Refusal("a", "old"))])
    with reading(catalog.engine), reading(catalog.engine):
        pass  # both connections are there: nothing but the other one is waited for
    done = threading.Event()

    def settle() -> None:
        checkpoints.settle("index", "main", {"a": 1}, [(1, Refusal("a", "settled"))])
        done.set()

    thread = threading.Thread(target=settle)
    replace_failures = checkpoints._replace_failures

    def replace_slowly(connection: Any, *rest: Any) -> None:
        if threading.current_thread() is not thread:
            thread.start()
            assert not done.wait(1.5), "the follower's transaction has not ended"
        replace_failures(connection, *rest)

    checkpoints._replace_failures = replace_slowly  # type: ignore[method-assign, assignment]
    checkpoints.advance(begun, 1, changed=["a"], refusals=[(1, Refusal("a", "followed"))])
    thread.join(10)
    assert done.is_set()
    assert checkpoints.failures("index") == [Failure("a", 1, "settled")]
