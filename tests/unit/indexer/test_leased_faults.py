"""What may fail under a lease: an engine that is slow, or loses the index, and a late write."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from indexer.leased import FOLLOWING, STANDING_BY, LeasedFollower
from indexer.seats import Access
from tandem.errors import CatalogError, EngineError, EngineUnavailable
from tests.unit.indexer.test_leased import (
    PATIENCE,
    FakeIndex,
    FakeWriter,
    World,
    caught_up,
    fast,
    world,
)

__all__ = ["fast", "world"]  # the fixtures of the other file


def test_the_lease_is_kept_while_an_index_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that takes several times the patience: nobody else comes in, it is made once, and
    its maker follows with it.
    """
    patience = 2.0  # a busy machine may be late with a beat
    monkeypatch.setattr("indexer.leases.PATIENCE_SECONDS", patience)
    monkeypatch.setattr("indexer.leases.Standby.observe.__defaults__", (patience,))
    world.engine.seconds_to_create = 2 * patience
    first, second = world.process(), world.process()
    making = threading.Thread(target=lambda: caught_up(first, 20))
    making.start()
    while world.catalog.checkpoints.observe(first.seat.name) is None:
        time.sleep(0.01)
    others = 0
    while making.is_alive():
        others += second.catch_up()
        time.sleep(0.05)
    assert others == 0
    assert (first.state, second.state) == (FOLLOWING, STANDING_BY)
    assert world.engine.created == 1
    assert world.engine.rows.keys() == {"a", "b", "c"}


def test_one_that_was_late_goes_on_as_before(world: World) -> None:
    """Nobody took the lease meanwhile: the index is neither opened nor made again."""
    first = world.process()
    first.catch_up()
    opened = first.seat.opened
    first.seat.lose()
    world.write("d")
    assert first.catch_up() == 1
    assert first.seat.opened is opened


def test_a_lease_lost_amid_the_making_is_not_followed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is renewed once more before anything is written: who has lost it writes nothing."""
    create, checkpoints = world.engine.create, world.catalog.checkpoints

    def create_late(identity: str) -> FakeIndex:
        made = create(identity)
        known = checkpoints.read("main-lexical-1")
        assert known is not None
        checkpoints.take(known, owner="another")
        return made

    monkeypatch.setattr(world.engine, "create", create_late)
    first = world.process()
    assert first.catch_up() == 0
    assert first.state == STANDING_BY
    assert world.engine.rows == {}


def late_write(world: World, first: LeasedFollower[FakeIndex], error: Exception | None) -> None:
    """The follower writes ``d`` after another one has seen it deleted, and fails then."""
    second = world.process()
    second.catch_up()
    world.write("d")
    assert first._follower is not None
    writer = first._follower.writer
    assert isinstance(writer, FakeWriter)
    apply = FakeWriter.apply

    def write_late(changes: Sequence[Any], prepared: Any) -> list[Any]:
        world.freeze(first)
        caught_up(second)
        world.catalog.documents.delete("main", ["d"])
        assert second.catch_up() == 1
        refused = apply(writer, changes, prepared)
        if error is not None:
            raise error
        return refused

    writer.apply = write_late  # type: ignore[assignment, method-assign]


def test_a_late_write_that_failed_midway_is_made_good(world: World) -> None:
    """Its documents are not forgotten with the error: a deleted one does not come back."""
    first = world.process()
    first.catch_up()
    late_write(world, first, EngineUnavailable("the connection broke"))
    with pytest.raises(EngineUnavailable):
        first.catch_up()
    assert "d" in world.engine.rows
    assert first.catch_up() == 0
    assert world.engine.rows.keys() == {"a", "b", "c"}
    assert not first.seat.doubtful


def test_a_late_write_whose_checkpoint_was_not_answered_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue was away just then: the same."""
    first = world.process()
    first.catch_up()
    late_write(world, first, None)
    advance = world.catalog.checkpoints.advance

    def away(held: Any, *arguments: Any, **options: Any) -> Any:
        if held.epoch == 1:
            raise CatalogError("away")
        return advance(held, *arguments, **options)

    monkeypatch.setattr(world.catalog.checkpoints, "advance", away)
    with pytest.raises(CatalogError, match="away"):
        first.catch_up()
    assert first.catch_up() == 0
    assert world.engine.rows.keys() == {"a", "b", "c"}


def test_making_good_is_tried_until_it_succeeds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And before the lease may be taken again."""
    first = world.process()
    first.catch_up()
    late_write(world, first, None)
    with monkeypatch.context() as broken:

        def refuse(*_: Any) -> None:
            raise EngineError("no room")

        broken.setattr("indexer.leased.bring_up_to_date", refuse)
        for _ in range(2):
            with pytest.raises(EngineError, match="no room"):
                first.catch_up()
    assert first.seat.doubtful == {"d"}
    assert first.catch_up() == 0
    assert world.engine.rows.keys() == {"a", "b", "c"}


@pytest.mark.parametrize("access", [Access.LEASED, Access.OWNED])
def test_an_index_lost_under_its_follower_is_built_again(world: World, access: Access) -> None:
    """The engine came back empty: the batch that fails of it tells, and the next call begins."""
    first = world.process(access)
    first.catch_up()
    before = first.seat.index
    world.engine.identity, world.engine.rows = None, {}
    world.write("d")
    with pytest.raises(EngineError, match="missing"):
        first.catch_up()
    assert caught_up(first) < PATIENCE
    assert world.engine.rows.keys() == {"a", "b", "c", "d"}
    assert first.seat.opened.rebuilt == "is missing"
    assert before.is_closed


def test_an_engine_that_fails_and_still_has_it_keeps_it(world: World) -> None:
    """Neither an error nor an engine that cannot say what it has is a reason to begin anew."""
    first = world.process()
    first.catch_up()
    world.write("d")
    assert first._follower is not None
    writer = first._follower.writer
    assert isinstance(writer, FakeWriter)

    def fail() -> None:
        raise EngineUnavailable("it does not answer")

    writer.before_apply = fail
    for _ in range(3):
        with pytest.raises(EngineUnavailable):
            first.catch_up()
    writer.before_apply = lambda: None
    assert first.catch_up() == 1
    assert world.engine.created == 1


def test_looking_again_leaves_alone_what_is_held(world: World) -> None:
    """A search that comes by does not exchange the index under its follower."""
    first = world.process()
    first.catch_up()
    held = first.seat.opened
    world.engine.identity = "gone"
    first.seat.look_again()
    assert first.seat.opened is held


def test_looking_again_does_not_wait_for_one_who_takes(world: World) -> None:
    """Nor does it come between: an index in the making is opened by who makes it."""
    world.engine.seconds_to_create = PATIENCE
    first = world.process()
    taking = threading.Thread(target=first.catch_up)
    taking.start()
    time.sleep(0.2)
    began = time.monotonic()
    first.seat.look_again()
    assert time.monotonic() - began < PATIENCE / 2
    taking.join()
    assert first.seat.is_ready()


def test_a_follower_goes_on_with_the_index_that_is_open(world: World) -> None:
    """However it came to be another object."""
    first = world.process()
    first.catch_up()
    world.write("d")
    first.seat.index.close()
    first.seat.opened = type(first.seat.opened)(
        FakeIndex(world.engine), first.seat.opened.checkpoint
    )
    assert first.catch_up() == 1
