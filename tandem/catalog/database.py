"""Opening a database: SQLite here, PostgreSQL by the same URL later. Queries stay portable."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from tandem.errors import CatalogError, SettingsError

Durability = Literal["FULL", "NORMAL"]
BUSY_TIMEOUT_MS = 10_000
ROWS_PER_QUERY = 500
"""Bound parameters in one IN list; SQLite allows 32,766 and older builds 999."""


def open_database(url: str, tables: sa.MetaData, *, durability: Durability = "FULL") -> sa.Engine:
    """A database with its tables created.

    ``durability`` is SQLite's ``synchronous``: under FULL a committed row survives a power loss,
    under NORMAL only a crash of the process.

    Raises:
        SettingsError: the URL is of another kind.
        CatalogError: it cannot be opened.
    """
    if not url.startswith("sqlite:///"):
        scheme = url.partition(":")[0]
        raise SettingsError(
            f"catalogue: no database {scheme!r} is built in", hint="use sqlite:///PATH"
        )
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _prepare_sqlite(durability))
    sa.event.listen(engine, "begin", _begin_sqlite)
    try:
        with writing(engine) as connection:
            tables.create_all(connection)
    except sa.exc.SQLAlchemyError as error:
        raise CatalogError(f"the catalogue {url} cannot be opened: {error.__cause__}") from error
    return engine


def writing(engine: sa.Engine) -> Any:
    """A transaction that takes the write lock at once: it reads what it then decides on."""
    return engine.execution_options(tandem_writing=True).begin()


def _prepare_sqlite(durability: Durability) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says so
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        _write_ahead(connection)
        connection.execute(f"PRAGMA synchronous = {durability}")

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
        except sqlite3.OperationalError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    is_writing = connection.get_execution_options().get("tandem_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
