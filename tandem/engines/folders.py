"""Where an embedded engine keeps an index: a folder with the engine's own files and an identity."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from tandem.errors import EngineError, EngineUnavailable
from tandem.stores import EngineHealth

IDENTITY = "identity"
DATA = "data"


class IndexFolders:
    """The indexes under one root folder, one folder a name.

    A folder gets its name in one rename, after its identity is written: what has a name is whole.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def identity(self, name: str) -> str | None:
        """The identity of the index of that name; ``None`` without one, or without its data.

        Engines begin an empty index in an empty folder: one that lost its files must not pass for
        one that holds nothing.

        Raises:
            EngineUnavailable: the folder cannot be read, so that nobody knows what it holds.
        """
        folder = self.root / name
        try:
            if not any((folder / DATA).iterdir()):
                return None
            return (folder / IDENTITY).read_text(encoding="ascii").strip() or None
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise EngineUnavailable(
                f"{folder}: cannot tell whether an index is there: {error.strerror}",
                hint="allow this user to read the folder, or mend the disk; it is tried again",
            ) from error

    def data(self, name: str) -> Path:
        """The folder for the engine's own files."""
        return self.root / name / DATA

    def create(self, name: str, identity: str) -> Path:
        """An empty data folder in place of whatever was there."""
        self.drop(name)
        building = self.root / f".{name}-{uuid4().hex}"
        (building / DATA).mkdir(parents=True)
        (building / IDENTITY).write_text(identity, encoding="ascii")
        building.rename(self.root / name)
        return self.data(name)

    def names(self) -> list[str]:
        """The names of the indexes that there are, in order."""
        if not self.root.is_dir():
            return []
        found = (path.name for path in self.root.iterdir() if not path.name.startswith("."))
        return sorted(name for name in found if self.identity(name) is not None)

    def bytes_on_disk(self, name: str) -> int | None:
        """How much room the index's files take; ``None`` without such an index."""
        if self.identity(name) is None:
            return None
        total = 0
        for path in (self.root / name).rglob("*"):
            with suppress(FileNotFoundError):  # engines remove files while they are counted
                total += _bytes_taken(path)
        return total

    def fault(self) -> str:
        """Why nothing can be kept here; empty if nothing hinders."""
        folder = self.root
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            return f"{folder} is not a folder"
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            return f"{folder} may not be read and written"
        return ""

    def health(self, engine: str, version: str, least_bytes: int) -> EngineHealth:
        """``degraded`` where fewer than ``least_bytes`` are free: nothing can be written then."""
        try:
            fault, free = self.fault(), self._free_bytes()
        except OSError as error:
            fault, free = f"{self.root}: {error.strerror}", 0
        if fault:
            return EngineHealth(engine, version, "unreachable", fault)
        if free < least_bytes:
            room = f"{free // 2**20} MB are free, {least_bytes // 2**20} MB are needed to write"
            return EngineHealth(engine, version, "degraded", f"{self.root}: {room}")
        return EngineHealth(engine, version, "ok")

    def _free_bytes(self) -> int:
        places = (self.root, *self.root.absolute().parents)
        return shutil.disk_usage(next(place for place in places if place.exists())).free

    def drop(self, name: str) -> None:
        """Remove the index of that name, if there is one, and what a crash left half built."""
        shutil.rmtree(self.root / name, ignore_errors=True)
        for leftover in self.root.glob(f".{name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _bytes_taken(path: Path) -> int:
    """Blocks where the system counts them: engines lay out files larger than they fill them."""
    facts = path.lstat()
    blocks = getattr(facts, "st_blocks", None)  # of 512 bytes, whatever the file system's are
    return facts.st_size if blocks is None else int(blocks) * 512


def require_room(folder: Path, least_bytes: int) -> None:
    """Refuse to write where an engine with memory-mapped files could run out of disk.

    Raises:
        EngineError: less than ``least_bytes`` are free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < least_bytes:
        raise EngineError(
            f"{folder}: {free // 2**20} MB are free, {least_bytes // 2**20} MB are needed to write "
            "safely",
            hint="make room on the disk and run the command again; it goes on where it stopped",
        )
