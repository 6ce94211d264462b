"""How far each leg shows the log, and waiting for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.visibility import Visibility, until_shown
from tandem.catalog.checkpoints import Checkpoint, Checkpoints
from tandem.errors import EngineError, SearchUnavailable, TandemError

LEXICAL, VECTOR = "main-lexical-1", "main-vector-1"


@dataclass
class Indexes:
    """Stands in for a collection, its indexes and their checkpoints: ``applied`` by index, and by
    ``identity`` what each is in the catalogue.
    """

    applied: dict[str, int] = field(default_factory=lambda: {LEXICAL: 0, VECTOR: 0})
    identity: dict[str, str] = field(default_factory=lambda: {LEXICAL: "l", VECTOR: "v"})
    faults: dict[str, TandemError] = field(default_factory=dict)
    fault: TandemError | None = None
    refreshed: list[int] = field(default_factory=list)
    reads: int = 0

    def read(self, name: str) -> Checkpoint:
        """See ``Checkpoints``."""
        self.reads += 1
        return Checkpoint(name, self.identity[name], "log", 1, self.applied[name])

    def refresh(self) -> None:
        """See ``LexicalIndex``."""
        if self.fault is not None:
            raise self.fault
        self.refreshed.append(self.applied[LEXICAL])

    def _seat(self, name: str, identity: str) -> Any:
        checkpoint = Checkpoint(name, identity, "log", 1, 0)
        opened = SimpleNamespace(checkpoint=checkpoint, fault=self.faults.get(name))
        return SimpleNamespace(name=name, opened=opened, index=self)

    @contextmanager
    def held(self) -> Iterator[tuple[None, Any]]:
        """See ``OpenCollection``."""
        seats = {"lexical": self._seat(LEXICAL, "l"), "vector": self._seat(VECTOR, "v")}
        yield None, SimpleNamespace(**seats)

    @property
    def visibility(self) -> Visibility:
        """Over them."""
        return Visibility(lambda: cast("Any", self), cast("Checkpoints", self))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is a new one."""
    monkeypatch.setattr("api.visibility.FRESH_SECONDS", 0.0)


def test_many_who_look_at_once_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits takes nothing from searches, however many they are; soon it is read again."""
    monkeypatch.setattr("api.visibility.FRESH_SECONDS", 0.01)
    now = 68_000.1
    monkeypatch.setattr("api.visibility.time", SimpleNamespace(monotonic=lambda: now))
    indexes = Indexes()
    visibility = indexes.visibility
    for sequence in range(1, 100):
        assert not any(visibility.look(sequence).values())
    assert indexes.reads == 2
    indexes.applied = {LEXICAL: 99, VECTOR: 99}
    assert not any(visibility.look(99).values())
    now += 0.02
    assert all(visibility.look(99).values())


def test_what_is_applied_is_shown_once_the_engine_was_told() -> None:
    """A lexical engine on a server shows it after a refresh, which is asked for once."""
    indexes = Indexes({LEXICAL: 6, VECTOR: 4})
    visibility = indexes.visibility
    assert visibility.look(7) == {"lexical": False, "vector": False}
    assert indexes.refreshed == []
    assert visibility.look(5) == {"lexical": True, "vector": False}
    indexes.applied[VECTOR] = 9
    assert visibility.look(6) == {"lexical": True, "vector": True}
    assert indexes.refreshed == [6]
    before = indexes.reads
    assert visibility.look(4) == {"lexical": True, "vector": True}
    assert indexes.reads == before, "what was shown once is known"


def test_an_index_that_is_not_the_one_that_is_open_here() -> None:
    """Another process has built it anew: what that one has, nobody finds here yet."""
    indexes = Indexes({LEXICAL: 9, VECTOR: 9})
    indexes.identity[VECTOR] = "another"
    assert indexes.visibility.look(5) == {"lexical": True, "vector": False}
    indexes.faults[LEXICAL] = EngineError("cannot be opened")
    assert indexes.visibility.look(5) == {"lexical": False, "vector": False}


def test_what_cannot_be_asked_shows_nothing() -> None:
    """The other leg is none the worse; it is asked again at the next look."""
    indexes = Indexes({LEXICAL: 9, VECTOR: 9}, fault=EngineError("no answer"))
    visibility = indexes.visibility
    assert visibility.look(5) == {"lexical": False, "vector": True}
    indexes.fault = None
    assert all(visibility.look(5).values())


def test_without_a_collection_nothing_is_shown() -> None:
    """It may not be opened yet."""

    def fail() -> Any:
        raise SearchUnavailable("not yet")

    visibility = Visibility(fail, cast("Checkpoints", Indexes()))
    assert not any(visibility.look(1).values())
    assert visibility.refusals("a", 1) == {}


def waited(answers: list[dict[str, bool]], seconds: float, *, stops: bool = False) -> int:
    """How often somebody looks."""
    looks = 0

    async def look() -> dict[str, bool]:
        nonlocal looks
        looks += 1
        return answers[min(looks, len(answers)) - 1]

    shown = asyncio.run(until_shown(look, seconds, lambda: stops))
    assert shown == answers[min(looks, len(answers)) - 1]
    return looks


def test_nobody_waits_longer_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until all is shown, the time is over, or the process is to end."""
    monkeypatch.setattr("api.visibility.FIRST_PAUSE_SECONDS", 0.0001)
    behind, shown = {"a": True, "b": False}, {"a": True, "b": True}
    assert waited([shown], 60) == 1
    assert waited([behind, behind, shown], 60) == 3
    assert waited([behind], 0) == 1
    assert waited([behind], 60, stops=True) == 1
    assert waited([behind], 0.01) > 1
