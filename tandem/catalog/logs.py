"""What a log is in a database, and what was added to it since its first format."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

Addition = sa.Column[Any] | sa.Table | sa.Index
"""What a format has and the one before it had not."""


def head_table(name: str, metadata: sa.MetaData) -> sa.Table:
    """Where a log's last sequence stands."""
    return sa.Table(
        name,
        metadata,
        sa.Column("log_id", sa.String(32), primary_key=True),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
    )


class Log(NamedTuple):
    """A log as it stands in a database: its tables, and the one whose row has its id and head.
    ``added`` maps a format to what it has and the one before it had not: columns and tables with
    nothing in them, since what is there already knows nothing of them, and indexes. A log of an
    earlier format is taken up where all from there on are told.
    """

    title: str
    tables: sa.MetaData
    head: sa.Table
    format: int
    added: Mapping[int, tuple[Addition, ...]]

    @property
    def readable(self) -> tuple[int, ...]:
        """The formats that can be taken up, and the present one."""
        return tuple(
            number for number in range(1, self.format + 1) if self.lacking(number) is not None
        )

    def lacking(self, found: int) -> tuple[Addition, ...] | None:
        """What an earlier format has not; ``None`` if it cannot be taken up."""
        later = range(found + 1, self.format + 1)
        if not all(number in self.added for number in later):
            return None
        return tuple(added for number in later for added in self.added[number])

    def tables_of(self, found: int) -> list[sa.Table]:
        """The tables of a format that can be taken up, by name."""
        lacking = self.lacking(found) or ()
        every = sorted(self.tables.tables.items())
        return [table for _, table in every if not any(table is added for added in lacking)]
