"""Writers that decide on what they read, or take a number, come one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tandem.catalog.database import writing
from tandem.catalog.tables import LOG


@contextmanager
def in_order(engine: sa.Engine, head: sa.Table = LOG) -> Iterator[tuple[sa.Connection, int]]:
    """A writing transaction and the log's head, which no other one can move until it ends. ``head``
    is the table that has it.

    Raises:
        CatalogError: the database failed; nothing of the transaction is kept.
    """
    with writing(engine) as connection:
        # SQLite let only this writer begin; PostgreSQL lets the next one pass here when this one
        # has ended, and shows it everything that was written until then.
        yield (
            connection,
            int(connection.execute(sa.select(head.c.head).with_for_update()).scalar_one()),
        )


def next_number(connection: sa.Connection, column: sa.ColumnElement[int]) -> int:
    """One more than the highest so far, from 1. Only inside ``in_order``."""
    return int(connection.execute(sa.select(sa.func.max(column))).scalar() or 0) + 1
