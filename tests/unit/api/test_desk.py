"""What is asked of a process that is at work already: done beside it, and told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api.asking import Order
from api.bootstrap import House
from api.desk import Desk
from api.embedders import silent
from api.orders import _do_here, have_done
from api.owner import Owner
from api.verified import verify
from api.wanted import Wanted
from indexer.indexing import catch_up
from indexer.reindexing import Interrupted
from indexer.verification import Verifier, VerifyOptions
from tandem.errors import CatalogError, OwnedElsewhere, ReleaseConflict
from tandem.protocols import Verdict
from tests.owned_house import (
    NAME,
    at_work,
    generations,
    index_names,
    on_engines,
    owned,
    settings_in,
    worked_off,
)

ROLLBACK = Order(NAME, "rollback", {})
VERIFY: dict[str, Any] = {"repair": False, "sample": 20, "seed": 1}

pytestmark = pytest.mark.usefixtures("models")


def unseen(_progress: Mapping[str, Any]) -> None:
    """Show nothing."""


def reindex(house: House, **values: Any) -> Order:
    """As ``tandem reindex`` orders it."""
    given: dict[str, Any] = {"model": None, "resume": False, "promote": True, "overridden": []}
    wanted = {"settings": Wanted.of(house.settings).as_data()}
    return Order(NAME, "reindex", wanted | given | values)


@dataclass
class SlowGate:
    """Examines for as long as the test wants; what it examines is built by then."""

    name: str = "verify"
    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    examined: int = 0

    def examine(self) -> Verdict:
        """See ``Gate``."""
        self.examined += 1
        self.begun.set()
        assert self.may_end.wait(20)
        return Verdict(self.name, is_passed=True, detail="no drift")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowGate]:
    """What a reindex stands at."""
    slow = SlowGate()
    monkeypatch.setattr("api.owner.gates", lambda *_: [slow])
    monkeypatch.setattr("api.desk.LOOK_SECONDS", 0.02)
    yield slow
    slow.may_end.set()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Two generations, the second one live; owned by this process."""
    with owned(settings_in(tmp_path)) as opened:
        made = opened.create_generation(NAME, opened.collection(NAME).generation.schema)
        opened.catalog.releases.promote(NAME, made.number, parent=1)
        opened.collection(NAME).refresh()
        yield opened


@contextmanager
def attended(house: House, told: Callable[[str], None] = silent) -> Iterator[Owner]:
    """What ``tandem follow`` does."""
    with at_work(house) as owner:
        desk = Desk(owner, told)
        desk.open()
        try:
            yield owner
        finally:
            owner.stop()
            desk.close()


@contextmanager
def asking(house: House, order: Order) -> Iterator[Callable[[], Mapping[str, Any]]]:
    """Another process that waits for an order; its outcome or error."""
    with ThreadPoolExecutor(1) as asker:
        yield asker.submit(have_done, house.settings, order, unseen, silent).result


def test_going_back_does_not_wait_for_a_reindex(house: House, gate: SlowGate) -> None:
    """It is live at once. The reindex was made from what is live no more: it says so, and what it
    has built stays, ready to be promoted without being examined again.
    """
    with attended(house), asking(house, reindex(house)) as reindexing:
        assert gate.begun.wait(20)
        assert have_done(house.settings, ROLLBACK, unseen, silent)["release"] == 1
        assert generations(house) == {1: "ready", 2: "ready", 3: "building"}
        gate.may_end.set()
        with pytest.raises(ReleaseConflict, match="release 1 is live") as raised:
            reindexing()
        assert "tandem promote 3" in raised.value.hint
        assert generations(house) == {1: "ready", 2: "ready", 3: "ready"}
        assert house.collection(NAME).release.number == 1
        forth = have_done(house.settings, Order(NAME, "promote", {"generation": 3}), unseen, silent)
        assert (forth["release"], forth["generation"]) == (3, 3)
    assert gate.examined == 1


def test_a_promotion_amid_a_reindex_drops_nothing_that_is_built(
    house: House, gate: SlowGate
) -> None:
    """Nor what is live, nor where it came from."""
    with attended(house), asking(house, reindex(house)) as reindexing:
        assert gate.begun.wait(20)
        promoted = Order(NAME, "promote", {"generation": 1})
        assert have_done(house.settings, promoted, unseen, silent)["release"] == 3
        assert generations(house) == {1: "ready", 2: "ready", 3: "building"}
        assert on_engines(house) == index_names(1, 2, 3)
        gate.may_end.set()
        with pytest.raises(ReleaseConflict):
            reindexing()


def test_what_this_process_works_on_is_not_taken_for_dead(house: House, gate: SlowGate) -> None:
    """Its task runs on, however often orders are looked for; a second one is refused."""
    tasks = house.catalog.tasks
    with at_work(house) as owner, closing(Desk(owner, silent)) as desk:
        number = tasks.ask(NAME, "reindex", reindex(house).arguments)
        desk.look()
        assert gate.begun.wait(20)
        desk.look()
        running = tasks.read(number)
        gate.may_end.set()
        assert running.state == "running"
        with pytest.raises(CatalogError, match="is running already"):
            tasks.ask(NAME, "reindex", {})
    assert tasks.read(number).state == "done"


def test_orders_reach_a_command_that_reindexes_by_itself(house: House, gate: SlowGate) -> None:
    """It says what it does beside its own work, and keeps that."""
    told: list[str] = []
    outcomes: list[Mapping[str, Any]] = []

    def ask() -> None:
        assert gate.begun.wait(20)
        try:
            outcomes.append(have_done(house.settings, ROLLBACK, unseen, silent))
        finally:
            gate.may_end.set()

    asking = threading.Thread(target=ask)
    asking.start()
    with pytest.raises(ReleaseConflict, match="release 1 is live"):
        _do_here(house, reindex(house), unseen, told.append)
    asking.join()
    assert outcomes == [
        {"release": 1, "generation": 1, "model": None, "search": None, "left_model": None}
    ]
    assert told == ["task 2: rollback of main begins", "task 2: rollback of main is done"]


def test_a_kind_that_is_busy_elsewhere_is_not_taken_up(
    house: House, gate: SlowGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reindex at a time, whatever the collection: they go by settings of their own."""
    house.create_collection("other", house.collection(NAME).generation.schema)
    with attended(house), asking(house, reindex(house)) as reindexing:
        assert gate.begun.wait(20)
        monkeypatch.setattr("api.asking.ANSWER_SECONDS", 0.1)
        order = Order("other", "reindex", reindex(house).arguments)
        with pytest.raises(OwnedElsewhere, match="does not take up a reindex now") as raised:
            have_done(house.settings, order, unseen, silent)
        assert "tandem status" in raised.value.hint
        assert house.catalog.tasks.unfinished("other") == []
        gate.may_end.set()
        assert reindexing()["generation"] == 4


def test_who_follows_tells_of_orders(house: House) -> None:
    """One line when one begins, one when it has ended, and why where it failed."""
    told: list[str] = []
    with at_work(house) as owner:
        house.catalog.tasks.ask(NAME, "rollback", {})
        worked_off(owner, told.append)
        house.catalog.tasks.ask(NAME, "promote", {"generation": 9})
        worked_off(owner, told.append)
    assert told == [
        "task 1: rollback of main begins",
        "task 1: rollback of main is done",
        "task 2: promote of main begins",
        "task 2: promote of main failed: main has no generation 9; it has 1, 2",
    ]


def test_what_cannot_be_begun_is_told_and_looked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue was away for a moment."""
    told: list[str] = []

    def away(*_: object) -> None:
        raise CatalogError("away")

    number = house.catalog.tasks.ask(NAME, "rollback", {})
    with at_work(house) as owner:
        with monkeypatch.context() as broken:
            broken.setattr(house.catalog.tasks, "start", away)
            worked_off(owner, told.append)
        assert told == ["warning: away"]
        worked_off(owner)
    assert house.catalog.tasks.read(number).state == "done"


def test_a_trouble_that_lasts_is_told_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once a second for as long as the catalogue is away; the next one is told again."""
    monkeypatch.setattr("api.desk.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("api.desk.TROUBLE_SECONDS", 0.0)
    told: list[str] = []
    desk = Desk(Owner(house), told.append)
    looks = iter(["away", "away", "no room", "away", "", "away", "away"])

    def look() -> None:
        trouble = next(looks, None)
        if trouble is None:
            desk.close()
        elif trouble:
            raise CatalogError(trouble)

    monkeypatch.setattr(desk, "look", look)
    desk._look_on()
    assert told == ["warning: away", "warning: no room", "warning: away", "warning: away"]


def test_a_task_that_cannot_be_begun_is_told_of_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though each look between the tries succeeds."""
    told: list[str] = []
    desk = Desk(Owner(house), told.append)
    tasks = house.catalog.tasks
    task = tasks.read(tasks.ask(NAME, "rollback", {}))

    def away(*_: object) -> None:
        raise CatalogError("away")

    monkeypatch.setattr(tasks, "start", away)
    for _ in range(3):
        desk._take_up(task)
        desk.look()
    desk.close()
    assert told == ["warning: away"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, "is done, release 1 is live"),
        (ReleaseConflict("moved"), "failed: moved"),
        (KeyboardInterrupt(), "is stopped"),
    ],
)
def test_a_command_tells_how_it_came_out_before_it_stays_for_others(
    house: House,
    gate: SlowGate,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException | None,
    told: str,
) -> None:
    """It owns the indexes, so it cannot leave amid a reindex that another process asked for."""
    house.catalog.tasks.ask(NAME, "reindex", reindex(house).arguments)
    rollback, lines = Owner.rollback, list[str]()

    def late(*arguments: Any) -> Any:
        assert gate.begun.wait(20)
        if error is not None:
            raise error
        return rollback(*arguments)

    def tell(line: str) -> None:
        lines.append(line)
        if "staying" in line:
            gate.may_end.set()

    monkeypatch.setattr(Owner, "rollback", late)
    with suppress(ReleaseConflict, KeyboardInterrupt):
        _do_here(house, ROLLBACK, unseen, tell)
    staying = f"the rollback {told}; staying for task 1 (reindex), which others asked for"
    assert staying in lines
    assert house.catalog.tasks.read(1).is_finished


def test_an_interrupt_stops_what_is_in_hand_and_waits_for_it(
    house: House, gate: SlowGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes on behind the back of who closes the indexes next."""
    with at_work(house) as owner:
        desk = Desk(owner, silent)
        number = house.catalog.tasks.ask(NAME, "reindex", reindex(house).arguments)
        desk.look()
        assert gate.begun.wait(20)

        def interrupt(*_: object) -> None:
            monkeypatch.undo()
            gate.may_end.set()
            raise KeyboardInterrupt

        monkeypatch.setattr("api.desk.wait", interrupt)
        desk.close()
        task = house.catalog.tasks.read(number)
    assert (task.state, task.outcome) == ("failed", {"code": "interrupted"})
    assert "tandem reindex --resume" in task.hint


def test_two_that_take_up_a_release_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read the older one first does not put it back."""
    collection, releases = house.collection(NAME), house.catalog.releases
    live, back = releases.live, threading.Event()

    def late(name: str) -> Any:
        monkeypatch.undo()
        read = live(name)
        releases.point(NAME, 1, expected=2)
        other.start()
        back.wait(0.2)
        return read

    def refresh() -> None:
        collection.refresh()
        back.set()

    other = threading.Thread(target=refresh)
    monkeypatch.setattr(releases, "live", late)
    collection.refresh()
    other.join()
    assert collection.release.number == 1


# --- verify ---


def test_the_owner_verifies(house: House) -> None:
    """Every complete generation, the live one first; report and progress come back as data."""
    seen: list[Mapping[str, Any]] = []
    with attended(house):
        found = have_done(house.settings, Order(NAME, "verify", VERIFY), seen.append, silent)
    assert (found["clean"], found["release"], found["documents"]) == (True, 2, 20)
    legs = [(index["leg"], index["generation"], index["sampled"]) for index in found["indexes"]]
    assert legs == [("lexical", 2, 20), ("vector", 2, 20), ("lexical", 1, 20), ("vector", 1, 20)]
    assert seen[0]["stage"] == "verifying"
    assert {leg["head"] for leg in seen[0]["legs"]} == {20}


def test_the_owner_repairs(house: House) -> None:
    """What one look finds is mended in the next, and remembered for ``tandem status``."""
    assert catch_up(house.collection(NAME).followers) == []
    house.collection(NAME).lexical.index.forget(["d3"])
    with attended(house):
        looked = have_done(house.settings, Order(NAME, "verify", VERIFY), unseen, silent)
        mending = Order(NAME, "verify", VERIFY | {"repair": True})
        mended = have_done(house.settings, mending, unseen, silent)
    assert not looked["clean"]
    assert looked["indexes"][0]["found"]["missing"]["examples"][0]["document_id"] == "d3"
    assert mended["clean"]
    assert mended["indexes"][0]["left"]["missing"]["count"] == 0
    assert house.collection(NAME).lexical.index.documents(["d3"]).keys() == {"d3"}


def test_a_stopped_verification_says_nothing(house: House) -> None:
    """It is no answer that an index could not be read to its end."""
    with at_work(house) as owner:
        number = house.catalog.tasks.ask(NAME, "verify", VERIFY)
        owner.stop()
        worked_off(owner)
    task = house.catalog.tasks.read(number)
    assert (task.state, task.outcome) == ("failed", {"code": Interrupted.code})
    assert house.catalog.verifications.last("main-lexical-2") is None


def test_a_generation_that_is_dropped_amid_a_verification_is_left_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its indexes are not taken for broken ones, and stay open until they are compared."""
    compare = Verifier.verify
    with at_work(house) as owner:
        collection = house.collection(NAME)

        def dropping(verifier: Verifier, index: Any) -> Any:
            monkeypatch.undo()
            owner._drop(collection, house.catalog.releases.generation(1))
            return compare(verifier, index)

        monkeypatch.setattr(Verifier, "verify", dropping)
        found = verify(collection, VerifyOptions(patience_seconds=0.1), unseen, lambda: False)
    assert [index["generation"] for index in found["indexes"]] == [2, 2]
    assert found["clean"]
