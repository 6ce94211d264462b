"""What following waits for, what it does not wait for, and how a leg's error comes and goes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from indexer.followers import Progress
from indexer.following import Following
from indexer.indexing import catch_up
from tandem.catalog.checkpoints import Checkpoint
from tandem.errors import EngineError, TandemError

STALLED = 0.8


@dataclass
class FakeFollower:
    """An index at a mark that the test, or ``work``, moves."""

    name: str = "vector"
    mark: int = 0
    end: int = 10
    work: Callable[["FakeFollower", Progress, Callable[[], bool]], int] = lambda *_: 0
    tries: list[float] = field(default_factory=list)

    @property
    def checkpoint(self) -> Checkpoint:
        """See ``AnyFollower``."""
        return Checkpoint("main-vector-1", "i", "l", 1, self.mark)

    def catch_up(self, progress: Progress, stopped: Callable[[], bool]) -> int:
        """See ``AnyFollower``."""
        self.tries.append(time.monotonic())
        return self.work(self, progress, stopped)

    def head(self) -> int:
        """See ``AnyFollower``."""
        return self.end

    def has_passed(self, sequence: int) -> bool:
        """See ``AnyFollower``."""
        return self.mark >= sequence

    def owner(self) -> str:
        """See ``AnyFollower``."""
        return "host:7:abc"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience."""
    monkeypatch.setattr("indexer.following.STALLED_SECONDS", STALLED)
    monkeypatch.setattr("indexer.following.IDLE_SECONDS", 0.05)


def ended(call: Callable[[], object], seconds: float = 20) -> None:
    """Run it in a thread that may hang."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it waits without end"


def test_an_index_that_stands_still_is_not_waited_for() -> None:
    """Another process follows it and does not get on: that one is named, and what to do."""
    errors: list[TandemError] = []
    one = FakeFollower(mark=4)
    ended(lambda: errors.extend(catch_up([one])))
    (error,) = errors
    assert "the vector index stands at 4 of 10" in str(error)
    assert "host:7:abc" in str(error)
    assert "tandem status" in error.hint
    assert one.tries[-1] - one.tries[0] >= STALLED


def test_an_index_that_gets_on_is_waited_for() -> None:
    """However slow the other process is, as long as the mark moves."""

    def other(one: FakeFollower, *_: object) -> int:
        one.mark = min(int((time.monotonic() - one.tries[0]) / (STALLED / 3)), one.end)
        return 0

    errors: list[TandemError] = []
    one = FakeFollower(work=other, end=6)
    ended(lambda: errors.extend(catch_up([one])))
    assert errors == []
    assert one.tries[-1] - one.tries[0] > STALLED


def test_nothing_to_apply_is_no_standstill() -> None:
    """While others write, a leg that has nothing to do may idle for ever."""
    one = FakeFollower(mark=10)
    work = Following([one])
    work.start()
    time.sleep(1.5 * STALLED)
    work.finish()
    assert work.legs["vector"].error is None


def test_steady_writes_do_not_hold_the_end_up() -> None:
    """What is written after ``finish`` is left to the next run, though the log never ends."""

    def endless(one: FakeFollower, progress: Progress, stopped: Callable[[], bool]) -> int:
        applied = 0
        while not stopped():
            one.end += 2
            one.mark += 1
            applied += 1
            progress(one.name, 1)
            time.sleep(0.005)
        return applied

    one = FakeFollower(work=endless)
    work = Following([one])
    work.start()
    ended(work.finish)
    assert work.legs["vector"].error is None
    assert 10 <= one.mark < one.end
    assert work.legs["vector"].applied == one.mark


def test_an_error_is_over_as_soon_as_the_leg_gets_on() -> None:
    """Not only when it has caught up, which may take hours: a reindex gives up meanwhile."""
    go_on = threading.Event()
    moved = threading.Event()

    def fails_once(one: FakeFollower, progress: Progress, stopped: Callable[[], bool]) -> int:
        if len(one.tries) == 1:
            raise EngineError("a hiccup")
        progress(one.name, 1)
        moved.set()
        assert go_on.wait(20)
        return 1

    work = Following([FakeFollower(work=fails_once)], persistent=True)
    work.start()
    try:
        assert moved.wait(20)
        assert work.legs["vector"].error is None
    finally:
        go_on.set()
        work.stop()
