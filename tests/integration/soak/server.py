"""``tandem serve`` as a process of its own, forked so that it starts quickly."""

import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tests.e2e.forking import Request, forks
from tests.e2e.shop import Shop
from tests.integration.soak.books import Books, examine

SERVING = "serving at "
PATIENCE_SECONDS = 120.0
LIFE_SECONDS = 1_800.0


class Memory(NamedTuple):
    """What is resident of a process, MiB: its own, and files that it has mapped, such as those of
    its indexes, which lie in memory here.
    """

    own: int
    mapped: int

    def __str__(self) -> str:
        return f"{self.own} MiB and {self.mapped} MiB of files"


@dataclass
class Server:
    """A server that runs, or has. ``code`` is how it ended."""

    pid: int = 0
    code: int | None = None
    address: str = ""
    _thread: threading.Thread | None = None
    _log: Path = field(default_factory=Path)

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._log.read_text("utf-8") if self._log.is_file() else ""

    @property
    def memory(self) -> Memory:
        """What it has in memory now."""
        status = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        sizes = dict(re.findall(r"^Rss(\w+):\s+(\d+) kB$", status, re.MULTILINE))
        own = int(sizes["Anon"])
        return Memory(own >> 10, (sum(map(int, sizes.values())) - own) >> 10)

    def is_there(self) -> bool:
        """Whether it has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def signalled(self, how: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, how)

    def ended(self) -> int:
        """Its exit code, once it has ended; minus the signal's number where one has ended it."""
        assert self._thread is not None
        self._thread.join(PATIENCE_SECONDS)
        if self.code is None:
            self.signalled(signal.SIGUSR1)
            time.sleep(1)
            pytest.fail(f"it goes on\n{self.said}")
        assert "Traceback" not in self.said, self.said
        return self.code


@contextmanager
def serving(shop: Shop, **extra: str) -> Iterator[Server]:
    """A server in that folder, once it listens; killed at the end if it has not ended by then. It
    has no address if it has killed itself before.
    """
    with tempfile.TemporaryDirectory() as name:
        server = Server(_log=Path(name) / "err")
        request = Request(
            ("serve", "--port", "0"),
            str(shop.folder),
            shop.environment(extra),
            str(Path(name) / "out"),
            str(server._log),
        )

        def born(pid: int) -> None:
            server.pid = pid

        def run() -> None:
            server.code = forks().run(request, LIFE_SECONDS, born)

        server._thread = threading.Thread(target=run, daemon=True)
        server._thread.start()
        try:
            server.address = _address(server)
            yield server
        finally:
            if server.is_there():
                with suppress(ProcessLookupError):
                    server.signalled(signal.SIGKILL)
                server._thread.join(PATIENCE_SECONDS)


def _address(server: Server) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        lines = [line for line in server.said.splitlines() if line.startswith(SERVING)]
        if lines:
            return lines[0].split()[2].rstrip(";")
        if not server.is_there():
            assert server.code == -signal.SIGKILL, server.said
            return ""
        assert time.monotonic() < until, f"it does not listen\n{server.said}"
        time.sleep(0.02)


def logs_examined(shop: Shop, books: Books) -> None:
    """Nothing serves: the logs hold what was acknowledged."""
    data = shop.folder / ".tandem"
    catalog = Catalog(file_url(data / "documents.sqlite"), file_url(data / "embeddings.sqlite"))
    try:
        examine(catalog, books)
    finally:
        catalog.close()


def examined(shop: Shop, books: Books) -> None:
    """The same, and both indexes hold what the log does."""
    logs_examined(shop, books)
    assert shop.done("verify", "--json").data["clean"]
