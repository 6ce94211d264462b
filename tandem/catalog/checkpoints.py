"""How far each index has followed the log, and what it could not take."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from tandem.catalog.database import parts, reading, writing
from tandem.catalog.leases import Lease
from tandem.catalog.order import in_order
from tandem.catalog.tables import CHECKPOINTS, DOCUMENTS, FAILURES, LOG
from tandem.errors import CheckpointConflict
from tandem.protocols import Refusal


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to ``applied`` is durable in the index of that identity. Before ``awaited`` it
    lacks documents that the log held when it was begun.
    """

    index_name: str
    identity: str
    log_id: str
    epoch: int
    applied: int
    awaited: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the index has at least what the log held when it was begun."""
        return self.applied >= self.awaited


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that an index refused for good."""

    document_id: str
    sequence: int
    reason: str


class Checkpoints:
    """Checkpoints and failures, moved by compare-and-set under an epoch."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def read(self, index_name: str) -> Checkpoint | None:
        """The checkpoint, if the index ever had one."""
        query = sa.select(CHECKPOINTS).where(CHECKPOINTS.c.index_name == index_name)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Checkpoint(
            row.index_name, row.identity, row.log_id, row.epoch, row.applied, row.awaited or 0
        )

    def start(
        self,
        index_name: str,
        identity: str,
        log_id: str,
        *,
        owner: str | None = None,
        known_epoch: int | None = None,
        awaited: int = 0,
    ) -> Checkpoint:
        """Begin from zero for an index that is about to be created; its failures are forgotten.

        ``known_epoch`` is the epoch that the caller found, 0 for none; ``None`` overrides whoever
        was there. ``awaited`` is the sequence without which the index is not whole.

        Raises:
            CheckpointConflict: another one began, or took it over, since then.
        """
        where = CHECKPOINTS.c.index_name == index_name
        with in_order(self._engine) as (connection, _):
            # The row is locked too: an owner may be moving it, who is not in that order.
            query = sa.select(CHECKPOINTS.c.epoch, CHECKPOINTS.c.beat).where(where)
            row = connection.execute(query.with_for_update()).one_or_none()
            epoch, beat = (0, 0) if row is None else (row.epoch, row.beat)
            if known_epoch is not None and epoch != known_epoch:
                raise _conflict(index_name, f"found at epoch {known_epoch}, now at {epoch}")
            connection.execute(CHECKPOINTS.delete().where(where))
            connection.execute(FAILURES.delete().where(FAILURES.c.index_name == index_name))
            fresh = Checkpoint(index_name, identity, log_id, epoch + 1, 0, awaited)
            row_values = asdict(fresh) | {"owner": owner, "beat": beat + 1}
            connection.execute(CHECKPOINTS.insert().values(row_values))
        return fresh

    def take(
        self,
        checkpoint: Checkpoint,
        *,
        owner: str | None = None,
        expected: Lease | None = None,
    ) -> Checkpoint:
        """Become the owner: a new epoch, under which an earlier owner can move nothing.

        With ``expected``, only if no sign of life came since that lease was observed: of two who
        wait for the same owner one succeeds. Without, whoever comes takes it.

        Raises:
            CheckpointConflict: it was moved, renewed or taken over meanwhile.
        """
        conditions = [CHECKPOINTS.c.applied == checkpoint.applied]
        if expected is not None:
            conditions += [
                CHECKPOINTS.c.epoch == expected.epoch,
                CHECKPOINTS.c.beat == expected.beat,
            ]
        taken = replace(checkpoint, epoch=checkpoint.epoch + 1)
        with writing(self._engine) as connection:
            _change(connection, checkpoint, conditions, epoch=taken.epoch, owner=owner)
        return taken

    def observe(self, index_name: str) -> Lease | None:
        """Who holds the index and how often they gave a sign of life; ``None`` without checkpoint.

        Whoever sees ``beat`` stand still for long enough, by the own clock, may ``take`` it.
        """
        query = sa.select(CHECKPOINTS.c.owner, CHECKPOINTS.c.epoch, CHECKPOINTS.c.beat)
        query = query.where(CHECKPOINTS.c.index_name == index_name)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Lease(row.owner, row.epoch, row.beat)

    def renew(self, checkpoint: Checkpoint, owner: str) -> None:
        """A sign of life. Moving the checkpoint is one too.

        Raises:
            CheckpointConflict: somebody else has taken it over.
        """
        with writing(self._engine) as connection:
            _change(connection, checkpoint, [CHECKPOINTS.c.owner == owner])

    def release(self, checkpoint: Checkpoint, owner: str) -> None:
        """Give the index back, so that the next one need not wait; nothing if it was lost."""
        with writing(self._engine) as connection, suppress(CheckpointConflict):
            _change(connection, checkpoint, [CHECKPOINTS.c.owner == owner], owner=None)

    def advance(
        self,
        checkpoint: Checkpoint,
        applied: int,
        *,
        changed: Collection[str] = (),
        refusals: Sequence[tuple[int, Refusal]] = (),
    ) -> Checkpoint:
        """Move the checkpoint, and replace the failures of the ``changed`` documents.

        ``refusals`` holds (sequence, refusal).

        Raises:
            CheckpointConflict: another follower moved it, or took it over.
        """
        conditions = [CHECKPOINTS.c.applied == checkpoint.applied]
        with writing(self._engine) as connection:
            _change(connection, checkpoint, conditions, applied=applied)
            self._replace_failures(connection, checkpoint.index_name, list(changed), refusals)
        return replace(checkpoint, applied=applied)

    def _replace_failures(
        self,
        connection: sa.Connection,
        index_name: str,
        changed: Sequence[str],
        refusals: Sequence[tuple[int, Refusal]],
    ) -> None:
        for part in parts(changed):
            connection.execute(
                FAILURES.delete().where(
                    FAILURES.c.index_name == index_name, FAILURES.c.document_id.in_(part)
                )
            )
        rows = [
            {
                "index_name": index_name,
                "document_id": refusal.document_id,
                "sequence": sequence,
                "reason": refusal.reason,
            }
            for sequence, refusal in refusals
        ]
        if rows:
            connection.execute(FAILURES.insert(), rows)

    def failures(self, index_name: str, limit: int = 100) -> list[Failure]:
        """The first failures, by sequence."""
        query = (
            sa.select(FAILURES)
            .where(FAILURES.c.index_name == index_name)
            .order_by(FAILURES.c.sequence)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [
                Failure(row.document_id, row.sequence, row.reason)
                for row in connection.execute(query)
            ]

    def failures_of(self, index_name: str, document_ids: Sequence[str]) -> dict[str, Failure]:
        """The failures of given documents; those that were not refused are left out."""
        found = {}
        with reading(self._engine) as connection:
            for part in parts(document_ids):
                query = sa.select(FAILURES).where(
                    FAILURES.c.index_name == index_name,
                    FAILURES.c.document_id.in_(part),
                )
                for row in connection.execute(query):
                    found[row.document_id] = Failure(row.document_id, row.sequence, row.reason)
        return found

    def settle(
        self,
        index_name: str,
        collection: str,
        sequences: Mapping[str, int],
        refusals: Sequence[tuple[int, Refusal]],
    ) -> None:
        """Replace the failures of documents that were applied beside the follower.

        ``sequences`` holds what was applied by id, ``refusals`` (sequence, refusal) those refused
        of it. A version that the log has replaced meanwhile is left to the follower, which may
        have noted how it went already.
        """
        with writing(self._engine) as connection:
            # The head is locked first, as the log does it, so that no version comes in between;
            # then the checkpoint, so that the follower notes its failures before this or after.
            connection.execute(sa.select(LOG.c.head).with_for_update())
            connection.execute(
                sa.select(CHECKPOINTS.c.epoch)
                .where(CHECKPOINTS.c.index_name == index_name)
                .with_for_update()
            )
            applied = [
                {"key_id": document_id, "through": sequence}
                for document_id, sequence in sequences.items()
            ]
            if applied:
                statement = FAILURES.delete().where(
                    FAILURES.c.index_name == index_name,
                    FAILURES.c.document_id == sa.bindparam("key_id"),
                    FAILURES.c.sequence <= sa.bindparam("through"),
                )
                connection.execute(statement, applied)
            for sequence, refusal in refusals:
                if _newest(connection, collection, refusal.document_id) == sequence:
                    replaced = [refusal.document_id]
                    self._replace_failures(connection, index_name, replaced, [(sequence, refusal)])

    def failure_count(self, index_name: str) -> int:
        """How many documents the index refused."""
        query = sa.select(sa.func.count()).where(FAILURES.c.index_name == index_name)
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())


def _change(
    connection: sa.Connection,
    held: Checkpoint,
    conditions: Sequence[sa.ColumnElement[bool]],
    **values: Any,
) -> None:
    """Change the row if it is still held under that epoch; each change is a sign of life."""
    changed = connection.execute(
        CHECKPOINTS.update()
        .where(
            CHECKPOINTS.c.index_name == held.index_name,
            CHECKPOINTS.c.identity == held.identity,
            CHECKPOINTS.c.epoch == held.epoch,
            *conditions,
        )
        .values(beat=CHECKPOINTS.c.beat + 1, **values)
    ).rowcount
    if changed != 1:
        raise _conflict(held.index_name, f"held at sequence {held.applied}, epoch {held.epoch}")


def _conflict(index_name: str, found: str) -> CheckpointConflict:
    return CheckpointConflict(
        f"{index_name}: another follower moved the checkpoint ({found})",
        hint="one follower an index; stop the other one",
    )


def _newest(connection: sa.Connection, collection: str, document_id: str) -> int | None:
    sequence: int | None = connection.execute(
        sa.select(DOCUMENTS.c.sequence).where(
            DOCUMENTS.c.collection == collection, DOCUMENTS.c.document_id == document_id
        )
    ).scalar()
    return sequence
