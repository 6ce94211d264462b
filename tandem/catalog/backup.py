"""The whole catalogue into one file, for ``tandem.catalog.restore``.

The embedding cache is not in it: it can be computed again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import sqlalchemy as sa

from tandem.catalog.backup_file import (
    BACKUP_FORMAT,
    KIND,
    BackupWriter,
    Manifest,
    TablePart,
    created,
)
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import reading
from tandem.catalog.event_tables import BEHAVIOUR, EVENT_FORMAT
from tandem.catalog.faults import translated
from tandem.catalog.logs import Log
from tandem.catalog.tables import CONTENT, FORMAT, MODEL_PARTS
from tandem.catalog.urls import is_server
from tandem.errors import InputError
from tandem.fields import datetime_text

ROWS_AT_ONCE = 32
"""What is held in memory of a table: at most this many rows, whatever their size, or one
part of a model."""


def backup(catalog: Catalog, path: Path) -> Manifest:
    """Write everything that both logs hold now into ``path``, each as of one moment, while others
    read and write on. An earlier file of that name is replaced when the new one is complete.

    Raises:
        InputError: the file cannot be written; nothing is left of it.
        CatalogError: the database failed.
    """
    with (
        _beside(path) as file,
        reading(catalog.events.engine) as behaviour,
        reading(catalog.engine) as content,
        created(file) as writer,
    ):
        # The events' moment is the earlier one: an impression's release is in the backup too.
        _, event_head = _begin(behaviour, BEHAVIOUR)
        log_id, head = _begin(content, CONTENT)
        manifest = Manifest(
            kind=KIND,
            format=BACKUP_FORMAT,
            catalogue_format=FORMAT,
            event_format=EVENT_FORMAT,
            created_at=datetime_text(datetime.now(UTC)),
            log_id=log_id,
            head=head,
            event_head=event_head,
            tables=_write(content, writer, CONTENT) | _write(behaviour, writer, BEHAVIOUR),
        )
        writer.manifest(manifest)
    return manifest


def _begin(connection: sa.Connection, log: Log) -> tuple[str, int]:
    """The log's id and head, as of the moment that counts from now on."""
    with translated(connection.engine):  # not told of the other log's database
        take_time(connection)
        row = connection.execute(sa.select(log.head.c.log_id, log.head.c.head)).one()
    return str(row.log_id), int(row.head)


def _write(connection: sa.Connection, writer: BackupWriter, log: Log) -> dict[str, TablePart]:
    with translated(connection.engine):
        return {
            name: _write_table(connection, writer, table)
            for name, table in sorted(log.tables.tables.items())
        }


def _write_table(connection: sa.Connection, writer: BackupWriter, table: sa.Table) -> TablePart:
    names = [str(column.name) for column in table.columns]
    at_once = 1 if table is MODEL_PARTS else ROWS_AT_ONCE
    query = sa.select(*table.columns).execution_options(yield_per=at_once)
    with connection.execute(query) as result:
        return writer.table(table.name, (dict(zip(names, row, strict=True)) for row in result))


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
