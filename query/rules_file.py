"""The file of rules, as it is now: read again when it changes, without a restart."""

import threading
import time
from pathlib import Path
from typing import NamedTuple

from query.rules import NO_RULES, Rules
from query.rules_reading import MAXIMUM_BYTES, read_rules
from tandem.errors import SettingsError
from tandem.telemetry import logger

LOOK_SECONDS = 1.0
"""How often the file is looked at, at most."""

SETTLED_SECONDS = 2.0
"""A file that was changed less than this ago may be changed again within the same tick of its
clock: it is read once more.
"""


class _Stamp(NamedTuple):
    """What changes with a file's content."""

    inode: int
    bytes: int
    changed_ns: int


class RulesFile:
    """The rules in force. Who asks looks at the file; the others meanwhile have the rules as they
    were. Thread-safe.
    """

    def __init__(self, path: Path | None) -> None:
        """``None`` stands for no rules.

        Raises:
            SettingsError: the file cannot be read, or is broken.
        """
        self._path = path
        self._lock = threading.Lock()
        self._rules = NO_RULES
        self._content = b""
        self._verdict: SettingsError | None = None
        self._stamp: _Stamp | None = None
        self._looked = time.monotonic()
        self.fault: str | None = None
        """What is wrong with the file as it is now; the rules before it stay in force."""
        if path is not None:
            self._look(path)

    def current(self) -> Rules:
        """The rules in force."""
        path = self._path
        if path is None or time.monotonic() - self._looked < LOOK_SECONDS:
            return self._rules
        if self._lock.acquire(blocking=False):
            try:
                self._looked = time.monotonic()
                self._take_up(path)
            finally:
                self._lock.release()
        return self._rules

    def _take_up(self, path: Path) -> None:
        try:
            self._look(path)
            self.fault = None
        except SettingsError as error:
            told = str(error)
            if told != self.fault:
                logger("query").warning("%s; the rules before stay in force", told)
            self.fault = told

    def _look(self, path: Path) -> None:
        """Read the file if it has changed."""
        try:
            status = path.stat()
            stamp = _Stamp(status.st_ino, status.st_size, status.st_mtime_ns)
            content = self._content if stamp == self._stamp else _beginning(path)
        except OSError as error:
            raise SettingsError(
                f"{path}: cannot be read: {error.strerror}",
                hint="see the setting search.rules; unset it where there are no rules",
            ) from None
        is_settled = time.time() - status.st_mtime > SETTLED_SECONDS
        self._stamp = stamp if is_settled else None
        if content != self._content:
            self._read(content, path)
        if self._verdict is not None:
            raise SettingsError(str(self._verdict), hint=self._verdict.hint)

    def _read(self, content: bytes, path: Path) -> None:
        self._content, self._verdict = content, None
        try:
            self._rules = read_rules(content, str(path))
        except SettingsError as error:
            self._verdict = error
            return
        logger("query").info("the rules of %s are in force", path)


def _beginning(path: Path) -> bytes:
    """All of it, or enough to see that it is too large."""
    with path.open("rb") as file:
        return file.read(MAXIMUM_BYTES + 1)
