"""Embedded engines allow one owning process a data folder; this is the lock that says which."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import orjson

from tandem.errors import OwnedElsewhere

LOCK = "owner.lock"


class Ownership:
    """Held from construction to ``release``; the operating system releases it with the process."""

    def __init__(self, folder: Path, purpose: str) -> None:
        """Take the lock.

        Raises:
            OwnedElsewhere: another process holds it; the message names it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = (folder / LOCK).open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = self._owner()
            self._file.close()
            raise OwnedElsewhere(
                f"{folder} is in use by {owner}",
                hint="wait until it has finished, or stop it; "
                "embedded engines serve one process at a time",
            ) from None
        self._file.truncate(0)
        self._file.write(
            orjson.dumps({"pid": os.getpid(), "command": purpose, "since": datetime.now(UTC)})
        )
        self._file.flush()

    def _owner(self) -> str:
        self._file.seek(0)
        try:
            owner = orjson.loads(self._file.read())
            return f"process {owner['pid']} ({owner['command']}, since {owner['since'][:19]} UTC)"
        except (ValueError, KeyError, TypeError):
            return "another process"

    def release(self) -> None:
        """Give the folder back."""
        self._file.truncate(0)
        self._file.close()
