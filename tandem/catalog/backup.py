"""The whole catalogue into one file, for ``tandem.catalog.restore``.

The embedding cache is not in it: it can be computed again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import sqlalchemy as sa

from tandem.catalog.backup_file import (
    BACKUP_FORMAT,
    KIND,
    BackupWriter,
    Manifest,
    created,
)
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import reading
from tandem.catalog.tables import CATALOGUE, FORMAT, LOG
from tandem.catalog.urls import is_server
from tandem.errors import InputError
from tandem.fields import datetime_text

ROWS_AT_ONCE = 32
"""What is held in memory of a table: at most this many rows, whatever their size."""

TABLES = tuple(sorted(CATALOGUE.tables))


def backup(catalog: Catalog, path: Path) -> Manifest:
    """Write everything that the catalogue holds now into ``path``, as of one moment, while others
    read and write on. An earlier file of that name is replaced when the new one is complete.

    Raises:
        InputError: the file cannot be written; nothing is left of it.
        CatalogError: the database failed.
    """
    with _beside(path) as file, reading(catalog.engine) as connection, created(file) as writer:
        take_time(connection)
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


def take_time(connection: sa.Connection) -> None:
    """Let this transaction last as long as it needs."""
    if is_server(connection.engine.url):
        from tandem.catalog.postgres import without_timeouts

        without_timeouts(connection)
