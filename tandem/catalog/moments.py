"""Times as the catalogue's columns hold them: microseconds since 1970."""

import time
from datetime import UTC, datetime

from tandem.fields import from_microseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """The present, for a column."""
    return time.time_ns() // 1_000


def moment(microseconds: int) -> datetime:
    """A column's value as an aware time, UTC."""
    return from_microseconds(microseconds)
