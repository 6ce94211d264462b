"""The key by which commands of this machine ask the server that owns the data folder.

It lies beside the catalogue, for its owner alone: whoever can read it could read that too.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from tandem.errors import SettingsError

FILE = "owner.key"


def make_local_key(folder: Path) -> str:
    """A fresh one, in place of that of an earlier server.

    Raises:
        SettingsError: it cannot be written.
    """
    key = secrets.token_urlsafe(32)
    part = folder / f".{FILE}.part"
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
        part.replace(folder / FILE)
    except OSError as error:
        raise SettingsError(
            f"{folder / FILE} cannot be written: {error.strerror}",
            hint="name a data folder that can be written to: --data-dir FOLDER",
        ) from None
    return key


def find_local_key(folder: Path) -> str | None:
    """That of the server that owns the folder, if this user may read it."""
    try:
        return (folder / FILE).read_text()
    except OSError:
        return None
