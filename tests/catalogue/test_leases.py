"""Leases: of several who want an index one holds it, and who was too slow moves nothing."""

import threading
from dataclasses import replace

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint, Checkpoints
from tandem.catalog.leases import Lease, new_owner
from tandem.errors import CheckpointConflict


@pytest.fixture
def checkpoints(catalog: Catalog) -> Checkpoints:
    """No index has a checkpoint yet."""
    return catalog.checkpoints


@pytest.fixture
def begun(checkpoints: Checkpoints) -> Checkpoint:
    """An index that ``one`` holds."""
    return checkpoints.start("index", "identity", "log", owner="one")


def seen(checkpoints: Checkpoints) -> Lease:
    """The index's lease."""
    lease = checkpoints.observe("index")
    assert lease is not None
    return lease


def test_owners_are_told_apart() -> None:
    """Host, process and something random; never the same twice."""
    assert len({new_owner() for _ in range(100)}) == 100
    assert new_owner().count(":") >= 2


def test_observing(checkpoints: Checkpoints) -> None:
    """Nothing without a checkpoint; without an owner the lease says so."""
    assert checkpoints.observe("index") is None
    checkpoints.start("index", "identity", "log")
    assert seen(checkpoints).owner is None


def test_signs_of_life(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """Renewing, moving the checkpoint and a change of owner all let the beat grow."""
    beats = [seen(checkpoints)]
    checkpoints.renew(begun, "one")
    beats.append(seen(checkpoints))
    moved = checkpoints.advance(begun, 7)
    beats.append(seen(checkpoints))
    taken = checkpoints.take(moved, owner="two", expected=beats[-1])
    beats.append(seen(checkpoints))
    fresh = checkpoints.start("index", "another", "log", owner="three")
    beats.append(seen(checkpoints))
    assert [lease.beat for lease in beats] == sorted({lease.beat for lease in beats})
    assert [lease.owner for lease in beats] == ["one", "one", "one", "two", "three"]
    assert (
        [lease.epoch for lease in beats] == [1, 1, 1, taken.epoch, fresh.epoch] == [1, 1, 1, 2, 3]
    )


def test_an_owner_that_shows_life_is_not_replaced(
    checkpoints: Checkpoints, begun: Checkpoint
) -> None:
    """A renewal between observing and taking refuses the taking."""
    observed = seen(checkpoints)
    checkpoints.renew(begun, "one")
    with pytest.raises(CheckpointConflict):
        checkpoints.take(begun, owner="two", expected=observed)
    assert seen(checkpoints).owner == "one"
    taken = checkpoints.take(begun, owner="two", expected=seen(checkpoints))
    assert taken == replace(begun, epoch=2)


def test_a_paused_owner_is_fenced(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """After a take-over the old owner can neither move the checkpoint nor renew; its release
    changes nothing.
    """
    held = checkpoints.advance(begun, 7)
    taken = checkpoints.take(held, owner="two", expected=seen(checkpoints))
    with pytest.raises(CheckpointConflict, match="epoch 1"):
        checkpoints.advance(held, 9)
    with pytest.raises(CheckpointConflict, match="epoch 1"):
        checkpoints.renew(held, "one")
    checkpoints.release(held, "one")
    assert seen(checkpoints).owner == "two"
    assert checkpoints.read("index") == taken
    assert checkpoints.advance(taken, 9).applied == 9


def test_only_the_owner_renews_and_releases(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """The right epoch under another name is not enough."""
    with pytest.raises(CheckpointConflict):
        checkpoints.renew(begun, "two")
    checkpoints.release(begun, "two")
    assert seen(checkpoints).owner == "one"
    checkpoints.release(begun, "one")
    assert seen(checkpoints).owner is None
    with pytest.raises(CheckpointConflict):
        checkpoints.renew(begun, "one")


def test_what_was_released_can_be_taken_at_once(
    checkpoints: Checkpoints, begun: Checkpoint
) -> None:
    """The next owner need not wait for a beat to stand still."""
    moved = checkpoints.advance(begun, 4)
    checkpoints.release(moved, "one")
    taken = checkpoints.take(moved, owner="two", expected=seen(checkpoints))
    assert (taken.epoch, taken.applied) == (2, 4)


@pytest.mark.parametrize("known", ["taken", "started"])
def test_of_many_standbys_one_wins(catalog: Catalog, known: str) -> None:
    """Eight see the same silent owner, or no index yet, and try at the same moment."""
    checkpoints = catalog.checkpoints
    held = checkpoints.start("index", "identity", "log", owner="dead")
    observed = seen(checkpoints)
    together = threading.Barrier(8)
    won: list[tuple[str, Checkpoint]] = []
    others: list[BaseException] = []

    def stand_by(name: str) -> None:
        together.wait(10)
        try:
            if known == "taken":
                mine = checkpoints.take(held, owner=name, expected=observed)
            else:
                mine = checkpoints.start("new", name, "log", owner=name, known_epoch=0)
            won.append((name, mine))
        except BaseException as error:
            others.append(error)

    threads = [threading.Thread(target=stand_by, args=(f"standby-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in others] == [CheckpointConflict] * 7
    ((name, mine),) = won
    lease = checkpoints.observe(mine.index_name)
    assert lease is not None
    assert (lease.owner, lease.epoch) == (name, mine.epoch)
    assert checkpoints.read(mine.index_name) == mine


def test_beginning_anew_checks_who_was_there(checkpoints: Checkpoints, begun: Checkpoint) -> None:
    """With the epoch that was found; without one, whoever comes begins."""
    with pytest.raises(CheckpointConflict, match="found at epoch 0, now at 1"):
        checkpoints.start("index", "another", "log", known_epoch=0)
    assert checkpoints.read("index") == begun
    assert checkpoints.start("index", "another", "log", known_epoch=1).epoch == 2
    assert checkpoints.start("index", "third", "log").epoch == 3
