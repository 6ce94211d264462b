"""Forgetting the oldest rows of a table, in steps."""

from datetime import datetime
from itertools import takewhile

import sqlalchemy as sa

from tandem.catalog.database import reading, writing
from tandem.fields import to_microseconds

ROWS_PER_STEP = 1_000
"""What one step of a purge forgets: writers wait for no longer than that takes."""


def purge(engine: sa.Engine, table: sa.Table, collection: str, before: datetime) -> int:
    """Forget the oldest rows of a collection, at most ``ROWS_PER_STEP``, that were received before
    then; how many. What comes after a younger one goes with it.
    """
    moment = to_microseconds(before)
    own = table.c.collection == collection
    oldest = (
        sa.select(table.c.sequence, table.c.received_at)
        .where(own)
        .order_by(table.c.sequence)
        .limit(ROWS_PER_STEP)
    )
    with reading(engine) as connection:  # mostly there is nothing to forget
        rows = connection.execute(oldest).all()
    old = list(takewhile(lambda row: row.received_at < moment, rows))
    if not old:
        return 0
    with writing(engine) as connection:
        gone = table.delete().where(own, table.c.sequence <= old[-1].sequence)
        return int(connection.execute(gone).rowcount)
