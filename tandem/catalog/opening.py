"""Opening the catalogue's database: begun once, refused where it is of another version."""

import logging
from functools import partial
from uuid import uuid4

import sqlalchemy as sa

from tandem.catalog.database import open_database, reading, take_time
from tandem.catalog.faults import damaged
from tandem.catalog.logs import Addition, Log
from tandem.catalog.order import in_order
from tandem.catalog.tables import CONTENT
from tandem.catalog.urls import is_server, shown
from tandem.errors import CatalogError

ANOTHER = "name another data folder or database, and index again there"


def open_catalogue(url: sa.URL | str) -> sa.Engine:
    """The database with the document log and all that goes with it; see ``open_log``."""
    return open_log(url, CONTENT)


def open_log(url: sa.URL | str, log: Log) -> sa.Engine:
    """The database with the log's tables and its one row, made if nothing was there. A log of an
    earlier format gets what it lacks, if that can be added.

    Raises:
        SettingsError: the URL is of another kind, or its folder cannot be made.
        CatalogError: it cannot be opened, was made by another version of Tandem, or holds tables of
            somebody else under these names.
    """
    engine = open_database(url, log.tables, title=log.title, create=partial(_create, log))
    try:
        with reading(engine) as connection:
            found = _format(connection, log)
            _check_format(connection, log, found)
        if found != log.format:
            _take_up(engine, log)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _create(log: Log, connection: sa.Connection) -> None:
    if sa.inspect(connection).has_table(log.head.name):
        return  # a log of another format, which has fewer tables
    _check_found(connection, log)
    log.tables.create_all(connection)
    connection.execute(log.head.insert().values(log_id=uuid4().hex, head=0, format=log.format))


def _check_found(connection: sa.Connection, log: Log) -> None:
    """Refuse a place that is not empty, or that cannot hold every text."""
    where = shown(connection.engine.url)
    inspected = sa.inspect(connection)
    found = sorted(set(inspected.get_table_names()) & set(log.tables.tables))
    if found:
        raise CatalogError(
            f"{where} has a table {found[0]!r} that is not the catalogue's",
            hint="give the catalogue a database of its own",
        )
    if is_server(connection.engine.url):
        from tandem.catalog.postgres import server_encoding

        encoding = server_encoding(connection)
        if encoding != "UTF8":
            raise CatalogError(
                f"the database {where} holds text as {encoding}, expected UTF8",
                hint="create it with createdb -E UTF8 -T template0 NAME",
            )


def _format(connection: sa.Connection, log: Log) -> int:
    where = shown(connection.engine.url)
    columns = {column["name"] for column in sa.inspect(connection).get_columns(log.head.name)}
    if "format" not in columns:
        raise CatalogError(
            f"the {log.title} {where} was made by an earlier version of Tandem", hint=ANOTHER
        )
    formats = list(connection.execute(sa.select(log.head.c.format)).scalars())
    if len(formats) != 1:
        raise damaged(
            connection.engine,
            f"the {log.title} {where} is damaged: {len(formats)} log rows, expected 1",
        )
    return int(formats[0])


def _check_format(connection: sa.Connection, log: Log, found: int) -> None:
    """Refuse what is neither of this format nor of one that can be taken up, or lacks a table."""
    if found > log.format or log.lacking(found) is None:
        age = "a later" if found > log.format else "an earlier"
        raise CatalogError(
            f"the {log.title} {shown(connection.engine.url)} was made by {age} version of Tandem: "
            f"format {found}, expected {log.format}",
            hint="use that version of Tandem" if found > log.format else ANOTHER,
        )
    there = set(sa.inspect(connection).get_table_names())
    missing = [table.name for table in log.tables_of(found) if table.name not in there]
    if missing:
        where = shown(connection.engine.url)
        raise damaged(
            connection.engine,
            f"the {log.title} {where} is damaged: it has no table {', '.join(missing)}",
        )


def _take_up(engine: sa.Engine, log: Log) -> None:
    """Give a log of an earlier format what it lacks; its rows stay as they are. An older process
    that runs beside this one goes on writing without it.

    Raises:
        CatalogError: another process has meanwhile made it a log that cannot be taken up here.
    """
    told, where = logging.getLogger("tandem.catalog"), shown(engine.url)
    with in_order(engine, log.head) as (connection, _):
        take_time(connection)  # an index over many rows
        found = _format(connection, log)
        _check_format(connection, log, found)
        if found == log.format:
            return  # another process was first
        told.info(
            "the %s %s is of format %d and becomes one of format %d: where it is large, that takes"
            " a while, in which nobody else writes to it",
            log.title,
            where,
            found,
            log.format,
        )
        for added in log.lacking(found) or ():
            _add(connection, added)
        connection.execute(log.head.update().values(format=log.format))
    told.info(
        "the %s %s was of format %d and is of format %d now", log.title, where, found, log.format
    )


def _add(connection: sa.Connection, added: Addition) -> None:
    if isinstance(added, sa.Column):
        column = sa.schema.CreateColumn(added).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {added.table.name} ADD COLUMN {column}")
    else:
        added.create(connection)
