"""One process at a time writes a file."""

import fcntl
from pathlib import Path
from typing import BinaryIO

from tandem.errors import InputError


def hold(path: Path, file: BinaryIO) -> None:
    """Until the file is closed, or the process is gone, nobody else holds it.

    Raises:
        InputError: somebody does; the file is closed.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise InputError(
            f"{path} is being written by another process",
            hint="wait for it, or write elsewhere with --out",
        ) from None
