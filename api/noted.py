"""Work under a task: its row says how far it is and what has become of it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from api.asking import Show
from indexer.patience import may_pass, patiently
from tandem.catalog.catalog import Catalog
from tandem.catalog.tasks import Task
from tandem.errors import CatalogError, TandemError
from tandem.telemetry import logger


def unseen(_progress: Mapping[str, Any]) -> None:
    """Show nothing."""


def noted(
    catalog: Catalog, task: Task, work: Callable[[Show], Mapping[str, Any]], show: Show = unseen
) -> Mapping[str, Any]:
    """Do it, and keep the task's row at what has become of it. News that the catalogue cannot take
    for the moment get lost: the work goes on.

    Raises:
        BaseException: whatever the work raised.
    """
    tasks = catalog.tasks

    def report(progress: Mapping[str, Any]) -> None:
        try:
            tasks.report(task, progress)
        except CatalogError as error:
            if not may_pass(error):
                raise
            logger("api").warning("how far task %s is is not noted: %s", task.number, error)
        show(progress)

    try:
        outcome = work(report)
    except TandemError as error:
        told, hint, code = str(error), error.hint, error.code
        _ended(task, lambda: tasks.fail(task, told, hint, code))
        raise
    except KeyboardInterrupt:
        with suppress(CatalogError):  # whoever stops it does not want to wait
            again = f"run tandem {task.kind} again"
            tasks.fail(task, "the process that did it was stopped", again)
        raise
    except BaseException as error:  # a panic inside an engine is no Exception
        told = f"{type(error).__name__}: {error}"
        hint = f"see the log of the process that did it; run tandem {task.kind} again"
        _ended(task, lambda: tasks.fail(task, told, hint))
        raise
    _ended(task, lambda: tasks.finish(task, outcome))
    return outcome


def _ended(task: Task, end: Callable[[], Task]) -> None:
    """Note how it came out. Where that cannot be noted it has come out so all the same."""
    try:
        patiently(end)
    except CatalogError as error:
        logger("api").warning("how task %s ended is not noted: %s", task.number, error)
