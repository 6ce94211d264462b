"""What one process asks the owner of the engines to do, as rows that both of them watch.

wanted ── start ──> running ── finish ──> done
   │                   └── fail, or its owner died ──> failed
   └── withdraw, or nobody waits for it any more ──> failed
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import orjson
import sqlalchemy as sa

from tandem.catalog.database import reading, writing
from tandem.catalog.moments import moment, now
from tandem.catalog.order import in_order, next_number
from tandem.catalog.tables import TASKS
from tandem.errors import CatalogError, TaskConflict
from tandem.fields import to_microseconds

Kind = Literal["reindex", "promote", "rollback", "verify", "train"]
State = Literal["wanted", "running", "done", "failed"]
UNFINISHED = ("wanted", "running")
WATCHED_SECONDS = 60.0
"""How long a wanted task may go without a word of who waits for it before it counts as left."""

LEFT = "nobody waits for it any more"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing asked for. ``arguments``, ``progress`` and ``outcome`` are JSON objects, empty
    until there is something in them; ``error`` and ``hint`` say why it failed.
    """

    number: int
    collection: str
    kind: Kind
    state: State
    owner: str | None
    arguments: Mapping[str, Any]
    progress: Mapping[str, Any]
    outcome: Mapping[str, Any]
    error: str
    hint: str
    asked_at: datetime
    changed_at: datetime

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in UNFINISHED

    @property
    def seems_left(self) -> bool:
        """Whether it is wanted, and who waited seems to be gone; by this machine's clock."""
        silent = time.time() - self.changed_at.timestamp()
        return self.state == "wanted" and silent > WATCHED_SECONDS


class Tasks:
    """The tasks of all collections. A state is left by compare-and-set, so each task is done by
    one owner.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def ask(self, collection: str, kind: Kind, arguments: Mapping[str, Any]) -> int:
        """Ask for something; the task's number.

        Raises:
            CatalogError: there is no such kind, or one of this kind is not finished yet.
        """
        return self._add(collection, kind, arguments, None)

    def begin(self, collection: str, kind: Kind, arguments: Mapping[str, Any], owner: str) -> Task:
        """Note what this process does by itself, so that nobody does the same beside it.

        Raises:
            CatalogError: there is no such kind, or one of this kind is not finished yet.
        """
        return self.read(self._add(collection, kind, arguments, owner))

    def _add(
        self, collection: str, kind: Kind, arguments: Mapping[str, Any], owner: str | None
    ) -> int:
        if kind not in get_args(Kind):
            known = ", ".join(get_args(Kind))
            raise CatalogError(f"there is no kind of task {kind!r}", hint=f"known kinds: {known}")
        with in_order(self._engine) as (connection, _):
            _refuse_second(connection, collection, kind)
            number = next_number(connection, TASKS.c.task)
            moved = now()
            connection.execute(
                TASKS.insert().values(
                    task=number,
                    collection=collection,
                    kind=kind,
                    state="wanted" if owner is None else "running",
                    owner=owner,
                    arguments=_encoded(arguments),
                    progress="{}",
                    outcome="{}",
                    error="",
                    hint="",
                    asked_at=moved,
                    changed_at=moved,
                )
            )
        return number

    def read(self, number: int) -> Task:
        """A task as it stands now.

        Raises:
            CatalogError: there is none of that number.
        """
        with reading(self._engine) as connection:
            return _found(connection, number)

    def unfinished(self, collection: str) -> list[Task]:
        """The wanted and running tasks, oldest first."""
        query = (
            sa.select(TASKS)
            .where(TASKS.c.collection == collection, TASKS.c.state.in_(UNFINISHED))
            .order_by(TASKS.c.task)
        )
        with reading(self._engine) as connection:
            return [_task(row) for row in connection.execute(query)]

    def start(self, task: Task, owner: str) -> Task:
        """Begin a wanted task; of two owners one succeeds.

        Raises:
            TaskConflict: it is not wanted any more.
        """
        return self._move(task, "wanted", {"state": "running", "owner": owner})

    def refresh(self, task: Task) -> Task:
        """Say that somebody waits for a wanted task.

        Raises:
            TaskConflict: it is not wanted any more.
        """
        return self._move(task, "wanted", {})

    def withdraw(self, number: int, reason: str) -> Task:
        """End a wanted task before anybody begins it.

        Raises:
            TaskConflict: it is not wanted any more.
        """
        return self._move(self.read(number), "wanted", {"state": "failed", "error": reason})

    def report(self, task: Task, progress: Mapping[str, Any]) -> Task:
        """Say how far a running task is.

        Raises:
            TaskConflict: it does not run any more, or for another owner.
        """
        return self._move(task, "running", {"progress": _encoded(progress)})

    def finish(self, task: Task, outcome: Mapping[str, Any]) -> Task:
        """A running task is done.

        Raises:
            TaskConflict: it does not run any more, or for another owner.
        """
        return self._move(task, "running", {"state": "done", "outcome": _encoded(outcome)})

    def fail(self, task: Task, error: str, hint: str = "", code: str = "") -> Task:
        """A running task has failed; ``code`` is that of the error, and stands in the outcome.

        Raises:
            TaskConflict: it does not run any more, or for another owner.
        """
        # what failed may be a file whose name is no text: that must not keep it from being told
        told = error.encode("utf-8", "replace").decode()
        values = {"state": "failed", "error": told, "hint": hint}
        if code:
            values["outcome"] = _encoded({"code": code})
        return self._move(task, "running", values)

    def abandon(self, task: Task) -> Task:
        """Fail a running task whose owner is dead.

        Raises:
            TaskConflict: it was ended meanwhile.
        """
        error = f"the process that ran it, {task.owner}, has ended"
        values = {"state": "failed", "error": error, "hint": "ask for it again"}
        return self._move(task, "running", values)

    def purge(self, collection: str, before: datetime) -> int:
        """Forget the tasks that finished before then; how many. The last one of the catalogue
        stays, since the next number follows from it.
        """
        last = sa.select(sa.func.max(TASKS.c.task)).scalar_subquery()
        gone = TASKS.delete().where(
            TASKS.c.collection == collection,
            TASKS.c.state.not_in(UNFINISHED),
            TASKS.c.changed_at < to_microseconds(before),
            TASKS.c.task < last,
        )
        with in_order(self._engine) as (connection, _):
            return int(connection.execute(gone).rowcount)

    def _move(self, task: Task, expected: State, values: Mapping[str, Any]) -> Task:
        held = TASKS.c.owner.is_(None) if task.owner is None else TASKS.c.owner == task.owner
        with writing(self._engine) as connection:
            moved = connection.execute(
                TASKS.update()
                .where(TASKS.c.task == task.number, TASKS.c.state == expected, held)
                .values({**values, "changed_at": now()})
            ).rowcount
            found = _found(connection, task.number)
            if moved != 1:
                raise TaskConflict(
                    f"{task.collection}: task {task.number} ({task.kind}) is "
                    f"{found.state}{_by(found.owner)}, expected {expected}",
                    hint="another process took it or ended it; nothing more is to be done here",
                )
        return found


def _refuse_second(connection: sa.Connection, collection: str, kind: Kind) -> None:
    """One of a kind at a time. What is wanted and left is ended, and stands in nobody's way."""
    query = sa.select(TASKS).where(
        TASKS.c.collection == collection, TASKS.c.kind == kind, TASKS.c.state.in_(UNFINISHED)
    )
    for row in connection.execute(query.with_for_update()).all():
        found = _task(row)
        if not found.seems_left:
            raise CatalogError(
                f"{collection}: task {found.number} ({kind}) is {found.state} already"
                f"{_by(found.owner)}",
                hint="wait until it has finished: tandem status shows it",
            )
        values = {"state": "failed", "error": LEFT, "changed_at": now()}
        connection.execute(TASKS.update().where(TASKS.c.task == found.number).values(values))


def _by(owner: str | None) -> str:
    return f" by {owner}" if owner else ""


def _encoded(data: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(data), option=orjson.OPT_SORT_KEYS).decode()


def _found(connection: sa.Connection, number: int) -> Task:
    row = connection.execute(sa.select(TASKS).where(TASKS.c.task == number)).one_or_none()
    if row is None:
        raise CatalogError(f"there is no task {number}", hint="tandem status shows those there are")
    return _task(row)


def _task(row: sa.Row[*tuple[Any, ...]]) -> Task:
    return Task(
        row.task,
        row.collection,
        row.kind,
        row.state,
        row.owner,
        orjson.loads(row.arguments),
        orjson.loads(row.progress),
        orjson.loads(row.outcome),
        row.error,
        row.hint,
        moment(row.asked_at),
        moment(row.changed_at),
    )
