"""Waiting for the new generation, asking the gates, moving the pointer."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from indexer.reindexing import (
    CLOSE_ENOUGH,
    Interrupted,
    Reindexing,
    ReindexOutcome,
    ReindexProgress,
)
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Release
from tandem.documents import Document
from tandem.errors import (
    CatalogError,
    EngineError,
    EngineUnavailable,
    GateFailed,
    ReleaseConflict,
    TandemError,
    TaskConflict,
)
from tandem.protocols import Gate, Verdict

NAME = "main"


@dataclass
class FakeCandidate:
    """A generation whose legs are as far as the test says."""

    legs: dict[str, int] = field(default_factory=lambda: {"lexical": 0, "vector": 0})
    failure: TandemError | None = None
    dropped: bool = False

    def applied(self) -> dict[str, int]:
        """See ``Candidate``."""
        return dict(self.legs)

    def error(self) -> TandemError | None:
        """See ``Candidate``."""
        return self.failure

    def is_dropped(self) -> bool:
        """See ``Candidate``."""
        return self.dropped

    def reach(self, sequence: int) -> None:
        """Both legs are there."""
        self.legs = dict.fromkeys(self.legs, sequence)


@dataclass
class FakeGate:
    """Passes or not; ``asked`` counts."""

    name: str
    passes: bool = True
    asked: int = 0

    def examine(self) -> Verdict:
        """See ``Gate``."""
        self.asked += 1
        return Verdict(self.name, self.passes, f"{self.name} said so")


@dataclass
class Desk:
    """A log, a candidate, and what was reported."""

    catalog: Catalog
    candidate: FakeCandidate = field(default_factory=FakeCandidate)
    told: list[ReindexProgress] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def write(self, count: int) -> None:
        """That many documents."""
        head = self.catalog.documents.head()
        documents = [Document(f"d{head + number}", body="b") for number in range(count)]
        self.catalog.documents.append(NAME, "s", documents)

    def promote(self) -> Release:
        """Note how far the candidate was."""
        self.promoted.append(min(self.candidate.legs.values()))
        return Release(7, NAME, 2, 1)

    def run(
        self, *gates: Gate, overridden: tuple[str, ...] = (), live: bool = True
    ) -> ReindexOutcome:
        """The whole thing."""
        work = Reindexing(
            self.catalog.documents,
            NAME,
            self.candidate,
            report=self.told.append,
            stopped=self.stopped.is_set,
        )
        return work.run(gates, overridden, self.promote if live else None)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Ten documents, none of them applied."""
    catalog = Catalog(f"sqlite:///{tmp_path / 'd.sqlite'}", f"sqlite:///{tmp_path / 'c.sqlite'}")
    made = Desk(catalog)
    made.write(10)
    yield made
    catalog.close()


def test_it_waits_for_both_legs(desk: Desk) -> None:
    """Nothing is examined before the slower leg has all that the log held."""
    gate = FakeGate("counts")

    def advance(progress: ReindexProgress) -> None:
        desk.told.append(progress)
        if progress.stage == "building":
            assert gate.asked == 0 or min(desk.candidate.legs.values()) >= 10
            legs = desk.candidate.legs
            legs["lexical"] = 10
            legs["vector"] = min(legs["vector"] + 4, 10)

    work = Reindexing(
        desk.catalog.documents, NAME, desk.candidate, report=advance, stopped=lambda: False
    )
    outcome = work.run([gate], (), desk.promote)
    assert outcome.release == Release(7, NAME, 2, 1)
    assert desk.promoted == [10]
    stages = list(dict.fromkeys(progress.stage for progress in desk.told))
    assert stages == ["building", "examining", "promoting", "done"]
    later = [progress for progress in desk.told if progress.stage == "building" and progress.rate]
    assert later
    assert all(progress.seconds_left is not None for progress in later)


def test_what_was_written_during_the_examination_is_waited_for(desk: Desk) -> None:
    """A candidate far behind is not promoted, however long ago it had caught up."""
    desk.candidate.reach(10)
    written = 3 * CLOSE_ENOUGH

    @dataclass
    class Slow(FakeGate):
        def examine(self) -> Verdict:
            desk.write(written)
            threading.Timer(0.3, lambda: desk.candidate.reach(10 + written - 5)).start()
            return super().examine()

    desk.run(Slow("slow"))
    assert desk.promoted == [10 + written - 5], "a few changes behind is close enough"


def test_a_failed_gate_keeps_the_live_one(desk: Desk) -> None:
    """All gates are asked, those that failed are named, and how to override them."""
    desk.candidate.reach(10)
    gates = [FakeGate("counts", passes=False), FakeGate("quality", passes=False), FakeGate("ok")]
    with pytest.raises(
        GateFailed, match="counts: counts said so; quality: quality said so"
    ) as raised:
        desk.run(*gates)
    assert "--override counts --override quality" in raised.value.hint
    assert [gate.asked for gate in gates] == [1, 1, 1]
    assert desk.promoted == []
    with pytest.raises(GateFailed, match="quality"):
        desk.run(*gates, overridden=("counts",))
    outcome = desk.run(*gates, overridden=("counts", "quality"))
    assert outcome.overridden == ["counts", "quality"]
    assert desk.promoted == [10]


def test_without_promotion_it_is_only_built(desk: Desk) -> None:
    """The gates are asked all the same."""
    desk.candidate.reach(10)
    gate = FakeGate("counts")
    assert desk.run(gate, live=False).release is None
    assert (gate.asked, desk.promoted) == (1, [])


def test_what_nobody_examines_is_waited_for_all_the_same(desk: Desk) -> None:
    """Going back, or promoting by hand: never an index that lags behind."""
    desk.write(5)
    desk.candidate.reach(14)
    threading.Timer(0.3, lambda: desk.candidate.reach(15)).start()
    work = Reindexing(
        desk.catalog.documents,
        NAME,
        desk.candidate,
        report=desk.told.append,
        stopped=desk.stopped.is_set,
        retry="tandem promote",
    )
    assert work.go_live(desk.promote, desk.candidate.applied) == Release(7, NAME, 2, 1)
    assert desk.promoted == [15]
    desk.candidate.reach(0)
    desk.stopped.set()
    with pytest.raises(Interrupted) as raised:
        work.go_live(desk.promote, desk.candidate.applied)
    assert raised.value.hint == "go on with tandem promote"
    assert desk.promoted == [15]


def test_it_can_be_stopped(desk: Desk) -> None:
    """And says how to go on."""
    desk.stopped.set()
    with pytest.raises(Interrupted) as raised:
        desk.run()
    assert "--resume" in raised.value.hint


def test_stopped_amid_an_examination_nobody_is_judged(desk: Desk) -> None:
    """What a gate says that was cut short is no reason to refuse, and no later one is asked."""
    desk.candidate.legs = {"lexical": 10, "vector": 10}

    class Cut(FakeGate):
        def examine(self) -> Verdict:
            desk.stopped.set()
            return super().examine()

    later = FakeGate("quality")
    with pytest.raises(Interrupted):
        desk.run(Cut("verify", passes=False), later)
    assert (desk.promoted, later.asked) == ([], 0)


def test_an_engine_that_fails_for_long_ends_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short failure is waited out, a long one is told with its reason."""
    desk.candidate.failure = EngineError("no room")
    threading.Timer(0.3, lambda: setattr(desk.candidate, "failure", None)).start()
    threading.Timer(0.5, lambda: desk.candidate.reach(10)).start()
    desk.run()
    assert desk.promoted == [10]
    desk.write(5)
    desk.candidate.failure = EngineError("no room")
    monkeypatch.setattr("indexer.reindexing.PATIENCE_SECONDS", 0.2)
    with pytest.raises(EngineUnavailable, match="no room"):
        desk.run()
    assert desk.promoted == [10]


def test_an_engine_that_hiccups_and_gets_on_is_borne(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error is still to be seen, but the leg moves: that may go on for hours."""
    monkeypatch.setattr("indexer.reindexing.PATIENCE_SECONDS", 0.4)
    desk.candidate.failure = EngineError("a hiccup")
    moves = [threading.Timer(0.25 * turn, desk.candidate.reach, [2 * turn]) for turn in range(1, 6)]
    for move in moves:
        move.start()
    desk.run()
    assert desk.promoted == [10]


def test_who_goes_back_waits_for_no_engine_that_fails_the_live_one_too(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leg that is behind the live one's is waited for; with a leg as far as that nothing is lost.
    A leg that does not fail gets on by itself.
    """
    monkeypatch.setattr("indexer.reindexing.PATIENCE_SECONDS", -1.0)
    live = {"lexical": 6, "vector": 10}
    work = Reindexing(
        desk.catalog.documents, NAME, desk.candidate, report=desk.told.append,
        stopped=desk.stopped.is_set,
    )  # fmt: skip
    desk.candidate.failure = EngineError("no room")
    for legs in ({"lexical": 5, "vector": 10}, {"lexical": 6, "vector": 9}):
        desk.candidate.legs = legs
        with pytest.raises(EngineUnavailable, match="no room"):
            work.go_live(desk.promote, lambda: live)
    desk.candidate.legs = {"lexical": 6, "vector": 10}
    assert work.go_live(desk.promote, lambda: live) == Release(7, NAME, 2, 1)
    assert "not waited for what the live generation has not applied either: no room" in caplog.text
    with pytest.raises(EngineUnavailable, match="no room"):
        desk.run()  # what is to be examined must have everything
    assert desk.promoted == [6]


@dataclass
class Restarting:
    """A call that fails ``times`` times before it does what it shall."""

    call: Callable[..., Any]
    times: int
    error: CatalogError

    def __call__(self, *given: Any) -> Any:
        """The call, some time."""
        if self.times:
            self.times -= 1
            raise self.error
        return self.call(*given)


@pytest.mark.parametrize("place", ["applied", "head", "report"])
def test_a_catalogue_that_restarts_is_waited_for(
    desk: Desk, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and telling alike; one that stays away ends it, with how to go on."""
    down = CatalogError("no answer")
    desk.candidate.reach(10)

    def break_down(times: int) -> None:
        if place == "applied":
            again = Restarting(FakeCandidate(desk.candidate.legs).applied, times, down)
            monkeypatch.setattr(desk.candidate, "applied", again)
        elif place == "head":
            log = desk.catalog.documents
            monkeypatch.setattr(log, "head", Restarting(lambda: 10, times, down))
        else:
            monkeypatch.setattr(desk, "told", Told(times, down))

    break_down(4)
    desk.run()
    assert desk.promoted == [10]
    monkeypatch.setattr("indexer.reindexing.PATIENCE_SECONDS", 0.2)
    break_down(1000)
    with pytest.raises(EngineUnavailable, match="the catalogue does not get on") as raised:
        desk.run()
    assert "--resume" in raised.value.hint
    assert desk.promoted == [10]


class Told(list[ReindexProgress]):
    """Telling fails at first, or only at ``stage``."""

    def __init__(self, times: int, error: CatalogError, stage: str = "building") -> None:
        super().__init__()
        self.times, self.error, self.stage = times, error, stage

    def append(self, progress: ReindexProgress) -> None:
        """Tell."""
        if progress.stage == self.stage and self.times:
            self.times -= 1
            raise self.error
        super().append(progress)


@pytest.mark.parametrize("error", [CatalogError("no answer"), TaskConflict("abandoned")])
def test_what_is_live_is_not_failed_by_telling_of_it(desk: Desk, error: CatalogError) -> None:
    """The pointer has moved; that it could not be told is no failure."""
    desk.candidate.reach(10)
    desk.told = Told(1000, error, "done")
    assert desk.run().release == Release(7, NAME, 2, 1)
    desk.told = Told(1000, error, "done")
    work = Reindexing(
        desk.catalog.documents, NAME, desk.candidate, report=desk.told.append,
        stopped=desk.stopped.is_set,
    )  # fmt: skip
    assert work.go_live(desk.promote, desk.candidate.applied) == Release(7, NAME, 2, 1)


def test_who_was_taken_for_dead_ends(desk: Desk) -> None:
    """Another process has ended the task, and may build another generation: no patience helps."""
    desk.candidate.reach(10)
    desk.told = Told(1, TaskConflict("it is failed"))
    with pytest.raises(TaskConflict):
        desk.run()
    assert desk.promoted == []


def test_a_generation_that_was_dropped_is_not_waited_for(desk: Desk) -> None:
    """Its checkpoints are gone, so it would never catch up."""
    threading.Timer(0.3, lambda: setattr(desk.candidate, "dropped", True)).start()
    with pytest.raises(ReleaseConflict, match="dropped the generation") as raised:
        desk.run()
    assert "tandem releases" in raised.value.hint
    assert desk.promoted == []
