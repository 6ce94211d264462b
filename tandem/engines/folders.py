"""Where an embedded engine keeps an index: a folder with the engine's own files and an identity."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from tandem.errors import EngineError
from tandem.protocols import EngineHealth

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
        """
        folder = self.root / name
        try:
            if not any((folder / DATA).iterdir()):
                return None
            return (folder / IDENTITY).read_text(encoding="ascii").strip() or None
        except (OSError, ValueError):
            return None

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

    def drop(self, name: str) -> None:
        """Remove the index of that name, if there is one, and what a crash left half built."""
        shutil.rmtree(self.root / name, ignore_errors=True)
        for leftover in self.root.glob(f".{name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def names(self) -> Sequence[str]:
        """The names that have an identity, in order."""
        try:
            found = [path.name for path in self.root.iterdir() if not path.name.startswith(".")]
        except OSError:
            return []
        return sorted(name for name in found if self.identity(name) is not None)

    def bytes_on_disk(self, name: str) -> int | None:
        """What the index's files take; ``None`` if there is no such index.

        Blocks are counted where the system tells them: engines lay out files larger than filled.
        """
        if self.identity(name) is None:
            return None
        return sum(map(_room_taken, (self.root / name).rglob("*")))

    def health(self, engine: str, version: str, least_bytes: int) -> EngineHealth:
        """``degraded`` where fewer than ``least_bytes`` are free, so that nothing can be written;
        ``unreachable`` where the disk cannot be asked.
        """
        places = (self.root, *self.root.absolute().parents)
        try:
            free = shutil.disk_usage(next(place for place in places if place.exists())).free
        except OSError as error:
            return EngineHealth(engine, version, "unreachable", f"{self.root}: {error.strerror}")
        if free < least_bytes:
            room = f"{free // 2**20} MB are free, {least_bytes // 2**20} MB are needed to write"
            return EngineHealth(engine, version, "degraded", f"{self.root}: {room}")
        return EngineHealth(engine, version, "ok")


def _room_taken(path: Path) -> int:
    """A file may be merged away meanwhile."""
    try:
        facts = path.lstat()
    except OSError:
        return 0
    blocks = getattr(facts, "st_blocks", None)  # counted in 512 bytes, whatever the file system's
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
