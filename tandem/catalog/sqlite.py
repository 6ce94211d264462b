"""SQLite as the catalogue needs it: write-ahead log, commits on the disk, one writer at a time."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from tandem.catalog.faults import translated
from tandem.errors import SettingsError

Durability = Literal["FULL", "NORMAL", "OFF"]
BUSY_TIMEOUT_MS = 10_000
READING_KIB, WRITING_KIB = 2_048, 16_384
"""What a connection keeps of pages while it reads, of which an idle server has twenty: the system
keeps them, too. And while it writes: a batch of 1,000 documents changes up to 6 MB of pages; where
they do not fit they are written twice.
"""

EMPTYING_TIMEOUT_MS = 1_000
"""How long a log that is to be emptied waits for who reads it. Who writes waits with it, and must
not give up.
"""

PAGES_PER_CHECKPOINT = 4_000
"""The pages of the ids' index change with every batch: the rarer the checkpoint, the fewer times
they are copied. 16 MB of write-ahead log.
"""


def open_engine(url: sa.URL, durability: Durability) -> sa.Engine:
    """An engine for the file, whose folder is made; nothing is read yet.

    Raises:
        SettingsError: the folder cannot be made.
    """
    _make_folder(Path(str(url.database)).parent)
    # the connection used last has the pages at hand
    engine = sa.create_engine(url, hide_parameters=True, pool_use_lifo=True)
    sa.event.listen(engine, "connect", _prepare(durability))
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "checkin", _keep_few)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the catalogue's folder {folder} cannot be made: {error}",
            hint="name another one in engines.catalog or --data-dir",
        ) from None


def _prepare(durability: Durability) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says so
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute(f"PRAGMA cache_size = -{READING_KIB}")
        if durability == "OFF":
            # What may be lost comes and goes, and gives its room back. Before all else: a file that
            # has begun stays as it is.
            connection.execute("PRAGMA auto_vacuum = FULL")
        # what was erased is not left in the file; some builds of SQLite do so by themselves
        connection.execute("PRAGMA secure_delete = ON")
        _write_ahead(connection)
        connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_PER_CHECKPOINT}")
        connection.execute(f"PRAGMA synchronous = {durability}")
        if durability == "FULL":
            # On macOS fsync leaves the drive's own cache unwritten; elsewhere this changes nothing.
            connection.execute("PRAGMA fullfsync = 1")

    return prepare


def _write_ahead(connection: Any) -> None:
    """Where two processes make the same database, SQLite refuses one of them at once, without
    waiting for the other: so the waiting is done here.
    """
    patience = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > patience:
                raise
            time.sleep(0.01)


class Question(NamedTuple):
    """A query in SQLite's own words, and its values by place."""

    words: str
    values: tuple[Any, ...]


def rows(engine: sa.Engine, questions: Iterable[Question]) -> list[Any]:
    """What these read, one after another, by the driver alone: SQLAlchemy takes as long again as a
    read of some hundred rows, and taking a connection a tenth of it. Each sees one state.

    Raises:
        CatalogError: the database failed.
    """
    with translated(engine), closing(engine.raw_connection()) as connection:
        try:
            found: list[Any] = []
            cursor = connection.cursor()
            for question in questions:
                cursor.execute(*question)
                found += cursor.fetchall()
        except sqlite3.Error as error:
            raise sa.exc.DBAPIError("", None, error, hide_parameters=True) from error
        return found


def bytes_held(connection: sa.Connection) -> int:
    """The size of the file, with room in it that is free to be used again."""
    return _pages(connection, "page_count")


def bytes_used(connection: sa.Connection) -> int:
    """The size of what is in the file."""
    return bytes_held(connection) - _pages(connection, "freelist_count")


def empty_log(engine: sa.Engine) -> bool:
    """Have what the write-ahead log holds put into the file, and nothing left in it: rows stand
    there as they were before they changed. Whether it came to that within ``EMPTYING_TIMEOUT_MS``,
    for which who writes, and who begins to read, may have to wait.

    Raises:
        CatalogError: the database failed.
    """
    with translated(engine), closing(engine.raw_connection()) as connection:
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {EMPTYING_TIMEOUT_MS}")
            try:
                (is_busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        except sqlite3.Error as error:
            raise sa.exc.DBAPIError("", None, error, hide_parameters=True) from error
    return not is_busy


def _pages(connection: sa.Connection, counted: str) -> int:
    """So many pages, in bytes."""
    count, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in (counted, "page_size")
    )
    return count * size


def _begin(connection: sa.Connection) -> None:
    is_writing = connection.get_execution_options().get("tandem_writing", False)
    if is_writing:
        _keep_pages(connection.connection.dbapi_connection, WRITING_KIB)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _keep_few(driver: Any, _record: Any) -> None:
    if driver is not None:
        _keep_pages(driver, READING_KIB)


def _keep_pages(driver: Any, kib: int) -> None:
    """By the driver itself: SQLAlchemy would take ten times as long."""
    with suppress(sqlite3.Error):  # whoever uses the file next is told
        driver.execute(f"PRAGMA cache_size = -{kib}")
