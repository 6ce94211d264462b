"""What is asked of the process that follows, by a row in the catalogue that both watch."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from indexer.leases import PATIENCE_SECONDS
from indexer.patience import patiently
from tandem.catalog.catalog import Catalog
from tandem.catalog.tasks import Kind, Task
from tandem.errors import CatalogError, CollectionNotFound, TandemError, TaskConflict

ANSWER_SECONDS = 2 * PATIENCE_SECONDS
"""How long an owner may take to begin what it was asked."""

POLL_SECONDS = 0.2
STILL_SECONDS = 5.0
"""How long a running order may stand still before it is asked whether its owner lives; again and
again after that.
"""

REFRESH_SECONDS = 1.0
"""How often who waits says so, in the row: what nobody waits for is not begun any more."""

Show = Callable[[Mapping[str, Any]], None]
"""Called with the progress of the work, as often as there is news."""

Notify = Callable[[str], None]

IsDead = Callable[[Task], bool]
"""Whether the process that runs a task has died."""


class OrderFailed(TandemError):
    """The process that follows could not do what it was asked, and does not say of which kind that
    is; the message is its own.
    """

    code = "order_failed"


class NobodyAnswered(TandemError):
    """No process took up an order."""

    code = "nobody_answered"


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a collection."""

    collection: str
    kind: Kind
    arguments: Mapping[str, Any]


def ask(
    catalog: Catalog, order: Order, show: Show, notify: Notify, is_dead: IsDead
) -> Mapping[str, Any]:
    """Have the owner do it, and watch. Whatever ends the watching, an order that nobody has begun
    is withdrawn; one whose owner has died is ended.

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
    try:
        return _watch(catalog, number, show, is_dead)
    except KeyboardInterrupt:
        if _withdraw(catalog, number):
            notify(f"the {order.kind} is withdrawn; nothing was done")
        else:
            notify(f"the {order.kind} goes on in the process that follows; see tandem status")
        raise
    except BaseException:
        with suppress(CatalogError):  # without the catalogue it grows old by itself
            _withdraw(catalog, number)
        raise


def _watch(catalog: Catalog, number: int, show: Show, is_dead: IsDead) -> Mapping[str, Any]:
    tasks = catalog.tasks
    until = time.monotonic() + ANSWER_SECONDS
    refreshed = time.monotonic()
    shown: Mapping[str, Any] = {}
    stillness = _Stillness()
    while True:
        task = patiently(lambda: tasks.read(number))
        if task.progress != shown:
            shown = task.progress
            show(shown)
        if task.state == "done":
            return task.outcome
        if task.state == "failed":
            raise failure(task)
        if task.state == "wanted":
            now = time.monotonic()
            if now > until and _withdraw(catalog, number):
                raise NobodyAnswered(
                    "no process took up the order",
                    hint="is tandem follow running? Without it, run the command again",
                )
            if now - refreshed >= REFRESH_SECONDS:
                refreshed = now
                with suppress(CatalogError):  # it was begun just now, or the next time will do
                    tasks.refresh(task)
        elif stillness.is_long(task):
            with suppress(CatalogError):  # it has ended just now, or the next time will do
                if is_dead(task):
                    tasks.abandon(task)
        time.sleep(POLL_SECONDS)


class _Stillness:
    """How long a row has not been touched, by this process's clock."""

    def __init__(self) -> None:
        self._seen: Task | None = None
        self._since = 0.0

    def is_long(self, task: Task) -> bool:
        """Whether it has been so for long; true once, then the time begins anew."""
        now = time.monotonic()
        if task != self._seen:
            self._seen, self._since = task, now
        if now - self._since < STILL_SECONDS:
            return False
        self._since = now
        return True


def _withdraw(catalog: Catalog, number: int) -> bool:
    """By the same compare-and-set that begins it, so that nobody begins it any more; false where
    somebody has.
    """
    try:
        catalog.tasks.withdraw(number, "nobody took it up")
    except TaskConflict:
        return False
    return True


def failure(task: Task) -> TandemError:
    """The error of another process, of its own kind, so that the exit code is the same; where that
    kind needs more than message and hint, of the nearest one above it that does not.
    """
    kinds: list[type[TandemError]] = [TandemError]
    for kind in kinds:  # grows meanwhile
        kinds += kind.__subclasses__()
    by_code = {kind.code: kind for kind in reversed(kinds)}  # one without a code has that above it
    told = by_code.get(task.outcome.get("code", ""), OrderFailed)
    return _plain(told)(task.error, hint=task.hint)


def _plain(kind: type[TandemError]) -> type[TandemError]:
    return next(
        above
        for above in kind.__mro__
        if issubclass(above, TandemError) and above.__init__ is TandemError.__init__
    )
