"""Where the owner takes up what other processes ask of it, while it follows or works itself.

Each order is carried out in a thread of its own, one of a kind at a time: whoever wants to go back
to the release before does not wait for the hours of a reindex.
"""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import get_args

from api.abandoned import abandon_dead
from api.asking import Notify, Order
from api.carrying_out import carry_out
from api.console import printable
from api.noted import noted
from api.owner import Owner
from tandem.catalog.tasks import LEFT, Kind, Task
from tandem.errors import TandemError, TaskConflict
from tandem.telemetry import logger

LOOK_SECONDS = 0.3
TROUBLE_SECONDS = 1.0
"""Until the next look after one that failed: a catalogue that is away may come back."""

POLL_SECONDS = 0.2
WORD_SECONDS = 3.0
"""How long an order that seems left may take to show that somebody waits for it after all."""


class Desk:
    """Takes up orders from ``open`` to ``close``. ``notify`` gets a line when one begins, and one
    when it has ended.
    """

    def __init__(self, owner: Owner, notify: Notify, own: Task | None = None) -> None:
        """``own`` is what this process does by itself: another of its kind is left alone."""
        self._owner = owner
        self._notify = notify
        self._own = own
        self._orders: dict[Kind, tuple[int, Future[None]]] = {}
        self._looking: list[Future[None]] = []
        self._hands = ThreadPoolExecutor(len(get_args(Kind)) + 1, thread_name_prefix="desk")
        self._closed = threading.Event()
        self._warned: dict[int | None, str] = {}

    def open(self) -> None:
        """Look for orders from now on."""
        self._looking.append(self._hands.submit(self._look_on))

    def _look_on(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            try:
                self.look()
                self._warned.pop(None, None)
            except BaseException as error:  # nobody else would look
                self._warn(None, error)
                self._closed.wait(TROUBLE_SECONDS)

    def _warn(self, task: int | None, error: BaseException) -> None:
        """Once for each trouble of a task, or of looking, however long it lasts."""
        told = _told(error)
        if self._warned.get(task) != told:
            self._warned[task] = told
            self._notify(f"warning: {told}")

    def look(self) -> None:
        """Begin what is wanted now of the collections that this process follows.

        Raises:
            TandemError: the catalogue did not answer.
        """
        house = self._owner.house
        for name in self._owner.leading():
            abandon_dead(house, name, self._in_hand().values())
            for task in house.catalog.tasks.unfinished(name):
                if task.state == "wanted" and task.kind not in self._in_hand():
                    self._orders[task.kind] = task.number, self._hands.submit(self._take_up, task)

    def _in_hand(self) -> dict[Kind, int]:
        """Kind -> the task that this process works on."""
        own = {} if self._own is None else {self._own.kind: self._own.number}
        return own | self._asked()

    def _asked(self) -> dict[Kind, int]:
        """Those of them that other processes asked for."""
        orders = self._orders.items()
        return {kind: number for kind, (number, work) in orders if not work.done()}

    def _take_up(self, task: Task) -> None:
        try:
            if self._is_waited_for(task):
                me = self._owner.house.beats.owner
                self._carry_out(self._owner.house.catalog.tasks.start(task, me))
        except TaskConflict:
            pass  # withdrawn just now
        except BaseException as error:  # it is wanted still, and found by the next look
            self._warn(task.number, error)

    def _is_waited_for(self, task: Task) -> bool:
        """Whether who asked still waits: a rollback that was wanted days ago must not be done now.

        The clocks of two machines may differ, so an order that looks old is watched before it is
        ended: who waits refreshes it.
        """
        tasks = self._owner.house.catalog.tasks
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

    def _carry_out(self, task: Task) -> None:
        owner, order = self._owner, Order(task.collection, task.kind, task.arguments)
        named = f"task {task.number}: {task.kind} of {task.collection}"
        self._notify(f"{named} begins")
        try:
            noted(owner.house.catalog, task, lambda report: carry_out(owner, order, report))
        except TandemError as error:
            self._notify(f"{named} failed: {_told(error)}")
        except BaseException as error:  # what one order meets must not end the process that follows
            self._notify(f"{named} failed: {_told(error)}")
            logger("api").warning("%s failed", named, exc_info=error)
        else:
            self._notify(f"{named} is done")

    def close(self, came_out: str = "") -> None:
        """Take up nothing more, and wait for what is in hand. An interrupt stops it, but does not
        cut the waiting short: whoever comes next closes the indexes.

        ``came_out``: how the own work came out, told here where what others asked for goes on.
        """
        while True:
            try:
                self._closed.set()
                wait(self._looking)
                if came_out and (asked := self._asked()):
                    tasks = ", ".join(f"task {task} ({kind})" for kind, task in asked.items())
                    self._notify(f"{came_out}; staying for {tasks}, which others asked for")
                came_out = ""
                wait([work for _, work in self._orders.values()])
                self._hands.shutdown(wait=False)
            except KeyboardInterrupt:
                self._owner.stop()
                continue
            return


def _told(error: BaseException) -> str:
    if isinstance(error, TandemError):
        return printable(str(error))
    return printable(f"{type(error).__name__}: {error}")
