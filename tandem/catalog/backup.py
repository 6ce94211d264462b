"""The whole catalogue into one file, and back into any database: SQLite or PostgreSQL.

The embedding cache is not in it: it can be computed again.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import orjson
import sqlalchemy as sa

from tandem.catalog.backup_file import (
    BACKUP_FORMAT,
    KIND,
    BackupReader,
    BackupWriter,
    Manifest,
    created,
    opened,
)
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import reading
from tandem.catalog.opening import open_catalogue
from tandem.catalog.order import in_order
from tandem.catalog.tables import CATALOGUE, CHECKPOINTS, FORMAT, LOG
from tandem.catalog.urls import is_server, shown
from tandem.errors import InputError
from tandem.fields import datetime_text

ROWS_AT_ONCE = 1_000
BYTES_AT_ONCE = 8_000_000
"""What is held in memory of a table: at most this many rows, or a row more than these bytes."""

TABLES = tuple(sorted(CATALOGUE.tables))


def backup(catalog: Catalog, path: Path) -> Manifest:
    """Write everything that the catalogue holds now into ``path``, as of one moment, while others
    read and write on. An earlier file of that name is replaced when the new one is complete.

    Raises:
        InputError: the file cannot be written; nothing is left of it.
        CatalogError: the database failed.
    """
    with _beside(path) as file, reading(catalog.engine) as connection, created(file) as writer:
        _take_time(connection)
        manifest = Manifest(
            kind=KIND,
            format=BACKUP_FORMAT,
            catalogue_format=FORMAT,
            created_at=datetime_text(datetime.now(UTC)),
            log_id=str(connection.execute(sa.select(LOG.c.log_id)).scalar_one()),
            head=int(connection.execute(sa.select(LOG.c.head)).scalar_one()),
            tables={name: _write(connection, writer, name) for name in TABLES},
        )
        writer.manifest(manifest)
    return manifest


def _write(connection: sa.Connection, writer: BackupWriter, name: str) -> Any:
    table = CATALOGUE.tables[name]
    names = [str(column.name) for column in table.columns]
    query = sa.select(table).execution_options(yield_per=ROWS_AT_ONCE)
    with connection.execute(query) as result:
        return writer.table(name, (dict(zip(names, row, strict=True)) for row in result))


@contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when all is in it and on the disk."""
    try:
        part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        opened_part = part.open("xb")
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    try:
        with opened_part as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _unwritable(path, error) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _unwritable(path: Path, error: Exception) -> InputError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return InputError(
        f"the backup {path} cannot be written: {reason}",
        hint="name a file in a folder that can be written to and has room",
    )


def restore(url: sa.URL | str, path: Path, *, replace: bool = False) -> Manifest:
    """Put a backup into the catalogue at ``url``, which is made if it is not there. The log keeps
    its id and its sequences. In one transaction: after an error everything is as it was.

    Nobody else may have the catalogue open: indexes that follow it have to be opened anew. Leases
    are cleared and epochs moved on, so that a follower from before can move nothing.

    Raises:
        InputError: the file cannot be trusted, or the catalogue holds something and ``replace`` is
            not set.
        SettingsError: the URL is none that Tandem knows.
        CatalogError: the database failed.
    """
    with opened(path, FORMAT, TABLES) as reader:
        engine = open_catalogue(url)
        try:
            with in_order(engine) as (connection, head):
                _take_time(connection)
                if not replace:
                    _refuse_content(connection, head)
                _exchange(connection, path, reader)
        finally:
            engine.dispose()
        return reader.manifest


def _take_time(connection: sa.Connection) -> None:
    if is_server(connection.engine.url):
        from tandem.catalog.postgres import without_timeouts

        without_timeouts(connection)


def _refuse_content(connection: sa.Connection, head: int) -> None:
    held = [
        name
        for name in TABLES
        if name != LOG.name
        and connection.execute(
            sa.select(sa.literal(1)).select_from(CATALOGUE.tables[name]).limit(1)
        ).scalar()
    ]
    if held or head:
        raise InputError(
            f"the catalogue {shown(connection.engine.url)} is not empty: its log ends at {head}, "
            f"and there are {', '.join(held) or 'no rows'}",
            hint="restore into an empty data folder or database, or add --replace to lose it",
        )


def _exchange(connection: sa.Connection, path: Path, reader: BackupReader) -> None:
    query = sa.select(CHECKPOINTS.c.index_name, CHECKPOINTS.c.epoch)
    epochs = {row.index_name: row.epoch for row in connection.execute(query)}
    for name in TABLES:
        table = CATALOGUE.tables[name]
        batches = _batches(path, reader, table)
        if table is LOG:
            # never without its row: writers that wait for it go on with the new one
            for (row,) in batches:
                connection.execute(LOG.update().values(row))
            continue
        connection.execute(table.delete())
        for rows in batches:
            fenced = [_fenced(row, epochs) for row in rows] if table is CHECKPOINTS else rows
            connection.execute(table.insert(), fenced)


def _fenced(row: Mapping[str, Any], epochs: Mapping[str, int]) -> dict[str, Any]:
    """A checkpoint that nobody holds, under an epoch that nobody has."""
    epoch = max(row["epoch"], epochs.get(row["index_name"], 0)) + 1
    return {**row, "owner": None, "epoch": epoch}


def _batches(
    path: Path, reader: BackupReader, table: sa.Table
) -> Iterator[Sequence[dict[str, Any]]]:
    names = set(table.columns.keys())
    rows: list[dict[str, Any]] = []
    held = 0
    for number, line in enumerate(reader.lines(table.name), start=1):
        rows.append(_row(path, table.name, names, number, line))
        held += len(line)
        if len(rows) == ROWS_AT_ONCE or held > BYTES_AT_ONCE:
            yield rows
            rows, held = [], 0
    if rows:
        yield rows


def _row(path: Path, table: str, names: set[str], number: int, line: bytes) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or row.keys() != names:
        raise InputError(
            f"the backup {path}: row {number} of {table} has not the columns "
            f"{', '.join(sorted(names))}",
            hint="use another backup: this one cannot be trusted",
        )
    return row
