"""Reindex, promote, roll back: done by the process that follows the log.

Where one runs it is asked by a row in the catalogue, and watched; where none does, this process
becomes it for as long as the work takes.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from api.bootstrap import open_house
from api.candidates import ReindexOrder
from api.engines import open_catalog
from api.owner import Owner
from api.wanted import Wanted
from indexer.leases import PATIENCE_SECONDS
from indexer.reindexing import ReindexProgress
from tandem.catalog.catalog import Catalog
from tandem.catalog.leases import new_owner
from tandem.catalog.tasks import Kind, Task
from tandem.errors import CollectionNotFound, OwnedElsewhere, TandemError
from tandem.settings import Settings
from tandem.telemetry import logger

ANSWER_SECONDS = 2 * PATIENCE_SECONDS
"""How long an owner may take to begin what it was asked."""

REPORT_SECONDS = 0.5
POLL_SECONDS = 0.2

Show = Callable[[Mapping[str, Any]], None]
"""Called with the progress of the work, as often as there is news."""


class OrderFailed(TandemError):
    """The process that follows could not do what it was asked, and does not say of which kind that
    is; the message is its own.
    """

    code = "order_failed"


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a collection."""

    collection: str
    kind: Kind
    arguments: Mapping[str, Any]


def have_done(
    settings: Settings, order: Order, show: Show, notify: Callable[[str], None]
) -> Mapping[str, Any]:
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
        if house.ownership is None and _is_followed(house.catalog, order.collection):
            try:
                return ask(house.catalog, order, show)
            except NobodyAnswered as silence:
                logger("api").info("%s; doing it here", silence)
        owner = Owner(house)
        try:
            owner.start()
            return carry_out(owner, order, show)
        finally:
            owner.close()


def _ask_owner(
    settings: Settings,
    order: Order,
    show: Show,
    notify: Callable[[str], None],
    elsewhere: OwnedElsewhere,
) -> Mapping[str, Any]:
    """Have it done by the process that owns the engines, which nobody else can open."""
    notify(f"{elsewhere}: it does the work")
    catalog = open_catalog(settings)
    try:
        return ask(catalog, order, show)
    except NobodyAnswered:
        raise OwnedElsewhere(
            f"{elsewhere}, which does not take orders",
            hint="wait until it has finished, and run the command again",
        ) from None
    except KeyboardInterrupt:
        notify(f"the {order.kind} goes on in the process that follows; see tandem status")
        raise
    finally:
        catalog.close()


def _is_followed(catalog: Catalog, name: str) -> bool:
    """Whether somebody seems to hold a lease of the live generation."""
    live = catalog.releases.live(name)
    if live is None:
        return False
    generation = catalog.releases.generation(live.generation)
    leases = map(catalog.checkpoints.observe, (generation.lexical_name, generation.vector_name))
    return any(lease is not None and lease.owner for lease in leases)


class NobodyAnswered(TandemError):
    """No process took up an order."""

    code = "nobody_answered"


def ask(catalog: Catalog, order: Order, show: Show) -> Mapping[str, Any]:
    """Have the owner do it, and watch.

    Raises:
        NobodyAnswered: no process began it; it is withdrawn.
        TandemError: the owner could not do it, with the code and the words that it failed with.
        CatalogError: the same is already under way.
    """
    if catalog.releases.live(order.collection) is None:
        known = ", ".join(catalog.releases.collections())
        raise CollectionNotFound(
            f"there is no collection {order.collection!r}",
            hint=f"known collections: {known or 'none'}",
        )
    number = catalog.tasks.ask(order.collection, order.kind, order.arguments)
    until = time.monotonic() + ANSWER_SECONDS
    shown: Mapping[str, Any] = {}
    while True:
        task = catalog.tasks.read(number)
        if task.progress != shown:
            shown = task.progress
            show(shown)
        if task.state == "done":
            return task.outcome
        if task.state == "failed":
            raise _failure(task)
        if task.state == "wanted" and time.monotonic() > until:
            _withdraw(catalog, task)
            raise NobodyAnswered(
                "no process took up the order",
                hint="is tandem follow running? Without it, run the command again",
            )
        time.sleep(POLL_SECONDS)


def _failure(task: Task) -> TandemError:
    """The error of another process, of its own kind, so that the exit code is the same."""
    kinds: list[type[TandemError]] = [TandemError]
    for kind in kinds:  # grows meanwhile: every kind that is told by message and hint alone
        kinds += [item for item in kind.__subclasses__() if item.__init__ is TandemError.__init__]
    by_code = {kind.code: kind for kind in kinds}
    return by_code.get(task.outcome.get("code", ""), OrderFailed)(task.error, hint=task.hint)


def _withdraw(catalog: Catalog, task: Task) -> None:
    """By the same compare-and-set that begins it, so that nobody begins it any more."""
    catalog.tasks.fail(catalog.tasks.start(task, new_owner()), "nobody took it up")


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
            "refused": {
                leg: catalog.checkpoints.failure_count(name)
                for leg, name in (
                    ("lexical", generation.lexical_name),
                    ("vector", generation.vector_name),
                )
            },
            "seconds": round(outcome.seconds, 3),
        }
    if order.kind == "promote":
        number = int(order.arguments["generation"])
        overridden = tuple(order.arguments.get("overridden", ()))
        release = owner.promote(order.collection, number, _throttled(show), overridden)
    else:
        release = owner.rollback(order.collection, _throttled(show))
    return {"release": release.number, "generation": release.generation}


def work_off(owner: Owner) -> None:
    """Do the next thing that was asked of the collections that this process follows."""
    tasks, me = owner.house.catalog.tasks, owner.house.beats.owner
    for name in owner.leading():
        if any(task.state == "running" for task in tasks.unfinished(name)):
            tasks.abandon_running(name)  # nobody else may work on it, and here it is not worked on
        task = tasks.next(name)
        if task is not None:
            _work(owner, tasks.start(task, me))


def _work(owner: Owner, task: Task) -> None:
    tasks = owner.house.catalog.tasks
    logger("api").info("%s of %s was asked for", task.kind, task.collection)
    order = Order(task.collection, task.kind, task.arguments)

    def report(progress: Mapping[str, Any]) -> None:
        tasks.report(task, progress)

    try:
        outcome = carry_out(owner, order, report)
    except TandemError as error:
        tasks.fail(task, str(error), error.hint, error.code)
    except Exception as error:  # what one order meets must not end the process that follows
        logger("api").warning("%s of %s failed", task.kind, task.collection, exc_info=error)
        told = f"{type(error).__name__}: {error}"
        tasks.fail(
            task, told, f"see the log of the process that did it; run tandem {task.kind} again"
        )
    except BaseException:
        tasks.fail(task, "the process that did it was stopped", f"run tandem {task.kind} again")
        raise
    else:
        tasks.finish(task, outcome)


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
