"""PostgreSQL as the catalogue needs it: durable commits, and an answer or an error within seconds.

A server's own timeouts do not help where the server itself hangs, so the client watches the clock
too: a connection that stays silent for too long is closed.
"""

import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

CONNECT_SECONDS = 3
PING_SECONDS = 2.0
"""How long an idle connection may be silent when it is asked whether it still lives."""

STATEMENT_SECONDS = 15
LOCK_SECONDS = 10
IDLE_SECONDS = 60
"""How long a client may do nothing amid a transaction: a paused one would block every writer."""

SILENCE_SECONDS = STATEMENT_SECONDS + 2.0
CREATING = 0x7461_6E64_656D
"""The advisory lock under which tables are made."""

SESSION = (
    f"SET statement_timeout = '{STATEMENT_SECONDS}s'",
    f"SET lock_timeout = '{LOCK_SECONDS}s'",
    f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'",
)


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that waits at most ``silence_seconds`` for the next sign of the server; ``None``
    waits for ever.
    """

    silence_seconds: float | None = PING_SECONDS

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """As psycopg's own, which it gives the steps of ``gen`` to.

        Raises:
            psycopg.OperationalError: the server kept silent; the connection is closed.
        """
        if self.silence_seconds is not None:
            gen = _watched(gen, self.silence_seconds)
        try:
            return super().wait(gen, *arguments, **options)
        except _SilentServer:
            self.close()
            raise


class _SilentServer(psycopg.OperationalError):
    pass


def _watched(steps: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    """The same steps. psycopg sends 0 every tenth of a second in which nothing came."""
    patience = time.monotonic() + seconds
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if ready:
                patience = time.monotonic() + seconds
            elif time.monotonic() > patience:
                raise _SilentServer(f"the server has not answered for {seconds:g} seconds")
            wanted = steps.send(ready)
    except StopIteration as end:
        return end.value


def open_engine(url: sa.URL, *, is_durable: bool = True) -> sa.Engine:
    """An engine for the database; nothing is asked of the server yet. A commit that need not be
    ``is_durable`` does not wait for the server's disk: a crash of the server may undo it.
    """
    chosen: dict[str, Any] = {"client_encoding": "utf8"}
    if "connect_timeout" not in url.query:
        chosen["connect_timeout"] = CONNECT_SECONDS
    engine = sa.create_engine(
        url,
        connect_args=chosen,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=LOCK_SECONDS,
        use_native_hstore=False,
    )
    sa.event.listen(engine, "do_connect", _connect)
    sa.event.listen(engine, "connect", _prepare(is_durable=is_durable))
    sa.event.listen(engine, "checkout", _trust)
    sa.event.listen(engine, "checkin", _doubt)
    return engine


def _connect(
    _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]
) -> WatchedConnection:
    return WatchedConnection.connect(*arguments, **options)


def _prepare(*, is_durable: bool) -> Callable[[Any, Any], None]:
    durability = f"SET synchronous_commit = {'on' if is_durable else 'off'}"

    def prepare(connection: Any, _record: Any) -> None:
        for setting in (durability, *SESSION):
            connection.execute(setting)
        connection.commit()

    return prepare


def _trust(connection: Any, _record: Any, _proxy: Any) -> None:
    connection.silence_seconds = SILENCE_SECONDS


def _doubt(connection: Any, _record: Any) -> None:
    if connection is not None:
        connection.silence_seconds = PING_SECONDS


def without_timeouts(connection: sa.Connection) -> None:
    """Let this transaction's statements, and the pauses between them, take as long as they need."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    watched: Any = connection.connection.dbapi_connection
    watched.silence_seconds = None


def lock_creation(connection: sa.Connection) -> None:
    """Until the transaction ends, no other process makes tables."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATING)))


def server_encoding(connection: sa.Connection) -> str:
    """The database's encoding, such as ``UTF8``."""
    return str(connection.exec_driver_sql("SHOW server_encoding").scalar())


def bytes_held(connection: sa.Connection, tables: Sequence[str]) -> int:
    """How much room tables take on the server's disk, with their indexes."""
    sizes = (sa.func.pg_total_relation_size(table) for table in tables)
    return sum(int(size) for size in connection.execute(sa.select(*sizes)).one())
