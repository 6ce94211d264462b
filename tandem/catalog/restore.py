"""A backup put into the place of a catalogue: SQLite or PostgreSQL."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import sqlalchemy as sa

from tandem.catalog.aside import exchange, remove
from tandem.catalog.backup import TABLES, take_time
from tandem.catalog.backup_file import BackupReader, Manifest, opened
from tandem.catalog.database import database_url, file_url, reading
from tandem.catalog.faults import DatabaseDamaged
from tandem.catalog.generations import lexical_name, vector_name
from tandem.catalog.leases import Lease
from tandem.catalog.opening import open_catalogue
from tandem.catalog.order import in_order
from tandem.catalog.tables import CATALOGUE, CHECKPOINTS, FAILURES, FORMAT, GENERATIONS, LOG
from tandem.catalog.urls import is_server, shown
from tandem.errors import InputError, OwnedElsewhere

ROWS_AT_ONCE = 1_000
BYTES_AT_ONCE = 8_000_000
"""What is held in memory of a table: at most this many rows, or a row more than these bytes."""

WATCH_SECONDS = 2.5
"""For how long the leases are watched. An owner whose beat stood still for that long writes no more
(``indexer.leases``)."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The catalogue that was there before: its log, and what its indexes are called."""

    log_id: str
    lexical_names: tuple[str, ...]
    vector_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. The log has the new id ``log_id``; the backed up one's is in the
    ``manifest``. ``aside`` is where a damaged file is now, of which nothing is known.
    """

    manifest: Manifest
    log_id: str
    replaced: Replaced | None = None
    aside: Path | None = None


def restore(url: sa.URL | str, path: Path, *, replace: bool = False) -> Restored:
    """Put a backup into the catalogue at ``url``, which is made if it is not there. In one
    transaction: after an error everything is as it was.

    The log keeps its sequences and gets a new id: the one that was backed up may live on, and both
    may name the same servers, where indexes are told apart by it. Every index begins from zero.
    Nobody holds one, and a follower from before can move nothing. A damaged SQLite file is moved
    aside when ``replace`` is set.

    Raises:
        InputError: the file cannot be trusted, or the catalogue holds something and ``replace`` is
            not set.
        OwnedElsewhere: somebody follows the catalogue.
        SettingsError: the URL is none that Tandem knows.
        CatalogError: the database failed.
    """
    url = database_url(url) if isinstance(url, str) else url
    log_id = uuid4().hex
    with opened(path, FORMAT, TABLES) as reader:
        try:
            replaced = _put(url, path, reader, log_id, replace=replace)
        except DatabaseDamaged:
            if is_server(url) or not replace:
                raise
            aside = _put_anew(Path(str(url.database)), path, reader, log_id)
            return Restored(reader.manifest, log_id, aside=aside)
        return Restored(reader.manifest, log_id, replaced)


def _put(
    url: sa.URL, path: Path, reader: BackupReader, log_id: str, *, replace: bool
) -> Replaced | None:
    engine = open_catalogue(url)
    try:
        if replace:
            _refuse_followed(engine)
        with in_order(engine) as (connection, head):
            take_time(connection)
            if not replace:
                _refuse_content(connection, head)
            replaced = _standing(connection) if replace else None
            _exchange(connection, path, reader, log_id)
    finally:
        engine.dispose()
    return replaced


def _put_anew(file: Path, path: Path, reader: BackupReader, log_id: str) -> Path:
    """Restore into a new file, which takes the damaged one's place when it is complete."""
    fresh = file.with_name(f".{file.name}.{uuid4().hex[:8]}.part")
    try:
        _put(file_url(fresh), path, reader, log_id, replace=False)
        return exchange(file, fresh)
    finally:
        remove(fresh)


def _refuse_followed(engine: sa.Engine) -> None:
    """Nobody who follows the catalogue may go on with what it was: an owner's beat moves."""
    before = _leases(engine)
    if not any(lease.owner for lease in before.values()):
        return
    time.sleep(WATCH_SECONDS)
    for name, lease in sorted(_leases(engine).items()):
        if lease.owner and lease != before.get(name):
            raise OwnedElsewhere(
                f"the catalogue {shown(engine.url)} is in use: {lease.owner} follows {name}, "
                "expected nobody",
                hint="stop that process (tandem follow), and restore again",
            )


def _leases(engine: sa.Engine) -> dict[str, Lease]:
    query = sa.select(
        CHECKPOINTS.c.index_name, CHECKPOINTS.c.owner, CHECKPOINTS.c.epoch, CHECKPOINTS.c.beat
    )
    with reading(engine) as connection:
        return {name: Lease(*rest) for name, *rest in connection.execute(query)}


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


def _standing(connection: sa.Connection) -> Replaced:
    """The catalogue as it is, dropped generations included: a crash may have left their indexes."""
    query = sa.select(GENERATIONS.c.collection, GENERATIONS.c.generation)
    generations = [
        tuple(row) for row in connection.execute(query.order_by(*query.selected_columns))
    ]
    return Replaced(
        str(connection.execute(sa.select(LOG.c.log_id)).scalar_one()),
        tuple(lexical_name(*generation) for generation in generations),
        tuple(vector_name(*generation) for generation in generations),
    )


def _exchange(connection: sa.Connection, path: Path, reader: BackupReader, log_id: str) -> None:
    query = sa.select(CHECKPOINTS.c.index_name, CHECKPOINTS.c.epoch)
    epochs = {row.index_name: row.epoch for row in connection.execute(query)}
    for name in TABLES:
        table = CATALOGUE.tables[name]
        batches = _batches(path, reader, table)
        if table is LOG:
            # never without its row: writers that wait for it go on with the new one
            for (row,) in batches:
                connection.execute(LOG.update().values({**row, "log_id": log_id}))
            continue
        connection.execute(table.delete())
        if table is FAILURES:
            continue  # of indexes that are gone
        for rows in batches:
            fenced = (
                [_fenced(row, epochs, log_id) for row in rows] if table is CHECKPOINTS else rows
            )
            connection.execute(table.insert(), fenced)


def _fenced(row: Mapping[str, Any], epochs: Mapping[str, int], log_id: str) -> dict[str, Any]:
    """A checkpoint of the new log that nobody holds, under an epoch that nobody has, and that
    trusts no index: one may hold, or lack, what came after the backup.
    """
    epoch = max(row["epoch"], epochs.get(row["index_name"], 0)) + 1
    anew = {"identity": "", "applied": 0, "log_id": log_id}
    return {**row, **anew, "owner": None, "epoch": epoch}


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
