"""The rows of a backup, as they are put back into the tables of the present format."""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from tandem.catalog.backup_file import BackupReader, Manifest
from tandem.catalog.event_tables import BEHAVIOUR
from tandem.catalog.logs import Log
from tandem.catalog.tables import CONTENT
from tandem.errors import InputError

ROWS_AT_ONCE = 1_000
BYTES_AT_ONCE = 8_000_000
"""What is held in memory of a table: at most this many rows, or a row more than these bytes."""


def tables_of(manifest: Manifest) -> list[str]:
    """The names of the tables that a backup of its formats has."""
    logs = (BEHAVIOUR, CONTENT)
    return [table.name for log in logs for table in log.tables_of(_format(manifest, log))]


def batches(
    path: Path, reader: BackupReader, log: Log, table: sa.Table
) -> Iterator[Sequence[dict[str, Any]]]:
    """The rows of one of the log's tables. Columns that the backup's format had not yet stay empty,
    and so do tables.

    Raises:
        InputError: a row has other columns, or none that can be read.
    """
    if table.name not in tables_of(reader.manifest):
        return
    added = log.lacking(_format(reader.manifest, log)) or ()
    lacking = [item.name for item in added if isinstance(item, sa.Column) and item.table is table]
    names = set(table.columns.keys()).difference(lacking)
    binary = [item.name for item in table.columns if isinstance(item.type, sa.LargeBinary)]
    empty = dict.fromkeys(lacking)
    rows: list[dict[str, Any]] = []
    held = 0
    for number, line in enumerate(reader.lines(table.name), start=1):
        row = _read(line, names, binary)
        if row is None:
            raise InputError(
                f"the backup {path}: row {number} of {table.name} has not the columns "
                f"{', '.join(sorted(names))}",
                hint="use another backup: this one cannot be trusted",
            )
        rows.append(row | empty)
        held += len(line)
        if len(rows) == ROWS_AT_ONCE or held > BYTES_AT_ONCE:
            yield rows
            rows, held = [], 0
    if rows:
        yield rows


def _format(manifest: Manifest, log: Log) -> int:
    return manifest.catalogue_format if log is CONTENT else manifest.event_format


def _read(line: bytes, names: set[str], binary: Sequence[str]) -> dict[str, Any] | None:
    """The row; ``None`` for what is none of this table."""
    try:
        row = orjson.loads(line)
        if not isinstance(row, dict) or row.keys() != names:
            return None
        decoded = {name: b64decode(row[name]) for name in binary if row[name] is not None}
    except (ValueError, TypeError):
        return None
    return row | decoded
