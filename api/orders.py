"""Reindex, promote, roll back: done by the process that follows the log.

Where one runs it is asked by a row in the catalogue, and watched; where none does, this process
becomes it for as long as the work takes.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from api.asking import NobodyAnswered, Notify, Order, Show, ask
from api.bootstrap import House, open_house
from api.candidates import ReindexOrder
from api.engines import open_catalog
from api.owner import Owner
from api.wanted import Wanted
from indexer.liveness import WATCH_SECONDS, living
from indexer.patience import patiently
from indexer.reindexing import ReindexProgress
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation
from tandem.catalog.tasks import LEFT, Task
from tandem.errors import CatalogError, OwnedElsewhere, TandemError, TaskConflict
from tandem.settings import Settings
from tandem.telemetry import logger

__all__ = ["Order", "have_done", "work_off"]

REPORT_SECONDS = 0.5
POLL_SECONDS = 0.2
WORD_SECONDS = 3.0
"""How long an order that seems left may take to show that somebody waits for it after all."""


def have_done(settings: Settings, order: Order, show: Show, notify: Notify) -> Mapping[str, Any]:
    """The outcome of an order, whoever carries it out.

    Raises:
        TandemError: it could not be done; nothing went live.
    """
    try:
        house = open_house(settings, f"tandem {order.kind}", create=False, follows=True,
                           notify=notify)  # fmt: skip
    except OwnedElsewhere as elsewhere:
        if not elsewhere.follows:
            raise
        return _ask_owner(settings, order, show, notify, elsewhere)
    with house:
        if not house.has_collection(order.collection):
            house.collection(order.collection)  # raises, naming those there are
        _abandon_dead(house, order.collection)
        if house.ownership is None and _is_followed(house.catalog, order.collection):
            try:
                return ask(house.catalog, order, show, notify)
            except NobodyAnswered as silence:
                logger("api").info("%s; doing it here", silence)
        return _do_here(house, order, show)


def _do_here(house: House, order: Order, show: Show) -> Mapping[str, Any]:
    """Under a task of its own, by which a second one that wants the same is refused: it would drop
    what this one builds.
    """
    task = house.catalog.tasks.begin(
        order.collection, order.kind, order.arguments, house.beats.owner
    )
    owner = Owner(house)

    def work(report: Show) -> Mapping[str, Any]:
        owner.start()
        return carry_out(owner, order, report)

    try:
        return _noted(house.catalog, task, work, show)
    finally:
        owner.close()


def _ask_owner(
    settings: Settings, order: Order, show: Show, notify: Notify, elsewhere: OwnedElsewhere
) -> Mapping[str, Any]:
    """Have it done by the process that owns the engines, which nobody else can open."""
    notify(f"{elsewhere}: it does the work")
    catalog = open_catalog(settings)
    try:
        return ask(catalog, order, show, notify)
    except NobodyAnswered:
        raise OwnedElsewhere(
            f"{elsewhere}, which does not take orders",
            hint="wait until it has finished, and run the command again",
        ) from None
    finally:
        catalog.close()


def _is_followed(catalog: Catalog, name: str) -> bool:
    """Whether a living process holds a lease of the live generation."""
    live = catalog.releases.live(name)
    if live is None:
        return False
    generation = catalog.releases.generation(live.generation)
    return bool(living(catalog.checkpoints, [generation.lexical_name, generation.vector_name]))


def _abandon_dead(house: House, name: str) -> None:
    """End the running tasks whose owner is dead: its beats stand still, and the task does too.

    Who owns embedded engines knows without watching: nobody else can work on them.
    """
    tasks = house.catalog.tasks
    running = [task for task in tasks.unfinished(name) if task.state == "running"]
    if house.ownership is None:
        mine = [task for task in running if task.owner == house.beats.owner]
        running = mine + _dead(house.catalog, [task for task in running if task not in mine])
    for task in running:
        with suppress(TaskConflict):  # it has ended meanwhile
            tasks.abandon(task)


def _dead(catalog: Catalog, running: Sequence[Task]) -> list[Task]:
    """Those whose owner gives no sign of life, by a lease or by progress, while this watches."""
    if not running:
        return []
    until = time.monotonic() + WATCH_SECONDS
    generations = catalog.releases.generations(running[0].collection)
    names = [name for item in generations for name in (item.lexical_name, item.vector_name)]
    alive = set(living(catalog.checkpoints, names).values())
    silent = [task for task in running if task.owner not in alive]
    while silent and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        silent = [task for task in silent if catalog.tasks.read(task.number) == task]
    return silent


def carry_out(owner: Owner, order: Order, show: Show) -> Mapping[str, Any]:
    """Do it here.

    Raises:
        TandemError: it could not be done; nothing went live.
    """
    catalog = owner.house.catalog
    if order.kind == "reindex":
        arguments = dict(order.arguments)
        owner.house.adopt(Wanted.read(arguments.pop("settings")).put_into(owner.house.settings))
        arguments["overridden"] = tuple(arguments["overridden"])
        generation, outcome = owner.reindex(
            order.collection, ReindexOrder(**arguments), _throttled(show)
        )
        return {
            "generation": generation.number,
            "embedder": generation.embedder,
            "release": outcome.release.number if outcome.release else None,
            "gates": [verdict._asdict() for verdict in outcome.verdicts],
            "overridden": outcome.overridden,
            "dropped": outcome.dropped,
            "refused": _refused(catalog, generation),
            "seconds": round(outcome.seconds, 3),
        }
    if order.kind == "promote":
        number = int(order.arguments["generation"])
        overridden = tuple(order.arguments.get("overridden", ()))
        release = owner.promote(order.collection, number, _throttled(show), overridden)
    else:
        release = owner.rollback(order.collection, _throttled(show))
    return {"release": release.number, "generation": release.generation}


def _refused(catalog: Catalog, generation: Generation) -> dict[str, int]:
    """How many documents each new index left out; nothing where that cannot be read any more, which
    is no failure of what went live.
    """
    count = catalog.checkpoints.failure_count
    try:
        return {
            "lexical": count(generation.lexical_name),
            "vector": count(generation.vector_name),
        }
    except CatalogError as error:
        logger("api").warning("how many documents were left out cannot be read: %s", error)
        return {}


def work_off(owner: Owner) -> None:
    """Do the next thing that was asked of the collections that this process follows."""
    tasks, me = owner.house.catalog.tasks, owner.house.beats.owner
    for name in owner.leading():
        _abandon_dead(owner.house, name)  # nothing is worked on in this process now
        task = tasks.next(name)
        if task is None or not _is_waited_for(owner, task):
            continue
        try:
            started = tasks.start(task, me)
        except TaskConflict:  # withdrawn just now
            continue
        _work(owner, started)


def _is_waited_for(owner: Owner, task: Task) -> bool:
    """Whether who asked still waits: a rollback that was wanted days ago must not be done now.

    The clocks of two machines may differ, so an order that looks old is watched before it is ended:
    who waits refreshes it.
    """
    tasks = owner.house.catalog.tasks
    until = time.monotonic() + WORD_SECONDS
    while task.seems_left:
        seen = tasks.read(task.number)
        if seen != task:
            return seen.state == "wanted"
        if time.monotonic() > until:
            with suppress(TaskConflict):
                tasks.withdraw(task.number, LEFT)
            return False
        time.sleep(POLL_SECONDS)
    return True


def _work(owner: Owner, task: Task) -> None:
    logger("api").info("%s of %s was asked for", task.kind, task.collection)
    order = Order(task.collection, task.kind, task.arguments)
    try:
        _noted(owner.house.catalog, task, lambda report: carry_out(owner, order, report))
    except TandemError as error:
        logger("api").info("%s of %s failed: %s", task.kind, task.collection, error)
    except Exception as error:  # what one order meets must not end the process that follows
        logger("api").warning("%s of %s failed", task.kind, task.collection, exc_info=error)


def _noted(
    catalog: Catalog,
    task: Task,
    work: Callable[[Show], Mapping[str, Any]],
    show: Show = lambda _progress: None,
) -> Mapping[str, Any]:
    """Do it, and keep the task's row at what has become of it."""
    tasks = catalog.tasks

    def report(progress: Mapping[str, Any]) -> None:
        tasks.report(task, progress)
        show(progress)

    try:
        outcome = work(report)
    except TandemError as error:
        told, hint, code = str(error), error.hint, error.code
        _ended(task, lambda: tasks.fail(task, told, hint, code))
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        hint = f"see the log of the process that did it; run tandem {task.kind} again"
        _ended(task, lambda: tasks.fail(task, told, hint))
        raise
    except BaseException:
        with suppress(CatalogError):  # whoever stops it does not want to wait
            again = f"run tandem {task.kind} again"
            tasks.fail(task, "the process that did it was stopped", again)
        raise
    _ended(task, lambda: tasks.finish(task, outcome))
    return outcome


def _ended(task: Task, end: Callable[[], Task]) -> None:
    """Note how it came out. Where that cannot be noted it has come out so all the same."""
    try:
        patiently(end)
    except CatalogError as error:
        logger("api").warning("how task %s ended is not noted: %s", task.number, error)


def _throttled(show: Show) -> Callable[[ReindexProgress], None]:
    """News at most every half second, and whenever a new stage begins."""
    last_stage, last_at = "", 0.0

    def report(progress: ReindexProgress) -> None:
        nonlocal last_stage, last_at
        now = time.monotonic()
        if progress.stage != last_stage or now - last_at >= REPORT_SECONDS:
            last_stage, last_at = progress.stage, now
            show(asdict(progress))

    return report
