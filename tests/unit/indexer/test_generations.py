"""Which checkpoint an index is opened with, and when it is made anew."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from indexer.generations import lexical_factory, own, vector_factory
from tandem.analysis import ENGLISH
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation
from tandem.documents import Document
from tandem.errors import EngineError, IndexOutdated, LogMismatch
from tandem.schema import Schema

NAME = "main-lexical-1"


@dataclass
class FakeIndex:
    """What opening asks of an index: the sequences in it, and that it closes."""

    sequences: list[int]
    is_closed: bool = False

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[tuple[str, int]]:
        """Those from ``first`` on."""
        assert last is None
        return iter([(f"d{held}", held) for held in self.sequences if held >= first])

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


@dataclass
class FakeStore:
    """A store of indexes that are nothing but their identity; ``calls`` says what was asked."""

    identities: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    breaks: bool = False
    is_outdated: bool = False
    index: FakeIndex = field(default_factory=lambda: FakeIndex([1, 2, 3]))

    def identity(self, name: str) -> str | None:
        """The identity, if there is one."""
        return self.identities.get(name)

    def create(self, name: str, identity: str, *_: Any) -> Any:
        """Make it, or die in the middle."""
        self.calls.append(f"create {name}")
        self.identities.pop(name, None)
        if self.breaks:
            raise EngineError("died")
        self.identities[name] = identity
        return self.index

    def open(self, name: str, *_: Any) -> Any:
        """Open what is there."""
        self.calls.append(f"open {name}")
        if self.is_outdated:
            raise IndexOutdated("other fields")
        return self.index

    def drop(self, name: str) -> None:
        """Not for opening."""
        raise NotImplementedError

    def names(self) -> Any:
        """Not for opening."""
        raise NotImplementedError

    def publish(self, alias: str, name: str) -> None:
        """Not for opening."""
        raise NotImplementedError

    def bytes_on_disk(self, name: str) -> int | None:
        """Not for opening."""
        raise NotImplementedError

    def health(self) -> Any:
        """Not for opening."""
        raise NotImplementedError

    def close(self) -> None:
        """Not for opening."""
        raise NotImplementedError


@dataclass
class Desk:
    """A catalogue whose log holds five changes, a store, and a generation."""

    catalog: Catalog
    store: FakeStore
    generation: Generation

    def open(self) -> Any:
        """Open the lexical index."""
        return own(self.catalog, lexical_factory(self.store, self.generation, ENGLISH))

    def follow_to(self, applied: int) -> None:
        """Move the checkpoint, as a follower does."""
        held = self.catalog.checkpoints.read(NAME)
        assert held is not None
        self.catalog.checkpoints.advance(held, applied)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Nothing opened yet."""
    catalog = Catalog(
        f"sqlite:///{tmp_path / 'documents.sqlite'}", f"sqlite:///{tmp_path / 'cache.sqlite'}"
    )
    catalog.documents.append("main", "source", [Document(name, body="b") for name in "abcde"])
    generation = catalog.releases.create_generation(
        "main", Schema.of([]), analysis="none", embedder="e", dimension=4, passage_tokens=32
    )
    yield Desk(catalog, FakeStore(), generation)
    catalog.close()


def test_a_new_index_starts_from_zero(desk: Desk) -> None:
    """It is created with the identity of its checkpoint; nothing is said to be rebuilt."""
    opened = desk.open()
    assert desk.store.calls == [f"create {NAME}"]
    assert opened.checkpoint.applied == 0
    assert opened.checkpoint.identity == desk.store.identities[NAME]
    assert opened.checkpoint == desk.catalog.checkpoints.read(NAME)
    assert opened.rebuilt is None


def test_both_legs_have_checkpoints_of_their_own(desk: Desk) -> None:
    """Opening one says nothing of the other."""
    vector = own(desk.catalog, vector_factory(desk.store, desk.generation))
    assert vector.checkpoint.index_name == "main-vector-1"
    assert desk.catalog.checkpoints.read(NAME) is None
    assert desk.open().checkpoint.identity != vector.checkpoint.identity


def test_a_known_index_goes_on_under_a_new_epoch(desk: Desk) -> None:
    """Whoever held it before can move nothing any more."""
    first = desk.open().checkpoint
    desk.follow_to(5)
    opened = desk.open()
    assert desk.store.calls[1:] == [f"open {NAME}"]
    assert (opened.checkpoint.applied, opened.checkpoint.identity) == (5, first.identity)
    assert opened.checkpoint.epoch > first.epoch
    assert opened.rebuilt is None


def test_an_index_awaits_what_the_log_held(desk: Desk) -> None:
    """Of its own collection, that is: before there is anything, it lacks nothing."""
    assert (desk.open().checkpoint.awaited, desk.open().checkpoint.is_whole) == (5, False)
    desk.follow_to(5)
    assert desk.open().checkpoint.is_whole
    desk.generation = desk.catalog.releases.create_generation(
        "young", Schema.of([]), analysis="none", embedder="e", dimension=4, passage_tokens=32
    )
    assert desk.open().checkpoint.awaited == 0


def test_an_index_with_nothing_applied_is_made_again(desk: Desk) -> None:
    """It may be half made: no engine is asked to open it."""
    first = desk.open().checkpoint
    opened = desk.open()
    assert desk.store.calls == [f"create {NAME}"] * 2
    assert opened.checkpoint.identity != first.identity
    assert opened.checkpoint.epoch > first.epoch
    assert opened.rebuilt is None


@pytest.mark.parametrize(
    ("found", "reason"),
    [(None, "is missing"), ("another", "is not the one that was built here")],
)
def test_a_lost_or_exchanged_index_starts_from_zero_and_says_so(
    desk: Desk, found: str | None, reason: str
) -> None:
    """The reason is kept for whoever tells the person; the old failures are forgotten."""
    desk.open()
    desk.follow_to(3)
    desk.store.identities.clear()
    if found:
        desk.store.identities[NAME] = found
    opened = desk.open()
    assert opened.rebuilt == reason
    assert opened.checkpoint.applied == 0
    assert desk.store.identities[NAME] == opened.checkpoint.identity


def test_an_index_of_another_version_starts_from_zero_and_says_so(desk: Desk) -> None:
    """Nothing in it is lost by that; what is damaged is left for somebody to look at."""
    desk.open()
    desk.follow_to(3)
    desk.store.is_outdated = True
    opened = desk.open()
    assert opened.rebuilt == "was written by another version of Tandem"
    assert opened.fault is None
    assert (opened.checkpoint.applied, desk.store.calls[-1]) == (0, f"create {NAME}")


def test_an_index_that_died_while_it_was_made_is_made_at_the_next_start(desk: Desk) -> None:
    """The checkpoint is there first, so that the index is never trusted with what it lacks."""
    desk.store.breaks = True
    with pytest.raises(EngineError, match="died"):
        desk.open()
    half = desk.catalog.checkpoints.read(NAME)
    assert half is not None
    assert half.applied == 0
    desk.store.breaks = False
    assert desk.open().checkpoint.applied == 0
    assert desk.store.calls == [f"create {NAME}"] * 2


@pytest.mark.parametrize(("applied", "held"), [(6, 3), (3, 6)])
def test_an_index_ahead_of_the_log_starts_from_zero(desk: Desk, applied: int, held: int) -> None:
    """The log was restored from an older state: whether the checkpoint says so or, where that was
    restored with it, only the index does. It is closed before it is made again.
    """
    first = desk.open().checkpoint
    desk.follow_to(applied)
    desk.store.index = old = FakeIndex([1, held])
    opened = desk.open()
    assert opened.rebuilt == "is ahead of the document log, which ends at 5"
    assert old.is_closed
    assert desk.store.calls == [f"create {NAME}", f"open {NAME}", f"create {NAME}"]
    assert opened.checkpoint.applied == 0
    assert opened.checkpoint.identity != first.identity


def test_another_log_is_refused(desk: Desk) -> None:
    """Even at a position that this log has too."""
    desk.catalog.checkpoints.start(NAME, "identity", "another")
    with pytest.raises(LogMismatch, match="another document log") as caught:
        desk.open()
    assert caught.value.hint
    assert desk.store.calls == []
