"""A backup as a file: a ZIP archive with ``manifest.json`` and, a table, one JSON object a row."""

import lzma
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from tandem.errors import InputError

KIND = "tandem-catalogue"
BACKUP_FORMAT = 2
"""1 had no event log."""

MANIFEST = "manifest.json"
MAXIMUM_MANIFEST_BYTES = 1_000_000
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(KeyError, RuntimeError, ValueError),
)
"""What ``zipfile`` raises for an archive that is not in order."""

ANOTHER = "use another backup: this one cannot be trusted"


class Readable(NamedTuple):
    """The formats of both logs' tables that can be put back, the present one last."""

    catalogue: tuple[int, ...]
    events: tuple[int, ...]


class TablePart(BaseModel):
    """One table in a backup; ``digest`` is 32 hex digits of BLAKE2b over its lines."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    rows: NonNegativeInt
    digest: str


class Manifest(BaseModel):
    """What a backup says of itself. ``created_at`` is RFC 3339, UTC; ``log_id`` and ``head`` are
    the document log's, ``event_head`` is the event log's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: str
    format: int
    catalogue_format: int
    event_format: int
    created_at: str
    log_id: str
    head: NonNegativeInt
    event_head: NonNegativeInt
    tables: Mapping[str, TablePart]


class BackupWriter:
    """Writes the tables of one backup."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def table(self, name: str, rows: Iterator[Mapping[str, Any]]) -> TablePart:
        """Write every row of a table."""
        digest, count = blake2b(digest_size=16), 0
        with self._archive.open(_member(name), "w", force_zip64=True) as file:
            for row in rows:
                line = orjson.dumps(row, _text_of, orjson.OPT_APPEND_NEWLINE)
                digest.update(line)
                file.write(line)
                count += 1
        return TablePart(rows=count, digest=digest.hexdigest())

    def manifest(self, manifest: Manifest) -> None:
        """Write what the backup says of itself; it comes last."""
        self._archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))


class BackupReader:
    """Reads one backup, which ``opened`` has checked."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._path = path
        self._archive = archive
        self.manifest = manifest

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a table, one a row.

        Raises:
            InputError: they cannot be read.
        """
        with _told(self._path), self._archive.open(_member(name)) as file:
            yield from file


def _text_of(value: object) -> str:
    """Bytes as a line holds them; the reader of the table knows which columns are bytes."""
    if not isinstance(value, bytes):
        raise TypeError(f"a column of {type(value).__name__}, which no backup holds")
    return b64encode(value).decode()


def _member(table: str) -> str:
    return f"{table}.jsonl"


@contextmanager
def created(file: IO[bytes]) -> Iterator[BackupWriter]:
    """A new backup in an open file."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        yield BackupWriter(archive)


@contextmanager
def opened(
    path: Path, formats: Readable, tables_of: Callable[[Manifest], Sequence[str]]
) -> Iterator[BackupReader]:
    """A backup, after all of it was read and compared with its manifest. ``tables_of`` names the
    tables of its formats.

    Raises:
        InputError: it cannot be read, is no backup, is cut off or altered, or of another version.
    """
    with _archive(path) as archive:
        manifest = _manifest(path, archive)
        _check_version(path, manifest, formats)
        tables = tables_of(manifest)
        _check_names(path, archive, manifest, tables)
        reader = BackupReader(path, archive, manifest)
        for name in tables:
            _check_table(path, reader, name)
        yield reader


def _archive(path: Path) -> zipfile.ZipFile:
    with _told(path):
        return zipfile.ZipFile(path)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Only around what reads: whoever works with what was read has errors of its own."""
    try:
        yield
    except UNREADABLE as error:
        raise InputError(
            f"the backup {path} is cut off, altered or no backup: {error}", hint=ANOTHER
        ) from None
    except OSError as error:
        raise InputError(
            f"the backup {path} cannot be read: {error.strerror or error}",
            hint="name a file that tandem backup has written",
        ) from None


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    if MANIFEST not in archive.namelist():
        raise InputError(
            f"{path} is no backup of a catalogue: it holds no {MANIFEST}",
            hint="name a file that tandem backup has written",
        )
    with _told(path), archive.open(MANIFEST) as file:
        content = file.read(MAXIMUM_MANIFEST_BYTES)
    try:
        found = orjson.loads(content)
        if isinstance(found, dict) and found.get("kind") == KIND:
            # a later format may say things that this one does not know: tell its age first
            _check_format(path, found.get("format"))
        return Manifest.model_validate_json(content)
    except (ValidationError, ValueError):
        raise InputError(f"the backup {path} has a broken {MANIFEST}", hint=ANOTHER) from None


def _check_format(path: Path, found: Any) -> None:
    if isinstance(found, int) and found != BACKUP_FORMAT:
        age = "a later" if found > BACKUP_FORMAT else "an earlier"
        raise InputError(
            f"the backup {path} was written by {age} version of Tandem: format {found}, "
            f"expected {BACKUP_FORMAT}",
            hint="restore it with that version of Tandem",
        )


def _check_version(path: Path, manifest: Manifest, formats: Readable) -> None:
    if manifest.kind != KIND or manifest.format != BACKUP_FORMAT:
        raise InputError(
            f"{path} is no backup of a catalogue: kind {manifest.kind!r}, format "
            f"{manifest.format}, expected {KIND!r}, format {BACKUP_FORMAT}",
            hint="name a file that tandem backup has written",
        )
    found = (manifest.catalogue_format, manifest.event_format)
    for title, was, readable in zip(("a catalogue", "an event log"), found, formats, strict=True):
        if was not in readable:
            age = "a later" if was > readable[-1] else "an earlier"
            raise InputError(
                f"the backup {path} holds {title} of {age} version of Tandem: format {was}, "
                f"expected {' or '.join(map(str, readable))}",
                hint="restore it with that version of Tandem",
            )


def _check_names(
    path: Path, archive: zipfile.ZipFile, manifest: Manifest, tables: Sequence[str]
) -> None:
    expected = sorted([MANIFEST, *map(_member, tables)])
    if sorted(archive.namelist()) != expected or sorted(manifest.tables) != sorted(tables):
        raise InputError(
            f"the backup {path} holds {', '.join(sorted(archive.namelist()))}, "
            f"expected {', '.join(expected)}",
            hint=ANOTHER,
        )


def _check_table(path: Path, reader: BackupReader, name: str) -> None:
    said = reader.manifest.tables[name]
    digest, count = blake2b(digest_size=16), 0
    for line in reader.lines(name):
        digest.update(line)
        count += 1
    if count != said.rows or digest.hexdigest() != said.digest:
        raise InputError(
            f"the backup {path} was altered: {_member(name)} has {count} rows of digest "
            f"{digest.hexdigest()}, expected {said.rows} of {said.digest}",
            hint=ANOTHER,
        )
