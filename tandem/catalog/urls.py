"""Which databases a catalogue may live in, and how one is named without its password."""

from pathlib import Path

import sqlalchemy as sa

from tandem.errors import SettingsError

POSTGRESQL = "postgresql+psycopg"
EXAMPLES = (
    "use sqlite:///PATH, sqlite: for a file in the data folder, "
    "or postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE"
)


def database_url(text: str) -> sa.URL:
    """The URL of a catalogue, as a setting gives it: ``sqlite:///PATH`` or
    ``postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE``.

    Raises:
        SettingsError: the URL is of another kind, or of a database that nobody would keep.
    """
    scheme = text.partition(":")[0]
    if scheme not in ("sqlite", POSTGRESQL):
        raise _refused(f"no database {scheme!r} is built in")
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise _refused("the URL cannot be read") from None
    if scheme == "sqlite":
        _check_file(url)
    else:
        _check_server(url)
    return url


def file_url(file: Path) -> sa.URL:
    """The URL of a SQLite file, whatever characters its path has."""
    return sa.URL.create("sqlite", database=str(file))


def events_url(documents: sa.URL) -> sa.URL:
    """Where a catalogue's event log is: in the same database on a server, else in a file beside
    the documents: ``events.sqlite``, or ``NAME-events.sqlite`` where they are not
    ``documents.sqlite``.
    """
    return _beside(documents, "events")


def frozen_url(documents: sa.URL) -> sa.URL:
    """As ``events_url``, of the rankings that cursors page through: ``pages.sqlite``."""
    return _beside(documents, "pages")


def is_server(url: sa.URL) -> bool:
    """Whether a server keeps the database: then several hosts may use it at once."""
    return url.get_backend_name() == "postgresql"


def shown(url: sa.URL) -> str:
    """The database in words: a file's path, or ``DATABASE at HOST:PORT``. Never a password."""
    if not is_server(url):
        return str(url.database)
    return f"{url.database} at {url.host}:{url.port or 5432}"


def _beside(documents: sa.URL, what: str) -> sa.URL:
    if is_server(documents):
        return documents
    file = Path(str(documents.database))
    begin = "" if file.stem == "documents" else f"{file.stem}-"
    return file_url(file.with_name(f"{begin}{what}{file.suffix}"))


def _check_file(url: sa.URL) -> None:
    if url.host or url.username or url.port or url.query:
        raise _refused("sqlite takes a path and nothing else")
    if not url.database or url.database == ":memory:":
        raise _refused("the URL names no file, so nothing would be kept")


def _check_server(url: sa.URL) -> None:
    if not url.host or not url.database:
        missing = "database" if url.host else "host"
        raise _refused(f"the URL names no {missing}")
    if "password" in url.query:
        # what stands behind the question mark is shown where a password is hidden
        raise _refused("the password belongs before the host, not behind the question mark")


def _refused(reason: str) -> SettingsError:
    return SettingsError(f"engines.catalog: {reason}", hint=EXAMPLES)
