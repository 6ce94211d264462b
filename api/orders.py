"""Reindex, promote, roll back, verify: done by the process that follows the log.

Where one runs it is asked by a row in the catalogue, and watched; where none does, this process
becomes it for as long as the work takes.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from api.abandoned import abandon_dead, is_dead
from api.asking import NobodyAnswered, Notify, Order, Show, ask
from api.bootstrap import House, open_house
from api.carrying_out import carry_out
from api.console import printable
from api.desk import Desk
from api.engines import open_catalog
from api.noted import noted
from api.owner import Owner
from indexer.liveness import living
from tandem.catalog.catalog import Catalog
from tandem.catalog.ownership import is_owned
from tandem.errors import OwnedElsewhere, TandemError
from tandem.settings import Settings
from tandem.telemetry import logger

__all__ = ["Order", "ask_owner", "have_done"]


def have_done(settings: Settings, order: Order, show: Show, notify: Notify) -> Mapping[str, Any]:
    """The outcome of an order, whoever carries it out.

    Raises:
        TandemError: it could not be done; nothing went live.
    """
    try:
        house = open_house(settings, f"tandem {order.kind}", create=False, follows=True,
                           notify=notify)  # fmt: skip
    except OwnedElsewhere as elsewhere:
        return ask_owner(settings, order, show, notify, elsewhere)
    with house:
        if not house.has_collection(order.collection):
            house.collection(order.collection)  # raises, naming those there are
        abandon_dead(house, order.collection)
        if house.ownership is None and _is_followed(house.catalog, order.collection):
            try:
                return ask(house.catalog, order, show, notify, partial(is_dead, house.catalog))
            except NobodyAnswered as silence:
                logger("api").info("%s; doing it here", silence)
        return _do_here(house, order, show, notify)


def _do_here(house: House, order: Order, show: Show, notify: Notify) -> Mapping[str, Any]:
    """Under a task of its own, by which a second one that wants the same is refused: it would drop
    what this one builds. What else is asked meanwhile is done beside it.
    """
    task = house.catalog.tasks.begin(
        order.collection, order.kind, order.arguments, house.beats.owner
    )
    owner = Owner(house)
    desk = Desk(owner, notify, own=task)

    def work(report: Show) -> Mapping[str, Any]:
        owner.start()
        desk.open()
        return carry_out(owner, order, report)

    came_out = "failed"
    try:
        outcome = noted(house.catalog, task, work, show)
        live = outcome.get("release")
        came_out = "is done" if live is None else f"is done, release {live} is live"
        return outcome
    except TandemError as error:
        came_out = f"failed: {printable(str(error))}"
        raise
    except KeyboardInterrupt:
        came_out = "is stopped"
        owner.stop()
        further = ", and tandem reindex --resume goes on" if order.kind == "reindex" else ""
        notify(f"the {order.kind} is stopped; what is live stays{further}")
        raise
    finally:
        desk.close(f"the {order.kind} {came_out}")
        owner.close()


def ask_owner(
    settings: Settings, order: Order, show: Show, notify: Notify, elsewhere: OwnedElsewhere
) -> Mapping[str, Any]:
    """Have it done by the process that owns the engines, which nobody else can open.

    Raises:
        OwnedElsewhere: that process takes no such order now.
        TandemError: see ``ask``.
    """
    if not elsewhere.follows:
        raise elsewhere
    notify(f"{elsewhere}: it does the work")
    catalog = open_catalog(settings)
    try:
        return ask(catalog, order, show, notify, lambda _: not is_owned(settings.data_dir))
    except NobodyAnswered:
        raise OwnedElsewhere(
            f"{elsewhere}, which does not take up a {order.kind} now",
            hint="see what it is at: tandem status; wait until it has finished, and run the "
            "command again",
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
