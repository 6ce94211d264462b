"""What the product logs, whatever the logging of the process is configured to."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logged(room: str = "api") -> Iterator[list[logging.LogRecord]]:
    """What a room's logger is told meanwhile."""
    records: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler, log = Keeping(), logging.getLogger(f"tandem.{room}")
    log.addHandler(handler)
    try:
        yield records
    finally:
        log.removeHandler(handler)
