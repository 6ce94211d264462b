"""A seat that opens what it could not open before, and a late owner whose write failed halfway."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from indexer.generations import IndexFactory
from indexer.leased import Access, LeasedFollower, Seat
from indexer.leases import Beats, Standby
from indexer.unavailable import UnavailableIndex
from indexer.writers import LexicalWriter
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation
from tandem.documents import Change, Document
from tandem.errors import EngineError, EngineUnavailable
from tandem.protocols import LexicalIndex, Refusal
from tandem.schema import Schema
from tests.memory_index import MemoryIndex

COLLECTION = "main"


class Memory(MemoryIndex):
    """As an engine's index."""

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[Any]:
        """See ``LexicalIndex``."""
        return super().versions(first, last)

    def apply(self, changes: Sequence[Change], prepared: Any = None) -> list[Refusal]:
        """See ``LexicalIndex``."""
        return super().apply(changes, prepared)

    def close(self) -> None:
        """Nothing is held."""


class Engine:
    """A server with one index; it may be down, or have trouble opening."""

    def __init__(self) -> None:
        self.index = Memory()
        self.identity: str | None = None
        self.fault: EngineError | None = None
        self.opening_fault: EngineError | None = None

    def factory(self, generation: Generation) -> IndexFactory[LexicalIndex]:
        """How it is found, made and opened."""
        return IndexFactory(
            generation.lexical_name,
            generation.number,
            self._identity,
            self._create,
            self._reopen,
            UnavailableIndex,
        )

    def _identity(self) -> str | None:
        if self.fault is not None:
            raise self.fault
        return self.identity

    def _create(self, identity: str) -> LexicalIndex:
        self.index, self.identity = Memory(), identity
        return cast("LexicalIndex", self.index)

    def _reopen(self) -> LexicalIndex:
        if self.opening_fault is not None:
            raise self.opening_fault
        return cast("LexicalIndex", self.index)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A log of three documents, and a generation."""
    opened = Catalog(f"sqlite:///{tmp_path / 'd.sqlite'}", f"sqlite:///{tmp_path / 'c.sqlite'}")
    opened.releases.create_generation(
        COLLECTION, Schema(), analysis="e", embedder="h@1", dimension=2, passage_tokens=32
    )
    opened.documents.append(COLLECTION, "s", [Document(name, body="one") for name in "abc"])
    yield opened
    opened.close()


Join = Callable[..., LeasedFollower[LexicalIndex]]


@pytest.fixture
def engine() -> Engine:
    """The server."""
    return Engine()


@pytest.fixture
def join(catalog: Catalog, engine: Engine) -> Iterator[Join]:
    """One more process."""
    everybody: list[Beats] = []

    def join(access: Access = Access.LEASED) -> LeasedFollower[LexicalIndex]:
        everybody.append(Beats(catalog.checkpoints))
        generation = catalog.releases.generation(1)
        seat = Seat(catalog, engine.factory(generation), everybody[-1], access)
        return LeasedFollower(catalog, COLLECTION, seat, LexicalWriter, "lexical")

    yield join
    for beats in everybody:
        beats.close()


def held(engine: Engine) -> dict[str, list[str]]:
    """Document -> the bodies held."""
    return {name: [row.body for row in rows] for name, rows in engine.index.rows.items()}


EVERYTHING = {"a": ["one"], "b": ["one"], "c": ["one"]}


@pytest.mark.parametrize("access", [Access.LEASED, Access.OWNED])
def test_an_engine_that_is_down_at_the_start(join: Join, engine: Engine, access: Access) -> None:
    """Is told by each question and each try to follow; once it is back, following begins."""
    engine.fault = EngineUnavailable("down", hint="start it")
    follower = join(access)
    with pytest.raises(EngineUnavailable):
        follower.seat.index.count()
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="down"):
            follower.catch_up()
    engine.fault = None
    assert follower.catch_up() == 3
    assert held(engine) == EVERYTHING
    assert follower.seat.opened.fault is None


@pytest.mark.parametrize("access", [Access.LEASED, Access.OWNED])
def test_an_engine_that_fails_while_it_is_opened(
    join: Join, engine: Engine, catalog: Catalog, access: Access
) -> None:
    """The lease is taken by then; the next try opens it, and nothing is built anew."""
    first = join(access)
    first.catch_up()
    first.seat.close()
    identity = engine.identity
    engine.opening_fault = EngineUnavailable("gone again")
    second = join(access)
    catalog.documents.delete(COLLECTION, ["a"])
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="gone again"):
            second.catch_up()
    engine.opening_fault = None
    assert second.catch_up() == 1
    assert held(engine) == {"b": ["one"], "c": ["one"]}
    assert engine.identity == identity


def test_who_stands_by_sees_what_another_one_builds(join: Join, engine: Engine) -> None:
    """An index that was not there when the process began, and one that was begun anew since."""
    looking, owner = join(), join()
    owner.catch_up()
    looking.catch_up()
    assert cast("Any", looking.seat.index) is engine.index
    owner.seat.close()
    engine.identity = "exchanged"
    again = join()
    again.catch_up()
    looking.catch_up()
    assert cast("Any", looking.seat.index) is engine.index
    assert held(engine) == EVERYTHING


def test_a_late_write_that_failed_halfway_is_made_good(
    join: Join, engine: Engine, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner is paused amid a write; the next one applies newer changes; the owner's write goes
    on, and ends in an error. Then it has no lease and no checkpoint to move, and mends all the
    same: also when the mending itself fails at first.
    """
    late, standby = join(), join()
    late.catch_up()
    catalog.documents.append(COLLECTION, "s", [Document(name, body="two") for name in "ab"])

    def pause(changes: Sequence[Change]) -> None:
        engine.index.before_apply = stopped_being_paused
        catalog.documents.delete(COLLECTION, ["a"])
        late.seat.lose()  # its beats are not sent any more
        monkeypatch.setattr(Standby, "observe", at_once)
        assert standby.catch_up() == 2
        monkeypatch.undo()
        engine.index.before_apply = broken
        engine.index.rows["a"] = [row_of(changes[0])]  # what of the write goes through
        raise EngineError("the connection is lost")

    def stopped_being_paused(_changes: Sequence[Change]) -> None:
        pass

    def broken(_changes: Sequence[Change]) -> None:
        engine.index.before_apply = stopped_being_paused
        raise EngineError("still lost")

    engine.index.before_apply = pause
    for reason in ("the connection is lost", "still lost"):
        with pytest.raises(EngineError, match=reason):
            late.catch_up()
    assert held(engine)["a"] == ["two"], "the delete is undone, until it is mended"
    assert late.catch_up() == 0
    assert held(engine) == {"b": ["two"], "c": ["one"]}


def at_once(standby: Any, *_: Any) -> Any:
    """In the place of ``Standby.observe``: no patience."""
    return True, standby._checkpoints.observe(standby._index_name)


def row_of(change: Change) -> Any:
    """The change as it is held."""
    memory = MemoryIndex()
    memory.apply([change], None)
    return memory.rows[change.document_id][0]
