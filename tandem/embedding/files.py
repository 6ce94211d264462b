"""Files that several processes share: written whole or not at all, and recognised when changed."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The file's sha256, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` under ``path`` in one rename; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    building = beside(path)
    try:
        building.write_bytes(content)
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """A name of its own in the same folder, for building what is renamed to ``path`` later."""
    return path.with_name(f".{path.name}-{os.getpid()}-{uuid4().hex[:8]}")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file was: its size in bytes, time of change, and sha256."""

    size: int
    modified_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Fingerprint":
        """The fingerprint of a file, which is read whole."""
        stat = path.stat()
        return cls(stat.st_size, stat.st_mtime_ns, sha256_of(path))

    def fits(self, path: Path) -> bool:
        """Whether the file is still the same.

        Same size and time are taken as proof, so that a start does not read 90 MB; with another
        time the content decides.
        """
        try:
            stat = path.stat()
            if stat.st_size != self.size:
                return False
            return stat.st_mtime_ns == self.modified_ns or sha256_of(path) == self.sha256
        except OSError:
            return False
