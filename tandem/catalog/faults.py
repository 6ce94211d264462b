"""What a database says when it fails, in the catalogue's words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tandem.errors import CatalogError

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
AGAIN = "then run the command again; what was accepted so far is kept"
HINTS = {
    sqlite3.SQLITE_FULL: f"make room on the disk, {AGAIN}",
    sqlite3.SQLITE_BUSY: f"another process holds the file; wait for it or stop it, {AGAIN}",
    sqlite3.SQLITE_LOCKED: f"another process holds the file; wait for it or stop it, {AGAIN}",
    sqlite3.SQLITE_READONLY: f"allow writing to the file and its folder, {AGAIN}",
    sqlite3.SQLITE_PERM: f"allow reading and writing the file, {AGAIN}",
    sqlite3.SQLITE_CANTOPEN: f"allow reading and writing the file and its folder, {AGAIN}",
    sqlite3.SQLITE_IOERR: f"see whether the disk is full or failing, {AGAIN}",
    sqlite3.SQLITE_CORRUPT: "restore the file from a backup; the indexes are built from it",
    sqlite3.SQLITE_NOTADB: "restore the file from a backup; the indexes are built from it",
}
"""What to do next, by SQLite's primary result code."""


class DatabaseDamaged(CatalogError):
    """The file is no database, or one with broken pages."""


@contextmanager
def translated(url: sa.URL) -> Iterator[None]:
    """Turn a failure of the database at ``url`` into an error with a hint.

    Raises:
        DatabaseDamaged: its content is broken.
        CatalogError: anything else: no room, no permission, locked for too long.
    """
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", -1) & 0xFF
        kind = DatabaseDamaged if code in DAMAGED else CatalogError
        hint = HINTS.get(code, f"see whether the file is Tandem's and the disk in order, {AGAIN}")
        raise kind(f"the catalogue {url.database} cannot be used: {cause}", hint=hint) from error
