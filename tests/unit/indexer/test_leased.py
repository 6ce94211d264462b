"""Who may write an index: its owner, whoever has the lease, or nobody here."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from indexer.generations import IndexFactory
from indexer.leased import FOLLOWING, STANDING_BY, LeasedFollower
from indexer.leases import Beats
from indexer.seats import Access, Seat
from tandem.catalog.catalog import Catalog
from tandem.documents import Change, Document
from tandem.errors import CatalogError, CheckpointConflict, EngineError
from tandem.schema import Schema

NAME = "main"
PATIENCE = 0.6


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that run out soon."""
    monkeypatch.setattr("indexer.leases.BEAT_SECONDS", 0.1)
    monkeypatch.setattr("indexer.leases.PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr("indexer.leases.MARGIN_SECONDS", 0.1)
    monkeypatch.setattr("indexer.leases.Standby.observe.__defaults__", (PATIENCE,))


@dataclass
class Engine:
    """An engine that all processes share: what is in it, by sequence, and its identity."""

    identity: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    error: EngineError | None = None
    seconds_to_create: float = 0.0
    created: int = 0

    def create(self, identity: str) -> "FakeIndex":
        """An empty index in the place of whatever was there."""
        if self.error is not None:
            raise self.error
        time.sleep(self.seconds_to_create)
        self.created += 1
        self.identity, self.rows = identity, {}
        return FakeIndex(self)


@dataclass
class FakeIndex:
    """The engine's index, opened by one process."""

    engine: Engine
    is_closed: bool = False
    fault: EngineError | None = None

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[tuple[str, int]]:
        """What is held from ``first`` on."""
        assert last is None
        return iter([(name, held) for name, held in self.engine.rows.items() if held >= first])

    def close(self) -> None:
        """Once is enough."""
        assert not self.is_closed
        self.is_closed = True


class FakeWriter:
    """Writes into an index that is open."""

    name = "lexical"
    batch_size = 4

    def __init__(self, index: FakeIndex) -> None:
        self.index = index
        self.before_apply: Callable[[], None] = lambda: None

    def prepare(self, changes: Sequence[Change]) -> None:
        """Nothing to prepare."""

    def apply(self, changes: Sequence[Change], _prepared: Any) -> list[Any]:
        """Durable at once."""
        assert not self.index.is_closed
        if self.index.fault is not None:
            raise self.index.fault
        self.before_apply()
        if self.index.engine.identity is None:
            raise EngineError("the index is missing")
        for change in changes:
            if change.document is None:
                self.index.engine.rows.pop(change.document_id, None)
            else:
                self.index.engine.rows[change.document_id] = change.sequence
        return []

    def refresh(self) -> None:
        """Seen at once."""


@dataclass
class World:
    """A catalogue with a generation, and an engine that every process reaches."""

    catalog: Catalog
    engine: Engine = field(default_factory=Engine)
    opened: list[Any] = field(default_factory=list)
    owner_lives: bool = True

    def process(self, access: Access = Access.LEASED) -> LeasedFollower[FakeIndex]:
        """Another process, with beats of its own."""
        beats = Beats(self.catalog.checkpoints)
        (generation,) = self.catalog.releases.generations(NAME)
        factory = IndexFactory(
            generation.lexical_name,
            generation.number,
            lambda: self.engine.identity,
            self.engine.create,
            lambda: FakeIndex(self.engine),
            lambda fault: FakeIndex(self.engine, fault=fault),
        )
        seat = Seat(self.catalog, factory, beats, access, lambda: self.owner_lives)
        self.opened += [seat, beats]
        return LeasedFollower(self.catalog, NAME, seat, FakeWriter, "lexical")

    def write(self, *ids: str) -> None:
        """Append documents."""
        self.catalog.documents.append(NAME, "s", [Document(name, body="b") for name in ids])

    def freeze(self, follower: LeasedFollower[FakeIndex]) -> None:
        """The process stands still: no beat leaves it any more, and it does not know."""
        follower.seat._beats._closed.set()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Three documents, applied by nobody."""
    catalog = Catalog(f"sqlite:///{tmp_path / 'd.sqlite'}", f"sqlite:///{tmp_path / 'c.sqlite'}")
    catalog.releases.create_generation(
        NAME, Schema.of([]), analysis="none", embedder="e", dimension=4, passage_tokens=32
    )
    made = World(catalog)
    made.write("a", "b", "c")
    yield made
    for opened in made.opened:
        opened.close()
    catalog.close()


def caught_up(follower: LeasedFollower[FakeIndex], seconds: float = 5.0) -> float:
    """Try until it follows; how long that took."""
    began = time.monotonic()
    while not follower.catch_up():
        assert time.monotonic() - began < seconds, follower.state
        time.sleep(0.02)
    return time.monotonic() - began


def test_an_owner_needs_no_lease(world: World) -> None:
    """It follows at once; the index is opened as its own from the beginning."""
    owner = world.process(Access.OWNED)
    assert owner.seat.holds()
    assert owner.catch_up() == 3
    assert owner.state == FOLLOWING
    assert owner.has_passed(3)
    assert not owner.has_passed(4)
    assert owner.checkpoint.applied == owner.head() == 3
    lease = world.catalog.checkpoints.observe(owner.seat.name)
    assert lease is not None
    assert lease.owner is None


def test_the_first_one_takes_the_lease_and_the_second_stands_by(world: World) -> None:
    """Nothing is built by looking; who stands by sees the index that the other one built."""
    first, second = world.process(), world.process()
    assert world.engine.identity is None
    assert first.seat.opened.fault is not None
    assert first.catch_up() == 3
    told: list[tuple[str, int]] = []
    for _ in range(3):
        assert second.catch_up(lambda leg, amount: told.append((leg, amount))) == 0
    assert (first.state, second.state) == (FOLLOWING, STANDING_BY)
    assert not second.seat.holds()
    assert told == []
    world.write("d", "e")
    assert first.catch_up() == 2
    assert second.catch_up(lambda leg, amount: told.append((leg, amount))) == 0
    assert told == [("lexical", 2)], "the progress that another process makes is told"
    assert second.has_passed(5)
    assert second.checkpoint.applied == 5


def test_an_index_is_not_whole_before_it_has_what_there_was(world: World) -> None:
    """Whoever builds it, and stops on the way; then it is, whatever comes."""
    first = world.process(Access.OWNED)
    world.write("d", "e", "f", "g", "h", "i")
    assert not first.seat.is_whole
    first.catch_up(stopped=iter([False, True]).__next__)
    assert (first.checkpoint.applied, first.seat.is_whole) == (4, True)

    world.engine.identity = None
    second = world.process(Access.OWNED)
    second.catch_up(stopped=iter([False, False, True]).__next__)
    assert (second.checkpoint.applied, second.seat.is_whole) == (8, False)
    third = world.process(Access.OWNED)
    assert (third.seat.opened.rebuilt, third.seat.is_whole) == (None, False)
    assert third.catch_up() == 1
    assert third.seat.is_whole


def test_who_only_looks_sees_that_another_builds(world: World) -> None:
    """From the checkpoint: both when it had the index open before, and when it comes amid."""
    owner, looker = world.process(), world.process()
    owner.catch_up()
    looker.seat.look_again()
    assert looker.seat.is_whole
    world.write("d", "e")
    world.engine.identity = None
    owner.seat.is_still_there()
    owner.catch_up(stopped=iter([False, True]).__next__)
    assert owner.checkpoint.applied == 4
    looker.seat.look_again()
    late = world.process()
    assert [item.seat.is_whole for item in (owner, looker, late)] == [False] * 3
    owner.catch_up()
    for item in (looker, late):
        item.seat.look_again()
    assert [item.seat.is_whole for item in (owner, looker, late)] == [True] * 3


def test_given_back_it_is_taken_at_once(world: World) -> None:
    """Nobody has to wait for a process that ended in good order."""
    first, second = world.process(), world.process()
    first.catch_up()
    assert second.catch_up() == 0
    world.write("d")
    first.seat.close()
    world.opened.remove(first.seat)
    assert caught_up(second) < PATIENCE
    assert world.engine.rows.keys() == {"a", "b", "c", "d"}
    assert second.seat.opened.rebuilt is None, "what was built goes on"


def test_a_silent_owner_is_followed_by_the_one_who_stood_by(world: World) -> None:
    """After its patience and not before; the old one can move nothing, and stands by."""
    first, second = world.process(), world.process()
    first.catch_up()
    second.catch_up()
    world.freeze(first)
    world.write("d")
    assert caught_up(second) >= PATIENCE / 2
    assert second.state == FOLLOWING
    assert not first.seat.holds()
    world.write("e")
    assert first.catch_up() == 0
    assert first.state == STANDING_BY
    assert second.catch_up() == 1


def asleep_amid_its_write(
    world: World, as_it_wakes: Callable[[], None] = lambda: None
) -> tuple[LeasedFollower[FakeIndex], LeasedFollower[FakeIndex]]:
    """One that will sleep just before its next write, while the other one takes over and deletes
    what is written then.
    """
    first, second = world.process(), world.process()
    first.catch_up()
    second.catch_up()
    world.write("d")
    assert first._follower is not None
    writer = first._follower.writer
    assert isinstance(writer, FakeWriter)

    def sleep_over_it() -> None:
        writer.before_apply = lambda: None
        world.freeze(first)
        caught_up(second)
        world.catalog.documents.delete(NAME, ["d"])
        assert second.catch_up() == 1
        as_it_wakes()

    writer.before_apply = sleep_over_it
    return first, second


def test_one_that_wakes_amid_its_write_does_no_harm(world: World) -> None:
    """It wrote after it had lost the lease: the checkpoint is refused, and what it wrote is brought
    to the newest state; it does not raise, since that is how ownership changes.
    """
    first, second = asleep_amid_its_write(world)
    assert first.catch_up() == 0
    assert first.state == STANDING_BY
    assert world.engine.rows.keys() == {"a", "b", "c"}
    assert second.checkpoint.applied == world.catalog.documents.head()


def test_one_that_wakes_to_a_lost_connection_does_no_harm(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not hear that the checkpoint is another's, and may be told to stop before it asks
    again: what it wrote is brought to the newest state before the error is told.
    """
    checkpoints = world.catalog.checkpoints
    advance = checkpoints.advance

    def lose_the_connection(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(checkpoints, "advance", advance)
        raise CatalogError("the server closed the connection")

    first, _ = asleep_amid_its_write(
        world, lambda: monkeypatch.setattr(checkpoints, "advance", lose_the_connection)
    )
    with pytest.raises(CatalogError, match="closed the connection"):
        first.catch_up()
    assert first.state == STANDING_BY
    assert world.engine.rows.keys() == {"a", "b", "c"}


@pytest.mark.parametrize("access", [Access.LEASED, Access.OWNED])
def test_a_commit_whose_answer_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, access: Access
) -> None:
    """The checkpoint moved though an error came back: it goes on from there, and stalls nothing."""
    first = world.process(access)
    first.catch_up()
    world.write("d")
    advance = world.catalog.checkpoints.advance

    def lose_the_answer(*arguments: Any, **options: Any) -> None:
        monkeypatch.undo()
        advance(*arguments, **options)
        raise CatalogError("the server closed the connection")

    monkeypatch.setattr(world.catalog.checkpoints, "advance", lose_the_answer)
    with pytest.raises(CatalogError, match="closed the connection"):
        first.catch_up()
    world.write("e")
    assert caught_up(first) < PATIENCE
    assert world.engine.rows.keys() == {"a", "b", "c", "d", "e"}
    assert first.checkpoint.applied == 5
    assert world.engine.created == 1


def test_a_checkpoint_begun_anew_by_another_is_taken_anew(world: World) -> None:
    """What this process held is not there any more: it does not try the same for ever."""
    first = world.process()
    first.catch_up()
    world.write("d")
    checkpoints = world.catalog.checkpoints
    checkpoints.start(first.seat.name, "other", world.catalog.documents.log_id)
    assert first.catch_up() == 0
    caught_up(first)
    assert world.engine.rows.keys() == {"a", "b", "c", "d"}
    assert first.checkpoint.applied == 4


def test_an_owner_tells_a_conflict(world: World) -> None:
    """An embedded engine has one process: nobody else may begin its index anew."""
    owner = world.process(Access.OWNED)
    owner.catch_up()
    world.write("d")
    world.catalog.checkpoints.start(owner.seat.name, "other", world.catalog.documents.log_id)
    with pytest.raises(CheckpointConflict):
        owner.catch_up()


def test_a_lost_index_is_built_again_by_who_takes_over(world: World) -> None:
    """From zero, and it says why; the object that was opened before is closed."""
    first, second = world.process(), world.process()
    first.catch_up()
    first.seat.close()
    world.opened.remove(first.seat)
    world.engine.identity = None
    before = second.seat.index
    assert second.catch_up() == 3
    assert second.seat.opened.rebuilt == "is missing"
    assert before.is_closed
    assert second.seat.index is not before
    assert world.engine.rows.keys() == {"a", "b", "c"}


def test_an_engine_that_fails_at_the_takeover_is_tried_again(world: World) -> None:
    """The lease is not kept by one who could not open the index."""
    first = world.process()
    world.engine.error = EngineError("no room")
    with pytest.raises(EngineError, match="no room"):
        first.catch_up()
    assert not first.seat.holds()
    world.engine.error = None
    caught_up(first)
    assert world.engine.rows.keys() == {"a", "b", "c"}


def test_of_two_who_wait_one_gets_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one finds the lease changed, and stands by without an error."""
    first, second = world.process(), world.process()
    observe = second.seat._standby.observe

    def observed() -> Any:
        seen = observe()
        assert first.catch_up() == 3
        return seen

    monkeypatch.setattr(second.seat._standby, "observe", observed)
    assert second.catch_up() == 0
    assert second.state == STANDING_BY


def test_beside_an_owner_only_the_checkpoint_is_seen(world: World) -> None:
    """The index cannot be opened; how far it is can be known, and waited for."""
    owner, beside = world.process(Access.OWNED), world.process(Access.BESIDE)
    assert "open in another process" in str(beside.seat.index.fault)
    assert beside.catch_up() == 0
    assert not beside.has_passed(3)
    owner.catch_up()
    told: list[int] = []
    beside.catch_up(lambda _, amount: told.append(amount))
    assert told == [3]
    assert beside.has_passed(3)


def test_beside_an_owner_that_is_gone(world: World) -> None:
    """Who waits is told, and what to do; what was accepted is kept."""
    world.process(Access.OWNED)
    beside = world.process(Access.BESIDE)
    beside.catch_up()
    world.owner_lives = False
    with pytest.raises(CatalogError, match="has ended") as raised:
        beside.catch_up()
    assert "what was accepted is kept" in raised.value.hint


@pytest.mark.parametrize("access", [Access.LEASED, Access.BESIDE])
def test_nobody_waits_for_a_dropped_generation(world: World, access: Access) -> None:
    """Another process promoted and dropped it meanwhile: there is nothing left to be behind."""
    owner, waiting = world.process(Access.OWNED), world.process(access)
    owner.catch_up()
    waiting.catch_up()
    world.write("d")
    assert not waiting.has_passed(4)
    world.catalog.releases.drop(1)
    assert waiting.catch_up() == 0
    assert waiting.has_passed(4)
    assert waiting.seat.is_dropped()


def test_who_follows_an_index_instead(world: World) -> None:
    """The other one's name, where there is another one."""
    first, second = world.process(), world.process()
    assert first.owner() is None
    first.catch_up()
    assert first.owner() is None
    assert second.owner() == first.seat._beats.owner
