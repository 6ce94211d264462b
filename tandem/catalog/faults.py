"""What a database says when it fails, in the catalogue's words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tandem.catalog.event_tables import BEHAVIOUR
from tandem.catalog.urls import is_server, shown
from tandem.errors import CatalogError

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
AGAIN = "then run the command again; what was accepted so far is kept"
FILE_BACKUP = (
    "put a backup in its place: tandem restore --replace FILE; the indexes are built from it"
)
FILE_AWAY = (
    "stop what runs and move {name} away, with {name}-wal and {name}-shm: an empty log is begun; "
    "the documents are untouched"
)
HINTS = {
    sqlite3.SQLITE_FULL: f"make room on the disk, {AGAIN}",
    sqlite3.SQLITE_BUSY: f"another process holds the file; wait for it or stop it, {AGAIN}",
    sqlite3.SQLITE_LOCKED: f"another process holds the file; wait for it or stop it, {AGAIN}",
    sqlite3.SQLITE_READONLY: f"allow writing to the file and its folder, {AGAIN}",
    sqlite3.SQLITE_PERM: f"allow reading and writing the file, {AGAIN}",
    sqlite3.SQLITE_CANTOPEN: f"allow reading and writing the file and its folder, {AGAIN}",
    sqlite3.SQLITE_IOERR: f"see whether the disk is full or failing, {AGAIN}",
}
"""What to do next, by SQLite's primary result code."""

SERVER_HINTS = {
    "28P01": "correct the user and password in engines.catalog",
    "28000": "allow this user and host in the server's pg_hba.conf, or correct engines.catalog",
    "3D000": "create the database: createdb -E UTF8 NAME; or correct its name in engines.catalog",
    "42501": "grant this user the right to create and to change tables there",
    "53100": f"make room on the server's disk, {AGAIN}",
    "53300": f"let fewer processes connect, or raise the server's max_connections, {AGAIN}",
    "55P03": f"another writer holds the catalogue; wait for it or stop it, {AGAIN}",
    "57014": f"see what keeps the server busy, {AGAIN}",
    "57P03": f"the server is starting or stopping; wait for it, {AGAIN}",
    "25006": "name the primary server in engines.catalog: this one only lets itself be read",
    "25P03": f"this process was paused amid a transaction, which was undone; {AGAIN}",
}
"""What to do next, by PostgreSQL's SQLSTATE."""

NO_ANSWER = f"see whether PostgreSQL runs and can be reached from here, {AGAIN}"
POOL_EXHAUSTED = f"this process does too much at once; let fewer things run in it, {AGAIN}"
SERVER_DAMAGED = ("XX001", "XX002")
SERVER_BACKUP = (
    "create an empty database, name it in engines.catalog and put a backup into it: "
    "tandem restore FILE; the indexes are built from it"
)


TITLE = "tandem_title"
"""The engine's option that says what its database is called in errors."""


class DatabaseDamaged(CatalogError):
    """The file is no database, or one with broken pages; ``url`` names it."""

    def __init__(self, message: str, *, hint: str = "", url: sa.URL) -> None:
        super().__init__(message, hint=hint)
        self.url = url


@contextmanager
def translated(engine: sa.Engine) -> Iterator[None]:
    """Turn a failure of the engine's database into an error with a hint; no password is in it.

    Raises:
        DatabaseDamaged: its content is broken.
        CatalogError: anything else: no answer, no room, no permission, locked for too long.
    """
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        url, cause = engine.url, error.orig if isinstance(error, sa.exc.DBAPIError) else error
        hint = _server_hint(error, cause) if is_server(url) else _file_hint(cause)
        reason = _without_password(" ".join(str(cause).split()), url)
        message = f"the {_title(engine)} {shown(url)} cannot be used: {reason}"
        if hint is None:
            raise damaged(engine, message) from error
        raise CatalogError(message, hint=hint) from error


def damaged(engine: sa.Engine, message: str) -> DatabaseDamaged:
    """The error for a database whose content is broken, with what to do next."""
    url = engine.url
    if is_server(url):
        hint = SERVER_BACKUP
    elif _title(engine) == BEHAVIOUR.title:
        hint = FILE_AWAY.format(name=Path(str(url.database)).name)
    else:
        hint = FILE_BACKUP
    return DatabaseDamaged(message, hint=hint, url=url)


def _title(engine: sa.Engine) -> str:
    return str(engine.get_execution_options().get(TITLE, "catalogue"))


def _file_hint(cause: BaseException | None) -> str | None:
    """What to do next; ``None`` where the database is damaged."""
    code = getattr(cause, "sqlite_errorcode", -1) & 0xFF
    if code in DAMAGED:
        return None
    return HINTS.get(code, f"see whether the file is Tandem's and the disk in order, {AGAIN}")


def _server_hint(error: sa.exc.SQLAlchemyError, cause: BaseException | None) -> str | None:
    """As ``_file_hint``."""
    state = getattr(cause, "sqlstate", None) or _state_in_words(str(cause))
    if state in SERVER_DAMAGED:
        return None
    if state in SERVER_HINTS:
        return SERVER_HINTS[state]
    if isinstance(error, sa.exc.TimeoutError):
        return POOL_EXHAUSTED
    # class 08 is the connection, 57P the server going away; without a state nobody answered
    if isinstance(error, sa.exc.OperationalError) and (state or "08").startswith(("08", "57P")):
        return NO_ANSWER
    return f"see whether the database is Tandem's and in order, {AGAIN}"


def _state_in_words(text: str) -> str | None:
    """What refused a connection: the driver passes on the server's words and not its code."""
    said = {
        "password authentication failed": "28P01",
        "no password supplied": "28P01",
        "no pg_hba.conf entry": "28000",
        "does not exist": "3D000",
        "too many clients": "53300",
        "remaining connection slots": "53300",
        "starting up": "57P03",
        "shutting down": "57P03",
    }
    return next((state for words, state in said.items() if words in text), None)


def _without_password(text: str, url: sa.URL) -> str:
    return text.replace(str(url.password), "***") if url.password else text
