"""Work under a task, and news of it that cannot be noted."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.asking import Show
from api.noted import noted
from tandem.catalog.catalog import Catalog
from tandem.catalog.tasks import Task
from tandem.errors import CatalogError, TaskConflict


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty one."""
    made = Catalog(f"sqlite:///{tmp_path / 'd.sqlite'}", f"sqlite:///{tmp_path / 'c.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def task(catalog: Catalog) -> Task:
    """One that has begun."""
    number = catalog.tasks.ask("main", "verify", {})
    return catalog.tasks.start(catalog.tasks.read(number), "host:1:me")


def work(report: Show) -> Mapping[str, Any]:
    """Tells something, and goes on."""
    report({"stage": "verifying"})
    return {"clean": True}


def fail_with(error: CatalogError) -> Any:
    """A report that cannot be made."""

    def report(*_: object) -> None:
        raise error

    return report


def test_news_that_cannot_be_noted_for_the_moment_end_nothing(
    catalog: Catalog, task: Task, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that restarts: they are shown all the same, and the work comes to its end."""
    monkeypatch.setattr(catalog.tasks, "report", fail_with(CatalogError("no answer")))
    shown: list[Mapping[str, Any]] = []
    assert noted(catalog, task, work, shown.append) == {"clean": True}
    assert shown == [{"stage": "verifying"}]
    assert catalog.tasks.read(task.number).state == "done"
    assert f"how far task {task.number} is is not noted: no answer" in caplog.text


def test_a_task_that_another_has_ended_ends_the_work(
    catalog: Catalog, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That does not pass."""
    monkeypatch.setattr(catalog.tasks, "report", fail_with(TaskConflict("it is failed")))
    with pytest.raises(TaskConflict):
        noted(catalog, task, work)
