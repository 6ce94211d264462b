"""Ending the tasks that a process left running when it died."""

import time
from collections.abc import Collection, Sequence
from contextlib import suppress

from api.bootstrap import House
from indexer.liveness import WATCH_SECONDS, living
from tandem.catalog.catalog import Catalog
from tandem.catalog.tasks import Task
from tandem.errors import TaskConflict

POLL_SECONDS = 0.2


def abandon_dead(house: House, name: str, in_hand: Collection[int] = ()) -> None:
    """End the running tasks of a collection whose owner is dead: its beats stand still, and the
    task does too. ``in_hand`` are those that this process works on.

    Who owns embedded engines knows without watching: nobody else can work on them.
    """
    tasks = house.catalog.tasks
    running = [
        task
        for task in tasks.unfinished(name)
        if task.state == "running" and task.number not in in_hand
    ]
    if house.ownership is None:
        mine = [task for task in running if task.owner == house.beats.owner]
        running = mine + _dead(house.catalog, [task for task in running if task not in mine])
    for task in running:
        with suppress(TaskConflict):  # it has ended meanwhile
            tasks.abandon(task)


def is_dead(catalog: Catalog, task: Task) -> bool:
    """Whether the owner of a running task gives no sign of life, by a lease or by progress; for who
    shares servers with it.
    """
    return bool(_dead(catalog, [task]))


def _dead(catalog: Catalog, running: Sequence[Task]) -> list[Task]:
    """Those whose owner gives no sign of life, by a lease or by progress, while this watches."""
    if not running:
        return []
    until = time.monotonic() + WATCH_SECONDS
    generations = catalog.releases.generations(running[0].collection)
    names = [name for item in generations for name in (item.lexical_name, item.vector_name)]
    alive = set(living(catalog.checkpoints, names).values())
    silent = _unmoved(catalog, [task for task in running if task.owner not in alive])
    while silent and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        silent = _unmoved(catalog, silent)
    return silent


def _unmoved(catalog: Catalog, tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if catalog.tasks.read(task.number) == task]
