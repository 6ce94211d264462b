"""Tasks: asked for by one process, done by one owner."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.tasks import Task, Tasks
from tandem.errors import CatalogError


@pytest.fixture
def tasks(catalog: Catalog) -> Tasks:
    """Nothing was asked for yet."""
    return catalog.tasks


def test_asking(tasks: Tasks) -> None:
    """What was asked for is read back, numbered, and next in its collection."""
    assert tasks.next("main") is None
    number = tasks.ask("main", "reindex", {"embedder": "model@2", "name": "nul\0 日本"})
    task = tasks.read(number)
    assert (task.number, task.collection, task.kind, task.state) == (1, "main", "reindex", "wanted")
    assert task.arguments == {"embedder": "model@2", "name": "nul\0 日本"}
    assert (task.owner, task.progress, task.outcome, task.error) == (None, {}, {}, "")
    assert abs(task.asked_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert tasks.next("main") == task
    assert tasks.next("other") is None


def test_the_life_of_a_task(tasks: Tasks) -> None:
    """Wanted, running with progress, done with an outcome."""
    wanted = tasks.read(tasks.ask("main", "reindex", {}))
    running = tasks.start(wanted, "one")
    assert (running.state, running.owner) == ("running", "one")
    assert tasks.next("main") is None
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
    for number in (first, second):
        task = tasks.next("main")
        assert task is not None
        assert task.number == number
        tasks.start(task, "one")


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


def test_the_dead_owners_tasks_are_abandoned(tasks: Tasks) -> None:
    """Those of the living go on; who comes back from the dead is refused."""
    kinds = ("reindex", "promote", "rollback")
    numbers = [tasks.ask("main", kind, {}) for kind in kinds]  # type: ignore[arg-type]
    dead = tasks.start(tasks.read(numbers[0]), "dead")
    alive = tasks.start(tasks.read(numbers[1]), "alive")
    tasks.start(tasks.read(tasks.ask("other", "reindex", {})), "dead")
    (ended,) = tasks.abandon_running("main", living=["alive"])
    assert (ended.number, ended.state) == (numbers[0], "failed")
    assert "dead" in ended.error
    assert ended.hint
    with pytest.raises(CatalogError, match="is failed by dead"):
        tasks.finish(dead, {})
    assert tasks.finish(alive, {}).state == "done"
    assert tasks.read(numbers[2]).state == "wanted"
    assert [task.state for task in tasks.unfinished("other")] == ["running"]
    assert tasks.abandon_running("main") == []


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
