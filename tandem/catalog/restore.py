"""A backup put into the place of a catalogue: SQLite or PostgreSQL."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from tandem.catalog.aside import exchange, remove
from tandem.catalog.backup_file import BackupReader, Manifest, Readable, opened
from tandem.catalog.backup_rows import batches, tables_of
from tandem.catalog.database import database_url, file_url, reading, take_time
from tandem.catalog.event_tables import BEHAVIOUR
from tandem.catalog.faults import DatabaseDamaged, translated
from tandem.catalog.generations import lexical_name, vector_name
from tandem.catalog.leases import Lease
from tandem.catalog.logs import Log
from tandem.catalog.opening import open_catalogue, open_log
from tandem.catalog.order import in_order
from tandem.catalog.tables import CHECKPOINTS, CONTENT, FAILURES, GENERATIONS, LOG
from tandem.catalog.urls import events_url, is_server, shown
from tandem.errors import InputError, OwnedElsewhere

READABLE = Readable(CONTENT.readable, BEHAVIOUR.readable)

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
    """What a restore did. The document log has the new id ``log_id``; the backed up one's is in the
    ``manifest``. ``aside`` is where damaged files are now; of a damaged catalogue nothing is known
    that was ``replaced``.
    """

    manifest: Manifest
    log_id: str
    replaced: Replaced | None = None
    aside: tuple[Path, ...] = ()


def restore(url: sa.URL | str, path: Path, *, replace: bool = False) -> Restored:
    """Put a backup into the catalogue at ``url``, and into its event log; they are made if they are
    not there. Each log in one transaction, which ends when both are complete: after an error
    everything is as it was.

    Both logs keep their sequences and get new ids. The documents' one that was backed up may live
    on, and both may name the same servers, where indexes are told apart by it. Every index begins
    from zero. Nobody holds one, and a follower from before can move nothing. A damaged SQLite file
    is moved aside when ``replace`` is set.

    Raises:
        InputError: the file cannot be trusted, or the catalogue holds something and ``replace`` is
            not set.
        OwnedElsewhere: somebody follows the catalogue.
        SettingsError: the URL is none that Tandem knows.
        CatalogError: the database failed.
    """
    url = database_url(url) if isinstance(url, str) else url
    anew: set[sa.URL] = set()
    with opened(path, READABLE, tables_of) as reader:
        while True:
            try:
                return _put(url, path, reader, replace=replace, anew=anew)
            except DatabaseDamaged as damage:
                is_own = damage.url in {url, events_url(url)} - anew
                if is_server(url) or not replace or not is_own:
                    raise
                anew.add(damage.url)


def _put(
    url: sa.URL, path: Path, reader: BackupReader, *, replace: bool, anew: Collection[sa.URL]
) -> Restored:
    """``anew`` names what is damaged: a new file is to take its place."""
    if replace and url not in anew:
        _refuse_followed(url)
    replaced, log_id = None, uuid4().hex
    aside: list[Path] = []
    with (
        _place(CONTENT, url, anew, aside) as (content, head),
        _place(BEHAVIOUR, events_url(url), anew, aside) as (behaviour, event_head),
    ):
        if not replace:
            _refuse_content(content, CONTENT, head)
            _refuse_content(behaviour, BEHAVIOUR, event_head)
        elif url not in anew:
            replaced = _standing(content)
        _exchange(content, CONTENT, path, reader, log_id)
        _exchange(behaviour, BEHAVIOUR, path, reader, uuid4().hex)
    return Restored(reader.manifest, log_id, replaced, tuple(aside))


@contextmanager
def _place(
    log: Log, url: sa.URL, anew: Collection[sa.URL], aside: list[Path]
) -> Iterator[tuple[sa.Connection, int]]:
    """The transaction in which a log is filled, and the log's head. With ``anew`` it is one in a
    new file, which takes the damaged one's place when it is complete.
    """
    if url not in anew:
        with _opened(log, url) as found:
            yield found
        return
    file = Path(str(url.database))
    fresh = file.with_name(f".{file.name}.{uuid4().hex[:8]}.part")
    try:
        with _opened(log, file_url(fresh)) as found:
            yield found
        aside.append(exchange(file, fresh))
    finally:
        remove(fresh)


@contextmanager
def _opened(log: Log, url: sa.URL) -> Iterator[tuple[sa.Connection, int]]:
    engine = open_log(url, log)
    try:
        with in_order(engine, log.head) as (connection, head):
            take_time(connection)
            yield connection, head
    finally:
        engine.dispose()


def _refuse_followed(url: sa.URL) -> None:
    """Nobody who follows the catalogue may go on with what it was: an owner's beat moves."""
    engine = open_catalogue(url)
    try:
        before = _leases(engine)
        if not any(lease.owner for lease in before.values()):
            return
        time.sleep(WATCH_SECONDS)
        after = _leases(engine)
    finally:
        engine.dispose()
    for name, lease in sorted(after.items()):
        if lease.owner and lease != before.get(name):
            raise OwnedElsewhere(
                f"the catalogue {shown(url)} is in use: {lease.owner} follows {name}, "
                "expected nobody",
                hint="stop that process (tandem follow), and restore again",
            )


def _leases(engine: sa.Engine) -> dict[str, Lease]:
    query = sa.select(
        CHECKPOINTS.c.index_name, CHECKPOINTS.c.owner, CHECKPOINTS.c.epoch, CHECKPOINTS.c.beat
    )
    with reading(engine) as connection:
        return {name: Lease(*rest) for name, *rest in connection.execute(query)}


def _refuse_content(connection: sa.Connection, log: Log, head: int) -> None:
    url = connection.engine.url
    with translated(connection.engine):
        held = [
            name
            for name, table in sorted(log.tables.tables.items())
            if table is not log.head
            and connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).scalar()
        ]
    if held or head:
        raise InputError(
            f"the {log.title} {shown(url)} is not empty: its log ends at {head}, "
            f"and there are {', '.join(held) or 'no rows'}",
            hint="restore into an empty data folder or database, or add --replace to lose it",
        )


def _standing(connection: sa.Connection) -> Replaced:
    """The catalogue as it is, dropped generations included: a crash may have left their indexes."""
    query = sa.select(GENERATIONS.c.collection, GENERATIONS.c.generation)
    with translated(connection.engine):
        generations = [
            tuple(row) for row in connection.execute(query.order_by(*query.selected_columns))
        ]
        log_id = connection.execute(sa.select(LOG.c.log_id)).scalar_one()
    return Replaced(
        str(log_id),
        tuple(lexical_name(*generation) for generation in generations),
        tuple(vector_name(*generation) for generation in generations),
    )


def _exchange(
    connection: sa.Connection, log: Log, path: Path, reader: BackupReader, log_id: str
) -> None:
    with translated(connection.engine):  # not told of the other log's database
        epochs = _epochs(connection) if log is CONTENT else {}
        for _, table in sorted(log.tables.tables.items()):
            found = batches(path, reader, log, table)
            if table is log.head:
                # never without its row: writers that wait for it go on with the new one
                own = {"log_id": log_id, "format": log.format}
                for (row,) in found:
                    connection.execute(table.update().values({**row, **own}))
                continue
            connection.execute(table.delete())
            if table is FAILURES:
                continue  # of indexes that are gone
            for rows in found:
                fenced = (
                    [_fenced(row, epochs, log_id) for row in rows] if table is CHECKPOINTS else rows
                )
                connection.execute(table.insert(), fenced)


def _epochs(connection: sa.Connection) -> dict[str, int]:
    query = sa.select(CHECKPOINTS.c.index_name, CHECKPOINTS.c.epoch)
    return {row.index_name: row.epoch for row in connection.execute(query)}


def _fenced(row: Mapping[str, Any], epochs: Mapping[str, int], log_id: str) -> dict[str, Any]:
    """A checkpoint of the new log that nobody holds, under an epoch that nobody has, and that
    trusts no index: one may hold, or lack, what came after the backup.
    """
    epoch = max(row["epoch"], epochs.get(row["index_name"], 0)) + 1
    anew = {"identity": "", "applied": 0, "log_id": log_id}
    return {**row, **anew, "owner": None, "epoch": epoch}
