"""Tasks: asked for by one process, done by one owner."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.tasks import Task, Tasks
from tandem.errors import CatalogError, TaskConflict


@pytest.fixture
def tasks(catalog: Catalog) -> Tasks:
    """Nothing was asked for yet."""
    return catalog.tasks


def test_asking(tasks: Tasks) -> None:
    """What was asked for is read back, numbered, and unfinished in its collection."""
    assert tasks.unfinished("main") == []
    number = tasks.ask("main", "reindex", {"embedder": "model@2", "name": "nul\0 日本"})
    task = tasks.read(number)
    assert (task.number, task.collection, task.kind, task.state) == (1, "main", "reindex", "wanted")
    assert task.arguments == {"embedder": "model@2", "name": "nul\0 日本"}
    assert (task.owner, task.progress, task.outcome, task.error) == (None, {}, {}, "")
    assert abs(task.asked_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert tasks.unfinished("main") == [task]
    assert tasks.unfinished("other") == []


def test_the_life_of_a_task(tasks: Tasks) -> None:
    """Wanted, running with progress, done with an outcome."""
    wanted = tasks.read(tasks.ask("main", "reindex", {}))
    running = tasks.start(wanted, "one")
    assert (running.state, running.owner) == ("running", "one")
    assert tasks.unfinished("main") == [running]
    reported = tasks.report(running, {"applied": 5, "of": 10})
    assert tasks.read(wanted.number) == reported
    assert reported.progress == {"applied": 5, "of": 10}
    done = tasks.finish(running, {"generation": 2})
    assert (done.state, done.outcome, done.progress) == (
        "done",
        {"generation": 2},
        reported.progress,
    )
    assert done.is_finished
    assert tasks.unfinished("main") == []
    assert wanted.asked_at == done.asked_at <= done.changed_at


def test_failing(tasks: Tasks) -> None:
    """The error and what to do next are kept, even where a file's name in it is no text."""
    running = tasks.start(tasks.read(tasks.ask("main", "promote", {})), "one")
    failed = tasks.fail(running, "file \udce9.txt: nul \0", "try again")
    assert (failed.state, failed.error, failed.hint) == (
        "failed",
        "file ?.txt: nul \0",
        "try again",
    )
    assert failed.is_finished


def test_the_oldest_comes_first(tasks: Tasks) -> None:
    """Kinds wait beside each other, each collection for itself."""
    first = tasks.ask("main", "rollback", {"to": 1})
    tasks.ask("other", "reindex", {})
    second = tasks.ask("main", "promote", {})
    assert [task.number for task in tasks.unfinished("main")] == [first, second]


def test_one_of_a_kind_at_a_time(tasks: Tasks) -> None:
    """A second one is refused by name while the first is wanted or running."""
    number = tasks.ask("main", "reindex", {})
    with pytest.raises(CatalogError, match=rf"main: task {number} \(reindex\) is wanted") as raised:
        tasks.ask("main", "reindex", {})
    assert raised.value.hint
    running = tasks.start(tasks.read(number), "one")
    with pytest.raises(CatalogError, match="is running already"):
        tasks.ask("main", "reindex", {})
    tasks.finish(running, {})
    assert tasks.ask("main", "reindex", {}) == number + 1


def test_unknown_kinds_and_numbers(tasks: Tasks) -> None:
    """They are named, with what there is."""
    with pytest.raises(CatalogError, match="'rename'") as raised:
        tasks.ask("main", "rename", {})  # type: ignore[arg-type]
    assert "reindex, promote, rollback" in raised.value.hint
    with pytest.raises(CatalogError, match="no task 7"):
        tasks.read(7)


def leaving(tasks: Tasks, task: Task) -> list[Callable[[], Task]]:
    """All that can be said of a task that runs."""
    return [
        lambda: tasks.report(task, {}),
        lambda: tasks.finish(task, {}),
        lambda: tasks.fail(task, "error"),
    ]


def test_states_are_left_once(tasks: Tasks) -> None:
    """What is not wanted cannot start, what does not run cannot report, finish or fail."""
    wanted = tasks.read(tasks.ask("main", "reindex", {}))
    for attempt in leaving(tasks, wanted):
        with pytest.raises(CatalogError, match="is wanted, expected running"):
            attempt()
    running = tasks.start(wanted, "one")
    with pytest.raises(CatalogError, match="is running by one, expected wanted"):
        tasks.start(wanted, "two")
    tasks.finish(running, {})
    for attempt in leaving(tasks, running):
        with pytest.raises(CatalogError, match="is done by one, expected running"):
            attempt()


def test_a_dead_owners_task_is_abandoned(tasks: Tasks) -> None:
    """Who comes back from the dead is refused; what has ended is not abandoned."""
    dead = tasks.start(tasks.read(tasks.ask("main", "reindex", {})), "dead")
    alive = tasks.start(tasks.read(tasks.ask("main", "promote", {})), "alive")
    ended = tasks.abandon(dead)
    assert (ended.number, ended.state) == (dead.number, "failed")
    assert "dead" in ended.error
    assert ended.hint
    with pytest.raises(TaskConflict, match="is failed by dead"):
        tasks.finish(dead, {})
    assert tasks.finish(alive, {}).state == "done"
    with pytest.raises(TaskConflict, match="is done by alive"):
        tasks.abandon(alive)


def test_what_a_process_does_by_itself(tasks: Tasks) -> None:
    """It runs at once, and a second of its kind is refused, whether asked or begun."""
    task = tasks.begin("main", "reindex", {"model": "m"}, "one")
    assert (task.state, task.owner, task.arguments) == ("running", "one", {"model": "m"})
    for again in (
        lambda: tasks.begin("main", "reindex", {}, "two"),
        lambda: tasks.ask("main", "reindex", {}),
    ):
        with pytest.raises(CatalogError, match="is running already by one"):
            again()
    assert tasks.begin("main", "promote", {}, "two").state == "running"
    tasks.finish(task, {})
    assert tasks.begin("main", "reindex", {}, "two").owner == "two"


def test_withdrawing(tasks: Tasks) -> None:
    """What is wanted is ended with the reason; what was begun is not."""
    number = tasks.ask("main", "rollback", {})
    ended = tasks.withdraw(number, "nobody took it up")
    assert (ended.state, ended.error, ended.owner) == ("failed", "nobody took it up", None)
    begun = tasks.start(tasks.read(tasks.ask("main", "rollback", {})), "one")
    with pytest.raises(TaskConflict, match="is running by one, expected wanted"):
        tasks.withdraw(begun.number, "nobody took it up")
    with pytest.raises(TaskConflict):
        tasks.refresh(begun)


def test_what_nobody_waits_for_stands_in_nobodys_way(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked was killed: a while later another one may ask, unless a word came meanwhile."""
    number = tasks.ask("main", "rollback", {})
    assert not tasks.read(number).seems_left
    monkeypatch.setattr("tandem.catalog.tasks.WATCHED_SECONDS", 0.2)
    time.sleep(0.3)
    assert tasks.read(number).seems_left
    tasks.refresh(tasks.read(number))
    with pytest.raises(CatalogError, match="is wanted already"):
        tasks.ask("main", "rollback", {})
    time.sleep(0.3)
    assert tasks.ask("main", "rollback", {}) == number + 1
    left = tasks.read(number)
    assert (left.state, left.error) == ("failed", "nobody waits for it any more")
    running = tasks.start(tasks.read(number + 1), "one")
    time.sleep(0.3)
    assert not tasks.read(running.number).seems_left, "what runs is left to who knows its owner"
    with pytest.raises(CatalogError, match="is running already by one"):
        tasks.ask("main", "rollback", {})


def test_many_ask_and_many_start(catalog: Catalog) -> None:
    """Of eight who ask one succeeds, of eight who start one does it."""
    tasks = catalog.tasks
    together = threading.Barrier(8)
    asked: list[int] = []
    started: list[str] = []
    faults: list[BaseException] = []

    def work(name: str) -> None:
        try:
            together.wait(10)
            with suppress(CatalogError):
                asked.append(tasks.ask("main", "reindex", {}))
            together.wait(10)
            with suppress(CatalogError):
                started.append(tasks.start(tasks.read(1), name).owner or "")
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(f"owner-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert asked == [1]
    assert started == [tasks.read(1).owner]


def test_what_has_ended_long_ago_is_forgotten(tasks: Tasks) -> None:
    """Of that collection; what is not finished stays, and so does the last number."""
    later = datetime.now(UTC) + timedelta(days=1)
    done = tasks.ask("main", "rollback", {})
    tasks.withdraw(done, "enough")
    waiting = tasks.ask("main", "reindex", {})
    tasks.withdraw(tasks.ask("other", "rollback", {}), "enough")
    tasks.withdraw(tasks.ask("main", "promote", {}), "enough")
    assert tasks.purge("main", datetime.now(UTC) - timedelta(days=1)) == 0
    assert [tasks.purge("main", later) for _ in range(2)] == [1, 0]
    with pytest.raises(CatalogError, match="no task 1"):
        tasks.read(done)
    assert tasks.read(waiting).state == "wanted"
    assert tasks.read(3).collection == "other"
    assert tasks.ask("main", "rollback", {}) == 5
