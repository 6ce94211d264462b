"""Opening a database, SQLite or PostgreSQL, and its transactions. Queries are portable."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from tandem.catalog import sqlite
from tandem.catalog.faults import TITLE, translated
from tandem.catalog.sqlite import Durability
from tandem.catalog.urls import database_url, file_url, is_server

__all__ = [
    "bytes_held",
    "database_url",
    "empty_log",
    "file_url",
    "has",
    "open_database",
    "parts",
    "reading",
    "take_time",
    "writing",
]

ROWS_PER_QUERY = 500
"""Bound parameters in one IN list; SQLite allows 32,766 and older builds 999."""

Key = TypeVar("Key")

SERVER_READING: Mapping[str, Any] = {
    "isolation_level": "REPEATABLE READ",
    "postgresql_readonly": True,
}
SERVER_WRITING: Mapping[str, Any] = {"isolation_level": "READ COMMITTED"}
"""After a wait for another writer's lock, what that one wrote is seen."""


def parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """As many keys as a statement takes at once."""
    for start in range(0, len(keys), ROWS_PER_QUERY):
        yield keys[start : start + ROWS_PER_QUERY]


def open_database(
    url: sa.URL | str,
    tables: sa.MetaData,
    *,
    title: str = "catalogue",
    durability: Durability = "FULL",
    create: Callable[[sa.Connection], None] | None = None,
) -> sa.Engine:
    """A database with its tables created. One that has them is only read. ``title`` is what errors
    call it.

    ``durability`` is SQLite's ``synchronous``: under FULL a committed row survives a power loss,
    under NORMAL only a crash of the process, and under OFF a power loss may cost the whole file.
    PostgreSQL commits durably, but under OFF a moment later. ``create`` makes the tables and their
    first rows, in one transaction, where another process does not.

    Raises:
        SettingsError: the URL is of another kind, or its folder cannot be made.
        CatalogError: it cannot be opened.
    """
    url = database_url(url) if isinstance(url, str) else url
    engine = _engine(url, durability)
    engine.update_execution_options(**{TITLE: title})
    try:
        with reading(engine) as connection:
            complete = has(connection, tables)
        if not complete:
            _create(engine, tables, create or tables.create_all)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _engine(url: sa.URL, durability: Durability) -> sa.Engine:
    if not is_server(url):
        return sqlite.open_engine(url, durability)
    from tandem.catalog import postgres

    return postgres.open_engine(url, is_durable=durability != "OFF")


def has(connection: sa.Connection, tables: sa.MetaData) -> bool:
    """Whether all of the tables are there."""
    return set(sa.inspect(connection).get_table_names()).issuperset(tables.tables)


def _create(
    engine: sa.Engine, tables: sa.MetaData, create: Callable[[sa.Connection], None]
) -> None:
    with writing(engine) as connection:
        if is_server(engine.url):
            from tandem.catalog import postgres

            postgres.lock_creation(connection)
        if not has(connection, tables):  # another process may have been first
            create(connection)


def bytes_held(connection: sa.Connection, tables: sa.MetaData) -> int:
    """How much room the tables take on the disk: a file's as a whole, a server's with indexes."""
    if is_server(connection.engine.url):
        from tandem.catalog import postgres

        return postgres.bytes_held(connection, list(tables.tables))
    return sqlite.bytes_held(connection)


def empty_log(engine: sa.Engine) -> bool:
    """See ``sqlite.empty_log``. A server does so by itself, when it vacuums and ends its log."""
    return is_server(engine.url) or sqlite.empty_log(engine)


def take_time(connection: sa.Connection) -> None:
    """Let this transaction last as long as it needs."""
    if is_server(connection.engine.url):
        from tandem.catalog import postgres

        postgres.without_timeouts(connection)


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one state and waits for no writer.

    Raises:
        CatalogError: the database failed.
    """
    with _transaction(engine, SERVER_READING if is_server(engine.url) else {}) as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that may write.

    SQLite lets one at a time begin, so it reads what it then decides on. On PostgreSQL several run
    at once: whoever decides on what was read, or takes a number, uses ``in_order``.

    Raises:
        CatalogError: the database failed; nothing of the transaction is kept.
    """
    options = SERVER_WRITING if is_server(engine.url) else {"tandem_writing": True}
    with _transaction(engine, options) as connection:
        yield connection


@contextmanager
def _transaction(engine: sa.Engine, options: Mapping[str, Any]) -> Iterator[sa.Connection]:
    with (
        translated(engine),
        engine.connect().execution_options(**options) as connection,
        connection.begin(),
    ):
        yield connection
