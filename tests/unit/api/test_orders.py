"""Asked of the process that follows, or done here: the outcome, the errors and the exit codes."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.abandoned import abandon_dead, is_dead
from api.asking import NobodyAnswered, Order, OrderFailed, ask, failure
from api.bootstrap import House, open_house_beside
from api.carrying_out import carry_out
from api.desk import Desk
from api.embedders import silent
from api.engines import open_catalog
from api.orders import _do_here, _is_followed, ask_owner, have_done
from api.wanted import Wanted, pending_change
from tandem.catalog.checkpoints import Checkpoint
from tandem.catalog.ownership import Ownership
from tandem.catalog.tasks import Task
from tandem.errors import (
    CatalogError,
    CollectionNotFound,
    FieldError,
    GateFailed,
    InputError,
    OwnedElsewhere,
    QueryError,
    ReleaseConflict,
    SettingsError,
    SourceError,
    TandemError,
)
from tandem.settings import Settings
from tests.integration.downtime.embedders import MODELS
from tests.owned_house import (
    FIELDS,
    NAME,
    at_work,
    generations,
    owned,
    reindexed,
    settings_in,
    worked_off,
)

ROLLBACK = Order(NAME, "rollback", {})

pytestmark = pytest.mark.usefixtures("models")


def unseen(_progress: Mapping[str, Any]) -> None:
    """Show nothing."""


def alive(_task: Task) -> bool:
    """No owner has died."""
    return False


def reindex(asking: Settings, **values: Any) -> Order:
    """As ``tandem reindex`` orders it."""
    arguments: dict[str, Any] = {
        "settings": Wanted.of(asking).as_data(),
        "model": None,
        "resume": False,
        "promote": True,
        "overridden": [],
    }
    return Order(NAME, "reindex", arguments | values)


@pytest.fixture
def follower(house: House) -> Iterator[House]:
    """What ``tandem follow`` does."""
    with at_work(house) as owner:
        desk = Desk(owner, silent)
        desk.open()
        yield house
        owner.stop()
        desk.close()


def test_the_owner_does_what_it_is_asked(follower: House) -> None:
    """With the settings of who asks: the owner was started with others. Progress comes back."""
    settings = settings_in(
        follower.settings.data_dir.parent,
        fields={**FIELDS, "kind": {"type": "text"}},
        indexing={"passage_tokens": 64},
        embedding={"model": MODELS[1]},
    )
    seen: list[Mapping[str, Any]] = []
    told: list[str] = []
    outcome = have_done(settings, reindex(settings), seen.append, told.append)
    assert (outcome["generation"], outcome["release"]) == (2, 2)
    assert outcome["embedder"] == "hash-b@1"
    assert outcome["gates"][0]["gate"] == "refused"
    assert seen
    assert "it does the work" in told[0]
    live = follower.collection(NAME).generation
    assert live.passage_tokens == 64
    assert live.schema.by_name["kind"].type == "text"
    assert pending_change(settings, live) is None
    back = have_done(settings, Order(NAME, "rollback", {}), unseen, silent)
    assert back == {
        "release": 1,
        "generation": 1,
        "model": None,
        "search": None,
        "left_model": None,
    }
    forth = have_done(settings, Order(NAME, "promote", {"generation": 2}), unseen, silent)
    assert forth == {
        "release": 3,
        "generation": 2,
        "model": None,
        "search": None,
        "left_model": None,
    }


@pytest.mark.parametrize(
    ("order", "kind", "words"),
    [
        (Order(NAME, "promote", {"generation": 9}), InputError, "no generation 9"),
        (Order(NAME, "rollback", {}), ReleaseConflict, "no release to go back to"),
        (Order("other", "rollback", {}), CollectionNotFound, "'other'"),
    ],
)
def test_what_the_owner_cannot_do_is_told_by_its_kind(
    follower: House, order: Order, kind: type[TandemError], words: str
) -> None:
    """So that the exit code does not depend on who did the work; the hint comes along."""
    with pytest.raises(kind, match=words) as raised:
        have_done(follower.settings, order, unseen, silent)
    assert type(raised.value) is kind
    assert raised.value.hint


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (QueryError("the text is too long", field="text", hint="shorten it"), InputError),
        (FieldError("year", "no number", hint="shorten it"), InputError),
        (OwnedElsewhere("in use", hint="shorten it", follows=True), CatalogError),
        (SourceError("no such file", hint="shorten it"), SourceError),
        (TandemError("oh", hint="shorten it"), TandemError),
    ],
)
def test_an_error_comes_back_as_its_kind_or_what_that_is_a_kind_of(
    house: House, error: TandemError, kind: type[TandemError]
) -> None:
    """One that takes more than words cannot be made anew; the exit code stays the same."""
    tasks = house.catalog.tasks
    task = tasks.begin(NAME, "reindex", {}, "host:1:owner")
    told = failure(tasks.fail(task, str(error), error.hint, error.code))
    assert type(told) is kind
    assert (str(told), told.hint) == (str(error), "shorten it")


def test_a_gate_that_the_owner_asks_fails_here(follower: House) -> None:
    """Nothing is live, and the hint names the override; given, it is done."""
    bad = settings_in(
        follower.settings.data_dir.parent,
        fields={"note": {"type": "integer"}, "kind": {"type": "keyword"}},
    )
    with pytest.raises(GateFailed, match="refused: 20 of 20") as raised:
        have_done(bad, reindex(bad), unseen, silent)
    assert "--override refused" in raised.value.hint
    order = reindex(bad, resume=True, overridden=["refused"])
    assert have_done(bad, order, unseen, silent)["overridden"] == ["refused"]


def test_the_settings_that_a_reindex_came_with_go_with_it(house: House) -> None:
    """The owner forgets by its own, and the next reindex goes by its own: fields, what is kept."""
    own, collection = house.settings, house.collection(NAME)
    other = settings_in(
        own.data_dir.parent,
        fields={**FIELDS, "more": {"type": "text"}},
        embedding={"model": MODELS[1]},
        retention={"generations": 1, "events_days": 1},
    )
    with at_work(house) as owner:
        carry_out(owner, reindex(other), unseen)
        assert generations(house) == {2: "ready"}
        assert house.settings is own
        assert collection.settings is own
        reindexed(owner)
    assert generations(house) == {2: "ready", 3: "ready"}
    assert pending_change(own, collection.generation) is None


def test_the_settings_of_a_reindex_that_fails_leave_nothing(house: House) -> None:
    """They are not taken up even while it is examined."""
    own = house.settings
    bad = settings_in(own.data_dir.parent, fields={"note": {"type": "integer"}})
    with at_work(house) as owner, pytest.raises(GateFailed, match="refused"):
        carry_out(owner, reindex(bad), unseen)
    assert house.settings is own
    assert house.collection(NAME).settings is own


def test_settings_of_another_version_are_refused(follower: House) -> None:
    """The owner goes on with what it has."""
    order = reindex(follower.settings)
    strange = {**order.arguments["settings"], "colour": "green"}
    with pytest.raises(SettingsError, match="colour"):
        have_done(follower.settings, reindex(follower.settings, settings=strange), unseen, silent)
    assert generations(follower) == {1: "ready"}


def test_without_an_owner_it_is_done_here(tmp_path: Path) -> None:
    """And the folder is free again afterwards."""
    settings = settings_in(tmp_path)
    with owned(settings):
        pass
    for number in (2, 3):
        assert have_done(settings, reindex(settings), unseen, silent)["release"] == number
    with pytest.raises(CollectionNotFound, match="'other'"):
        have_done(settings, Order("other", "rollback", {}), unseen, silent)


def test_an_owner_that_takes_no_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another reindex owns the folder, or a command that does not follow: it is named."""
    monkeypatch.setattr("api.asking.ANSWER_SECONDS", 0.3)
    settings = settings_in(tmp_path)
    with owned(settings) as house:
        with pytest.raises(OwnedElsewhere, match="does not take up a rollback now") as raised:
            have_done(settings, Order(NAME, "rollback", {}), unseen, silent)
        assert "wait until it has finished" in raised.value.hint
        assert house.catalog.tasks.unfinished(NAME) == []
    owner = Ownership(settings.data_dir, "tandem verify")
    with pytest.raises(OwnedElsewhere, match="tandem verify"):
        have_done(settings, Order(NAME, "rollback", {}), unseen, silent)
    owner.release()


def test_what_nobody_takes_up_is_withdrawn(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not done hours later by a process that nobody expects to do it."""
    monkeypatch.setattr("api.asking.ANSWER_SECONDS", 0.3)
    with pytest.raises(NobodyAnswered) as raised:
        ask(house.catalog, ROLLBACK, unseen, silent, alive)
    assert "tandem follow" in raised.value.hint
    with at_work(house) as owner:
        worked_off(owner)
    assert house.catalog.tasks.read(1).error == "nobody took it up"


def test_the_same_twice_at_once(house: House) -> None:
    """The second is told that the first is under way."""
    house.catalog.tasks.ask(NAME, "rollback", {})
    with pytest.raises(CatalogError, match=r"task 1 \(rollback\) is wanted already") as raised:
        ask(house.catalog, ROLLBACK, unseen, silent, alive)
    assert "tandem status" in raised.value.hint


def test_a_task_of_a_dead_owner_is_failed(house: House) -> None:
    """Whoever follows now says so; who waits for it learns it, and may ask again."""
    tasks = house.catalog.tasks
    number = tasks.ask(NAME, "reindex", reindex(house.settings).arguments)
    (started,) = tasks.unfinished(NAME)
    tasks.start(started, "host:1:dead")
    failed: list[TandemError] = []

    def watch() -> None:
        beside = open_house_beside(house.settings)
        try:
            seen = beside.catalog.tasks.read(number)
            while not seen.is_finished:
                time.sleep(0.05)
                seen = beside.catalog.tasks.read(number)
            failed.append(failure(seen))
        finally:
            beside.close()

    thread = threading.Thread(target=watch)
    thread.start()
    with at_work(house) as owner:
        worked_off(owner)
    thread.join(20)
    (error,) = failed
    assert isinstance(error, OrderFailed)
    assert "host:1:dead, has ended" in str(error)
    assert error.hint == "ask for it again"
    assert tasks.ask(NAME, "reindex", {}) == number + 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that nobody has touched since the last look has stood still for long."""
    monkeypatch.setattr("api.asking.STILL_SECONDS", 0.0)
    monkeypatch.setattr("api.asking.POLL_SECONDS", 0.0)


def begun_by(house: House, monkeypatch: pytest.MonkeyPatch, owner: str) -> None:
    """Whatever is asked for is begun at once by a process of that name."""
    tasks, asked = house.catalog.tasks, type(house.catalog.tasks).ask

    def ask_and_begin(self: Any, *order: Any) -> int:
        number = asked(self, *order)
        tasks.start(tasks.read(number), owner)
        return number

    monkeypatch.setattr(type(tasks), "ask", ask_and_begin)


@pytest.mark.usefixtures("impatient")
def test_an_owner_that_is_killed_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody follows any more who would end its task: who waits does, and learns what to do."""
    begun_by(house, monkeypatch, "host:1:killed")
    elsewhere, asked = OwnedElsewhere("in use", follows=True), list[Path]()

    def is_owned(folder: Path) -> bool:
        asked.append(folder)
        return len(asked) < 3  # killed after the second look

    monkeypatch.setattr("api.orders.is_owned", is_owned)
    with pytest.raises(OrderFailed, match=r"host:1:killed, has ended") as raised:
        ask_owner(house.settings, ROLLBACK, unseen, silent, elsewhere)
    assert raised.value.hint == "ask for it again"
    assert asked == [house.settings.data_dir] * 3
    assert house.catalog.tasks.read(1).state == "failed"


@pytest.mark.usefixtures("impatient")
def test_an_owner_that_ends_its_task_and_leaves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the task and the one at the folder: done is done."""
    begun_by(house, monkeypatch, "host:1:quick")

    def finishing(task: Task) -> bool:
        house.catalog.tasks.finish(task, {"release": 7})
        return True

    assert ask(house.catalog, ROLLBACK, unseen, silent, finishing) == {"release": 7}


def test_an_order_that_moves_is_not_asked_about(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose progress is seen lives."""
    begun_by(house, monkeypatch, "host:1:busy")
    monkeypatch.setattr("api.asking.POLL_SECONDS", 0.0)
    monkeypatch.setattr("api.asking.STILL_SECONDS", 1.5)
    clock = SimpleNamespace(now=0.0)
    tasks, rounds = house.catalog.tasks, iter(range(1, 6))

    def sleep(_seconds: float) -> None:
        clock.now += 1.0
        task, done = tasks.read(1), next(rounds)
        tasks.finish(task, {}) if done == 5 else tasks.report(task, {"applied": done})

    stand_in = SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep)
    monkeypatch.setattr("api.asking.time", stand_in)
    assert ask(house.catalog, ROLLBACK, unseen, silent, lambda task: pytest.fail(str(task))) == {}


def test_a_task_that_its_owner_could_not_end_is_ended_by_it_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue was away just then: the same process clears it up, and takes the next."""
    tasks = house.catalog.tasks
    number = tasks.ask(NAME, "rollback", {})

    def refuse(*_: object) -> None:
        raise CatalogError("away")

    monkeypatch.setattr("indexer.patience.PATIENCE_SECONDS", 0)
    with at_work(house) as owner:
        with monkeypatch.context() as away:
            away.setattr(tasks, "fail", refuse)
            worked_off(owner)
        assert tasks.read(number).state == "running"
        worked_off(owner)
        assert tasks.read(number).state == "failed"


def test_a_catalogue_that_restarts_at_the_end_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who asked would read that it had failed, with the new generation live."""
    tasks = house.catalog.tasks
    number = tasks.ask(NAME, "promote", {"generation": 1})
    finish, tries = tasks.finish, []

    def finish_later(task: Task, outcome: Mapping[str, Any]) -> Task:
        tries.append(task)
        if len(tries) < 3:
            raise CatalogError("away")
        return finish(task, outcome)

    monkeypatch.setattr(tasks, "finish", finish_later)
    with at_work(house) as owner:
        worked_off(owner)
    assert len(tries) == 3
    assert tasks.read(number).outcome == {
        "release": 1,
        "generation": 1,
        "model": None,
        "search": None,
        "left_model": None,
    }


def test_an_unforeseen_failure_ends_the_task_and_not_the_follower(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, a bug: who asked is told, and the log is followed on."""

    def fail(*_: object) -> None:
        raise OSError("no room")

    number = house.catalog.tasks.ask(NAME, "rollback", {})
    with at_work(house) as owner:
        monkeypatch.setattr(owner, "rollback", fail)
        worked_off(owner)
    task = house.catalog.tasks.read(number)
    assert (task.state, task.error) == ("failed", "OSError: no room")


def test_who_is_stopped_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control-C amid its own work: whoever looks later is told to ask again."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    told: list[str] = []
    monkeypatch.setattr("api.owner.Owner.rollback", interrupt)
    monkeypatch.setattr("api.owner.Owner.reindex", interrupt)
    for number, order in enumerate((ROLLBACK, reindex(house.settings)), 1):
        with pytest.raises(KeyboardInterrupt):
            _do_here(house, order, unseen, told.append)
        task = house.catalog.tasks.read(number)
        assert (task.state, task.error) == ("failed", "the process that did it was stopped")
        assert task.hint == f"run tandem {order.kind} again"
    assert told == [
        "the rollback is stopped; what is live stays",
        "the reindex is stopped; what is live stays, and tandem reindex --resume goes on",
    ]


def test_who_is_stopped_after_the_switch_says_what_is_live(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no failure, and nothing is to be asked for again; whatever else goes on is stopped."""
    stopped: list[str] = []

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("api.owner.publish", interrupt)
    monkeypatch.setattr("api.owner.Owner.stop", lambda _: stopped.append("stopped"))
    live = {"release": 1, "generation": 1, "model": None, "search": None, "left_model": None}
    assert _do_here(house, Order(NAME, "promote", {"generation": 1}), unseen, silent) == live
    task = house.catalog.tasks.read(1)
    assert (task.state, task.outcome) == ("done", live)
    assert stopped == ["stopped"]


def pressed(_progress: Mapping[str, Any]) -> None:
    """Control-C while it is waited for."""
    raise KeyboardInterrupt


def test_who_stops_waiting_is_told_that_it_goes_on(house: House) -> None:
    """Control-C while another process works: it is not stopped by that."""
    tasks = house.catalog.tasks

    def begin() -> None:
        while not (wanted := tasks.unfinished(NAME)):
            time.sleep(0.02)
        tasks.report(tasks.start(wanted[0], "host:1:busy"), {"stage": "building"})

    thread = threading.Thread(target=begin)
    thread.start()
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        have_done(house.settings, ROLLBACK, pressed, told.append)
    thread.join()
    assert "goes on in the process that follows" in told[-1]
    assert tasks.read(1).state == "running"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_order_does_not_outlive_who_waits_for_it(
    house: House, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has begun it: it is withdrawn, and neither refuses the next nor is done in days."""

    def fail(_seconds: float) -> None:
        raise error

    told: list[str] = []
    with monkeypatch.context() as interrupted:
        interrupted.setattr("api.asking.time.sleep", fail)
        with pytest.raises(error):
            ask(house.catalog, ROLLBACK, unseen, told.append, alive)
    assert house.catalog.tasks.read(1).state == "failed"
    assert told == (
        ["the rollback is withdrawn; nothing was done"] if error is KeyboardInterrupt else []
    )
    assert house.catalog.tasks.ask(NAME, "rollback", {}) == 2


def test_begun_at_the_moment_of_giving_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is watched on: nobody may do the same beside it."""
    monkeypatch.setattr("api.asking.ANSWER_SECONDS", 0.0)
    tasks = house.catalog.tasks
    withdraw = tasks.withdraw

    def too_late(number: int, reason: str) -> Task:
        begun = tasks.start(tasks.read(number), "host:1:quick")
        threading.Timer(0.5, lambda: tasks.finish(begun, {"release": 7})).start()
        return withdraw(number, reason)

    monkeypatch.setattr(tasks, "withdraw", too_late)
    assert ask(house.catalog, ROLLBACK, unseen, silent, alive) == {"release": 7}


def test_an_old_order_is_only_done_for_one_who_still_waits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked and killed, days ago: not done. With a clock that is late and a living asker: done."""
    tasks = house.catalog.tasks
    monkeypatch.setattr("tandem.catalog.tasks.WATCHED_SECONDS", -1.0)
    monkeypatch.setattr("api.desk.WORD_SECONDS", 0.6)
    left = tasks.ask(NAME, "promote", {"generation": 1})
    with at_work(house) as owner:
        worked_off(owner)
        task = tasks.read(left)
        assert (task.state, task.error) == ("failed", "nobody waits for it any more")
        waited = tasks.ask(NAME, "promote", {"generation": 1})
        refreshing = threading.Timer(0.2, lambda: tasks.refresh(tasks.read(waited)))
        refreshing.start()
        worked_off(owner)
        refreshing.join()
        assert tasks.read(waited).state == "done"


def test_who_waits_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the row, as long as it is wanted."""
    monkeypatch.setattr("api.asking.ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("api.asking.REFRESH_SECONDS", 0.2)
    with pytest.raises(NobodyAnswered):
        ask(house.catalog, ROLLBACK, unseen, silent, alive)
    task = house.catalog.tasks.read(1)
    assert task.changed_at > task.asked_at


# --- beside other processes on servers: nobody owns the whole ---


@pytest.fixture
def beside(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Another process, for which a lease says who lives."""
    monkeypatch.setattr("indexer.liveness.WATCH_SECONDS", 0.8)
    monkeypatch.setattr("api.abandoned.WATCH_SECONDS", 0.8)
    with open_house_beside(house.settings) as opened:
        yield opened


def leased(house: House, owner: str) -> Checkpoint:
    """The live lexical index, with that name in its lease."""
    checkpoints = house.catalog.checkpoints
    held = checkpoints.read(house.collection(NAME).generation.lexical_name)
    assert held is not None
    return checkpoints.take(held, owner=owner)


@contextmanager
def beating(house: House, held: Checkpoint, owner: str) -> Iterator[None]:
    """Its owner lives."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.1):
            house.catalog.checkpoints.renew(held, owner)

    thread = threading.Thread(target=beat)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_a_name_in_a_lease_is_no_follower(house: House, beside: House) -> None:
    """Killed, it leaves its name; only a beat that moves says that somebody follows."""
    held = leased(house, "host:1:follower")
    assert not _is_followed(beside.catalog, NAME)
    assert not _is_followed(beside.catalog, "other")
    with beating(house, held, "host:1:follower"):
        assert _is_followed(beside.catalog, NAME)


def test_what_a_killed_follower_left_running_hinders_nobody(house: House, beside: House) -> None:
    """Its beat stands still: the task is failed, and the same can be begun again at once."""
    tasks = beside.catalog.tasks
    leased(house, "host:1:dead")
    left = tasks.begin(NAME, "reindex", {}, "host:1:dead")
    abandon_dead(beside, NAME)
    assert "host:1:dead, has ended" in tasks.read(left.number).error
    assert tasks.begin(NAME, "reindex", {}, "host:2:next").state == "running"


def test_the_task_of_a_living_process_is_left_alone(house: House, beside: House) -> None:
    """It lives by its beat, or where it holds no lease for a moment by its progress."""
    tasks = beside.catalog.tasks
    held = leased(house, "host:1:alive")
    first = tasks.begin(NAME, "reindex", {}, "host:1:alive")
    second = tasks.begin(NAME, "promote", {}, "host:2:works")
    working = threading.Timer(0.3, lambda: tasks.report(second, {"applied": 1}))
    working.start()
    with beating(house, held, "host:1:alive"):
        abandon_dead(beside, NAME)
    working.join()
    assert [task.number for task in tasks.unfinished(NAME)] == [first.number, second.number]


def test_progress_counts_while_the_leases_are_watched(
    house: House, beside: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead process's lease takes all the time there is; a task that moved meanwhile lives."""
    tasks = beside.catalog.tasks
    moving = tasks.begin(NAME, "reindex", {}, "host:1:works")
    still = tasks.begin(NAME, "promote", {}, "host:2:dead")

    def watch_long(*_: object) -> dict[str, str]:
        tasks.report(moving, {"applied": 1})
        return {}

    monkeypatch.setattr("api.abandoned.living", watch_long)
    monkeypatch.setattr("api.abandoned.WATCH_SECONDS", 0.0)
    assert is_dead(beside.catalog, still)
    abandon_dead(beside, NAME)
    assert [task.number for task in tasks.unfinished(NAME)] == [moving.number]


def test_two_that_do_the_same_by_themselves(house: House, beside: House) -> None:
    """The second would drop what the first one builds: it is refused, and the first is named."""
    first = house.catalog.tasks.begin(NAME, "reindex", {}, "host:1:first")
    order = reindex(house.settings)
    with pytest.raises(CatalogError, match="is running already by host:1:first") as raised:
        _do_here(beside, order, unseen, silent)
    assert "tandem status" in raised.value.hint
    assert house.catalog.tasks.read(first.number) == first
    assert generations(house) == {1: "ready"}


def test_what_is_done_here_is_a_task(tmp_path: Path) -> None:
    """Running while it is done, with its progress; done or failed afterwards."""
    settings = settings_in(tmp_path)
    with owned(settings):
        pass
    seen: list[Task] = []

    def look(_progress: Mapping[str, Any]) -> None:
        catalog = open_catalog(settings)
        seen.extend(catalog.tasks.unfinished(NAME))
        catalog.close()

    outcome = have_done(settings, reindex(settings), look, silent)
    assert {(task.kind, task.state) for task in seen} == {("reindex", "running")}
    assert seen[-1].progress
    with pytest.raises(InputError, match="no generation 9"):
        have_done(settings, Order(NAME, "promote", {"generation": 9}), unseen, silent)
    with owned(settings) as house:
        done, failed = house.catalog.tasks.read(1), house.catalog.tasks.read(2)
    assert (done.state, done.outcome) == ("done", outcome)
    assert (failed.state, failed.outcome) == ("failed", {"code": "bad_input"})


def test_an_error_after_the_switch_is_no_failure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pruning, publishing, counting: the release is live, and who asked is told so."""

    def fail(*_: object) -> None:
        raise OSError("no room")

    def away(*_: object) -> int:
        raise CatalogError("away")

    with at_work(house) as owner:
        monkeypatch.setattr("api.owner.outlived", fail)
        checkpoints = house.catalog.checkpoints
        count = checkpoints.failure_count
        monkeypatch.setattr(
            checkpoints,
            "failure_count",
            lambda name: away() if house.collection(NAME).release.number == 2 else count(name),
        )
        outcome = carry_out(owner, reindex(house.settings), unseen)
        assert (outcome["release"], outcome["refused"]) == (2, {})
        monkeypatch.setattr("api.owner.publish", fail)
        back = carry_out(owner, ROLLBACK, unseen)
        assert back == {
            "release": 1,
            "generation": 1,
            "model": None,
            "search": None,
            "left_model": None,
        }
        again = Order(NAME, "promote", {"generation": 1})
        assert carry_out(owner, again, unseen) == back
