"""The nursery from outside: follower processes that a test starts, watches, kills and pauses."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tests.integration.faults.nursery import Order

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 60.0


class FollowerProcess:
    """One child of the nursery."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid = pid
        self._nursery = nursery

    def has_said(self, word: str) -> bool:
        """Whether it told so already."""
        return word in self._nursery.said[self.pid]

    def await_word(self, word: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until it tells so."""
        until = time.monotonic() + seconds
        while not self.has_said(word):
            if word != "died":
                assert not self.has_said("died"), f"{self.pid} died before {word}"
            assert time.monotonic() < until, f"{self.pid} has said {self._nursery.said[self.pid]}"
            time.sleep(0.01)

    def await_stopped(self) -> None:
        """Wait until the whole process stands still."""
        self.await_word("paused")
        stat = Path(f"/proc/{self.pid}/stat")
        until = time.monotonic() + PATIENCE_SECONDS
        while stat.read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < until
            time.sleep(0.01)

    def send(self, what: signal.Signals) -> None:
        """A signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, what)

    def kill(self) -> None:
        """SIGKILL; it is dead on return."""
        self.send(signal.SIGKILL)
        self.await_word("died")

    def end(self) -> None:
        """In good order: leases are given back."""
        self.send(signal.SIGTERM)
        self.await_word("died")


class Nursery:
    """Starts followers of one house."""

    def __init__(self, process: "subprocess.Popen[bytes]", settings: str) -> None:
        self.said: defaultdict[int, list[str]] = defaultdict(list)
        self._process = process
        self._settings = settings
        self._born: list[int] = []
        self._children: list[FollowerProcess] = []
        assert process.stdout is not None
        self._listener = threading.Thread(target=self._listen, args=(process.stdout,), daemon=True)
        self._listener.start()

    def _listen(self, lines: IO[bytes]) -> None:
        for line in lines:
            pid, _, word = line.decode().rstrip("\n").partition(" ")
            self.said[int(pid)].append(word)
            if word == "born":
                self._born.append(int(pid))

    def start(self, **order: object) -> FollowerProcess:
        """One more; see ``Order``."""
        wanted = len(self._children) + 1
        assert self._process.stdin is not None
        given: dict[str, object] = {"settings": self._settings, **order}
        self._process.stdin.write(Order(**given).encoded())  # type: ignore[arg-type]
        self._process.stdin.flush()
        until = time.monotonic() + PATIENCE_SECONDS
        while len(self._born) < wanted:
            assert time.monotonic() < until, "the nursery bears nobody"
            time.sleep(0.005)
        self._children.append(FollowerProcess(self, self._born[-1]))
        return self._children[-1]

    def close(self) -> None:
        """End everybody who is left, at once."""
        for child in self._children:
            if not child.has_said("died"):
                child.send(signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        self._listener.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def nursery(settings: str, log: Path) -> Iterator[Nursery]:
    """A nursery for the house of these settings, JSON; what its children complain of is in ``log``,
    and shown when the block fails.
    """
    with log.open("wb") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.faults.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        made = Nursery(process, settings)
        try:
            yield made
        except BaseException:
            sys.stdout.write(log.read_text(errors="replace")[-6_000:])
            raise
        finally:
            made.close()
