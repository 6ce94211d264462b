"""Embedded engines allow one owning process a data folder; this is the lock that says which."""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import orjson

from tandem.errors import OwnedElsewhere, SettingsError

LOCK = "owner.lock"
LASTING = ("tandem follow", "tandem serve")
"""What follows the log until somebody stops it."""

TRIES, TRY_SECONDS = 5, 0.01


class Ownership:
    """Held from construction to ``release``; the operating system releases it with the process."""

    def __init__(self, folder: Path, purpose: str, *, follows: bool = False) -> None:
        """Take the lock. ``follows``: the owner follows the log for as long as it lives, so that
        others may write into the log beside it.

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
            self._take(folder, purpose, follows=follows)
        except BaseException:
            self._file.close()
            raise

    def _take(self, folder: Path, purpose: str, *, follows: bool) -> None:
        note = {
            "pid": os.getpid(),
            "command": purpose,
            "since": datetime.now(UTC),
            "follows": follows,
        }
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write(note)
        except BlockingIOError:
            owner = self._note()
            raise OwnedElsewhere(
                f"{folder} is in use by {_described(owner)}",
                hint=_hint(owner),
                follows=owner.get("follows") is True,
                address=_text(owner, "address"),
                collection=_text(owner, "collection"),
            ) from None
        except OSError as error:
            raise _unusable(folder, error) from None

    def tell(self, address: str, collection: str) -> None:
        """Let whoever finds the folder in use know the URL under which this process answers, and
        over which collection. Where that cannot be written, they are told of the process alone.
        """
        before = self._own
        try:
            self._write({**before, "address": address, "collection": collection})
        except OSError as error:
            logging.getLogger("tandem.catalog").warning(
                "%s: the address is not told: %s", self._file.name, error
            )
            with suppress(OSError):
                self._write(before)

    def _write(self, note: Mapping[str, Any]) -> None:
        """In place of what stands there. Without a buffer: what it kept of a failure would be tried
        again with the next note.
        """
        self._own = note
        content = orjson.dumps(note)
        self._file.truncate(0)
        if os.write(self._file.fileno(), content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _note(self) -> dict[str, Any]:
        """What the owner left about itself; empty where it cannot be read."""
        for _ in range(TRIES):
            self._file.seek(0)
            with suppress(ValueError):
                note = orjson.loads(self._file.read())
                return note if isinstance(note, dict) else {}
            time.sleep(TRY_SECONDS)  # it may be just writing it
        return {}

    def release(self) -> None:
        """Give the folder back."""
        self._file.truncate(0)
        self._file.close()


def is_owned(folder: Path) -> bool:
    """Whether a process owns the folder now."""
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def owner_of(folder: Path) -> str | None:
    """Which process owns the folder now, in words; ``None`` if none does."""
    if not is_owned(folder):
        return None
    try:
        note = orjson.loads((folder / LOCK).read_bytes())
    except (OSError, ValueError):
        note = {}
    return _described(note)


def _described(note: Mapping[str, Any]) -> str:
    try:
        return f"process {note['pid']} ({note['command']}, since {note['since'][:19]} UTC)"
    except (KeyError, TypeError):
        return "another process"


def _text(note: Mapping[str, Any], name: str) -> str | None:
    told = note.get(name)
    return told if isinstance(told, str) else None


def _hint(note: Mapping[str, Any]) -> str:
    one = "embedded engines serve one process at a time"
    if note.get("command") in LASTING:
        return (
            f"{one}: stop it for this; beside it work tandem index, reindex, promote, rollback, "
            "verify, releases, backup and status, and beside tandem serve search too"
        )
    return f"wait until it has finished, or stop it; {one}"


def _unusable(folder: Path, error: Exception) -> SettingsError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    if isinstance(error, FileExistsError):
        reason = "what is there is no folder"
    return SettingsError(
        f"the data folder {folder} cannot be used: {reason}",
        hint="name a folder that can be written to: --data-dir FOLDER",
    )
