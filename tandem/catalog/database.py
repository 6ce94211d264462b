"""Opening a database: SQLite here, PostgreSQL by the same URL later. Queries stay portable."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from tandem.catalog.faults import translated
from tandem.errors import SettingsError

Durability = Literal["FULL", "NORMAL"]
BUSY_TIMEOUT_MS = 10_000
ROWS_PER_QUERY = 500
"""Bound parameters in one IN list; SQLite allows 32,766 and older builds 999."""


def database_url(text: str) -> sa.URL:
    """The URL of a catalogue, as a setting gives it: ``sqlite:///PATH``.

    Raises:
        SettingsError: the URL is of another kind, or of a database that nobody would keep.
    """
    scheme = text.partition(":")[0]
    hint = "use sqlite:///PATH, or sqlite: for a file in the data folder"
    if scheme != "sqlite":
        raise SettingsError(f"engines.catalog: no database {scheme!r} is built in", hint=hint)
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise SettingsError("engines.catalog: the URL cannot be read", hint=hint) from None
    if url.host or url.username or url.port or url.query:
        raise SettingsError("engines.catalog: sqlite takes a path and nothing else", hint=hint)
    if not url.database or url.database == ":memory:":
        raise SettingsError(
            "engines.catalog: the URL names no file, so nothing would be kept", hint=hint
        )
    return url


def file_url(file: Path) -> sa.URL:
    """The URL of a SQLite file, whatever characters its path has."""
    return sa.URL.create("sqlite", database=str(file))


def open_database(
    url: sa.URL | str, tables: sa.MetaData, *, durability: Durability = "FULL"
) -> sa.Engine:
    """A database with its tables created. One that has them is only read.

    ``durability`` is SQLite's ``synchronous``: under FULL a committed row survives a power loss,
    under NORMAL only a crash of the process.

    Raises:
        SettingsError: the URL is of another kind, or its folder cannot be made.
        CatalogError: it cannot be opened.
    """
    url = database_url(url) if isinstance(url, str) else url
    _make_folder(Path(str(url.database)).parent)
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _prepare_sqlite(durability))
    sa.event.listen(engine, "begin", _begin_sqlite)
    try:
        with reading(engine) as connection:
            known = set(sa.inspect(connection).get_table_names())
        if not known.issuperset(tables.tables):
            with writing(engine) as connection:
                tables.create_all(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one state and waits for no writer.

    Raises:
        CatalogError: the database failed.
    """
    with translated(engine.url), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that takes the write lock at once: it reads what it then decides on.

    Raises:
        CatalogError: the database failed; nothing of the transaction is kept.
    """
    with translated(engine.url), engine.execution_options(tandem_writing=True).begin() as chosen:
        yield chosen


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the catalogue's folder {folder} cannot be made: {error}",
            hint="name another one in engines.catalog or --data-dir",
        ) from None


def _prepare_sqlite(durability: Durability) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says so
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        _write_ahead(connection)
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


def _begin_sqlite(connection: sa.Connection) -> None:
    is_writing = connection.get_execution_options().get("tandem_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
