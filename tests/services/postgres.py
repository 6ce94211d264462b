"""A private PostgreSQL from Debian's packages, to be stopped, killed and paused by tests.

``initdb`` refuses root, so as root the server runs as ``postgres`` or ``nobody``.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from tests.services.requirement import missing

GIVEN = "TANDEM_TEST_POSTGRES_URL"
START_SECONDS = 30.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # tests kill the server, not the machine
    "fsync": "off",
    "full_page_writes": "off",
    # in the data folder, which is removed: who is killed leaves the others lying about
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "logging_collector": "off",
}


class PostgresNode:
    """One server with a data folder of its own, on a port of the loopback interface."""

    def __init__(self, programs: Path, folder: Path) -> None:
        """Make the data folder; nothing runs yet."""
        self._programs = programs
        self._folder = folder
        self._user = _server_user()
        self.password = secrets.token_hex(8)
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._make()

    @property
    def url(self) -> sa.URL:
        """The database that every server has."""
        return sa.URL.create(
            "postgresql+psycopg", "tandem", self.password, "127.0.0.1", self.port, "postgres"
        )

    def _make(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self.password)
        if self._user is not None:
            for path in (self._folder, secret):
                shutil.chown(path, self._user)
        arguments = ["--auth=scram-sha-256", "--username=tandem", f"--pwfile={secret}"]
        self._run("initdb", "--encoding=UTF8", "--locale=C", "--no-sync", *arguments)
        secret.unlink()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", **self._identity()
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _identity(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        entry = pwd.getpwnam(self._user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *settings]
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, f"-cport={self.port}"],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **self._identity(),
            )
        patience = time.monotonic() + START_SECONDS
        while True:
            try:
                connect(self.url).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > patience:
                    raise AssertionError((self._folder / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as an operator would: clients are disconnected, what they committed is kept."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the server and all its workers."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start, on the same data and port."""
        self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        process = self.process
        if process is None:
            return
        workers = _workers(process.pid)
        process.send_signal(how)
        if how is signal.SIGKILL:
            _signal(workers, how)
        process.wait(START_SECONDS)
        patience = time.monotonic() + START_SECONDS
        while any(map(_is_running, workers)) and time.monotonic() < patience:
            time.sleep(0.02)
        self.process = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """SIGSTOP to all of it meanwhile: the kernel still accepts connections, nobody answers."""
        assert self.process is not None
        # the server first, so that it starts no more workers
        _signal([self.process.pid], signal.SIGSTOP)
        everybody = [self.process.pid, *_workers(self.process.pid)]
        try:
            _signal(everybody, signal.SIGSTOP)
            yield
        finally:
            _signal(everybody, signal.SIGCONT)


def _workers(server: int) -> list[int]:
    """The processes that the server has started; each is a session of its own."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # after the name, which stands in brackets: state, parent
            if int(stat.read_text().rpartition(")")[2].split()[1]) == server:
                found.append(int(stat.parent.name))
    return found


def _signal(processes: list[int], how: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, how)


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # what has ended and is not reaped yet uses nothing


def connect(url: sa.URL) -> "psycopg.Connection[Any]":
    """A connection of one's own, beside the catalogue's."""
    return psycopg.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password,
        dbname=url.database,
        autocommit=True,
        connect_timeout=3,
    )


def create_database(server: sa.URL, *, encoding: str = "UTF8") -> sa.URL:
    """A new empty database on the server."""
    name = f"tandem_test_{secrets.token_hex(6)}"
    with connect(server) as connection:
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {} ENCODING {} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
            ).format(sql.Identifier(name), sql.Literal(encoding))
        )
    return server.set(database=name)


def empty_database(url: sa.URL) -> None:
    """As it was when it was made, whoever still uses it; a third of the work of a new one."""
    with connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        name = sql.Identifier(str(url.database))
        connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))


def drop_database(url: sa.URL) -> None:
    """Remove a database, whoever still uses it."""
    with connect(url.set(database="postgres")) as connection:
        name = sql.Identifier(str(url.database))
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def programs() -> Path:
    """The folder of the newest server's programs; without one the test is skipped, or fails."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if not found:
        missing("no PostgreSQL server is installed: apt install postgresql")
    return found[-1].parent


@contextmanager
def private_node() -> Iterator[PostgresNode]:
    """A running server in a temporary folder, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tandem-postgres-") as name:
        node = PostgresNode(programs(), Path(name))
        try:
            node.start()
            yield node
        finally:
            node.kill()


def _server_user() -> str | None:
    """Whom the server runs as; ``None`` is whoever runs the tests."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    found = [name for name in ("postgres", "nobody") if name in known]
    if not found:
        missing("PostgreSQL does not run as root, and there is no user postgres or nobody")
    return found[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
