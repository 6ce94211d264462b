"""Embedded engines allow one owning process a data folder; this is the lock that says which."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import orjson

from tandem.errors import OwnedElsewhere, SettingsError

LOCK = "owner.lock"


class Ownership:
    """Held from construction to ``release``; the operating system releases it with the process."""

    def __init__(self, folder: Path, purpose: str) -> None:
        """Take the lock.

        Raises:
            OwnedElsewhere: another process holds it; the message names it.
            SettingsError: the folder cannot be made, or not be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = (folder / LOCK).open("a+b")
        except (OSError, ValueError) as error:
            raise _unusable(folder, error) from None
        try:
            self._take(folder, purpose)
        except BaseException:
            self._file.close()
            raise

    def _take(self, folder: Path, purpose: str) -> None:
        note = {"pid": os.getpid(), "command": purpose, "since": datetime.now(UTC)}
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.truncate(0)
            self._file.write(orjson.dumps(note))
            self._file.flush()
        except BlockingIOError:
            raise OwnedElsewhere(
                f"{folder} is in use by {self._owner()}",
                hint="wait until it has finished, or stop it; "
                "embedded engines serve one process at a time",
            ) from None
        except OSError as error:
            raise _unusable(folder, error) from None

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


def _unusable(folder: Path, error: Exception) -> SettingsError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    if isinstance(error, FileExistsError):
        reason = "what is there is no folder"
    return SettingsError(
        f"the data folder {folder} cannot be used: {reason}",
        hint="name a folder that can be written to: --data-dir FOLDER",
    )
