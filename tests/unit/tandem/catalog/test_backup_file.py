"""Backups that cannot be trusted: each is refused in words before anything is touched."""

import json
import os
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from tandem.catalog.backup import backup
from tandem.catalog.backup_file import Readable, opened
from tandem.catalog.backup_rows import tables_of
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.event_tables import BEHAVIOUR
from tandem.catalog.restore import restore
from tandem.catalog.tables import CONTENT
from tandem.errors import InputError
from tests.builders import document

READABLE = Readable(CONTENT.readable, BEHAVIOUR.readable)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A backup of a few documents."""
    return backed_up(tmp_path, [f"body {number} " * 20 for number in range(50)])


def backed_up(folder: Path, bodies: Sequence[str]) -> Path:
    """A backup of documents with these texts."""
    catalog = Catalog(file_url(folder / "a" / "d.sqlite"), file_url(folder / "a" / "e.sqlite"))
    sent = [document(f"d{number}", body) for number, body in enumerate(bodies)]
    catalog.documents.append("main", "s", sent)
    backup(catalog, folder / "backup.zip")
    catalog.close()
    return folder / "backup.zip"


def refused(path: Path) -> InputError:
    """What is said; the place to restore into stays as empty as it was."""
    folder = path.parent / "target"
    with pytest.raises(InputError) as raised:
        restore(file_url(folder / "documents.sqlite"), path, replace=True)
    assert raised.value.hint
    assert str(path) in str(raised.value)
    assert not folder.exists()
    return raised.value


Members = dict[str, bytes]


def rewritten(path: Path, change: Callable[[Members], None]) -> None:
    """The backup with other members, packed well."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def with_manifest(**values: Any) -> Callable[[Members], None]:
    """A change of what the backup says of itself."""

    def change(members: Members) -> None:
        manifest = json.loads(members["manifest.json"]) | values
        members["manifest.json"] = json.dumps(manifest).encode()

    return change


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_off(written: Path, share: float) -> None:
    """Wherever it ends."""
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * share)])
    assert "cut off, altered or no backup" in str(refused(written))


def test_any_byte_altered(written: Path) -> None:
    """A flipped byte anywhere in it, but for what says nothing, is found."""
    content = written.read_bytes()
    refusals = 0
    for position in range(0, len(content), 97):
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        written.write_bytes(damaged)
        folder = written.parent / f"target-{position}"
        with suppress(InputError):
            restore(file_url(folder / "d.sqlite"), written)
        if not folder.exists():
            refusals += 1
            continue
        # a time stamp or an attribute of the archive: the content is the same
        catalog = Catalog(file_url(folder / "d.sqlite"), file_url(folder / "e.sqlite"))
        assert catalog.documents.count("main") == catalog.documents.head() == 50
        catalog.close()
    assert refusals > 20


@pytest.mark.parametrize(
    ("bits", "said"),
    [({8: 0x01}, "is encrypted"), ({9: 0x08, 46: 0x80}, "can't decode")],
    ids=["encrypted", "a name that is no UTF-8"],
)
def test_flags_altered(written: Path, bits: dict[int, int], said: str) -> None:
    """A member that is said to be what it is not; by place in the archive's list of them."""
    content = bytearray(written.read_bytes())
    entry = content.index(b"PK\x01\x02")
    for place, bit in bits.items():
        content[entry + place] |= bit
    written.write_bytes(content)
    assert said in str(refused(written))


def test_a_file_that_ends_while_it_is_read(tmp_path: Path) -> None:
    """It was in order before; what is said is the same."""
    path = backed_up(tmp_path, [os.urandom(300_000).hex()])
    with opened(path, READABLE, tables_of) as reader:
        os.truncate(path, 100)
        with pytest.raises(InputError, match="cut off, altered or no backup"):
            list(reader.lines("documents"))


@pytest.mark.parametrize("error", [OSError("own"), RuntimeError("own"), ValueError("own")])
def test_what_is_done_with_a_backup_has_errors_of_its_own(written: Path, error: Exception) -> None:
    """They are not the file's."""
    with pytest.raises(type(error), match="own"), opened(written, READABLE, tables_of):
        raise error


def test_rows_altered_and_packed_again(written: Path) -> None:
    """The archive is in order, the rows are not those of the manifest."""

    def alter(members: Members) -> None:
        members["documents.jsonl"] = members["documents.jsonl"].replace(b"body 7", b"body 8")

    rewritten(written, alter)
    assert "was altered: documents.jsonl has 50 rows" in str(refused(written))


@pytest.mark.parametrize("rows", [-1, 1])
def test_rows_missing_or_more(written: Path, rows: int) -> None:
    """Counted too."""

    def alter(members: Members) -> None:
        lines = members["documents.jsonl"].splitlines(keepends=True)
        members["documents.jsonl"] = b"".join(lines[:rows] if rows < 0 else [*lines, lines[0]])

    rewritten(written, alter)
    assert f"has {50 + rows} rows" in str(refused(written))


def test_rows_that_are_no_rows(written: Path) -> None:
    """Even where the digests were made to agree: nothing half is kept."""
    line = b'{"index_name": "x"}\n'

    def alter(members: Members) -> None:
        members["verifications.jsonl"] = line
        manifest = json.loads(members["manifest.json"])
        digest = blake2b(line, digest_size=16).hexdigest()
        manifest["tables"]["verifications"] = {"rows": 1, "digest": digest}
        members["manifest.json"] = json.dumps(manifest).encode()

    rewritten(written, alter)
    url = file_url(written.parent / "target" / "documents.sqlite")
    with pytest.raises(InputError, match="row 1 of verifications has not the columns"):
        restore(url, written)
    catalog = Catalog(url, file_url(written.parent / "target" / "e.sqlite"))
    assert catalog.documents.head() == catalog.documents.count("main") == 0
    catalog.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_manifest(format=3), "a later version of Tandem: format 3, expected 2"),
        (with_manifest(format=3, unheard=1), "a later version of Tandem: format 3, expected 2"),
        (with_manifest(format=1), "an earlier version of Tandem: format 1, expected 2"),
        (with_manifest(event_format=5), "an event log of a later version of Tandem: format 5"),
        (with_manifest(event_format=0), "an event log of an earlier version of Tandem: format 0"),
        (
            with_manifest(catalogue_format=7),
            "a later version of Tandem: format 7, expected 2 or 3 or 4 or 5 or 6",
        ),
        (with_manifest(catalogue_format=1), "an earlier version of Tandem: format 1, expected 2"),
        (with_manifest(kind="photos"), "is no backup of a catalogue: kind 'photos'"),
        (with_manifest(format="x"), "has a broken manifest.json"),
        (with_manifest(head="x"), "has a broken manifest.json"),
        (with_manifest(head=-1), "has a broken manifest.json"),
        (with_manifest(tables={}), "expected checkpoints.jsonl"),
        (lambda members: members.pop("manifest.json"), "it holds no manifest.json"),
        (lambda members: members.pop("tasks.jsonl"), "expected checkpoints.jsonl"),
        (lambda members: members.pop("events.jsonl"), "expected checkpoints.jsonl"),
        (lambda members: members.update({"more.jsonl": b""}), "more.jsonl"),
        (lambda members: members.update({"manifest.json": b"{"}), "has a broken manifest.json"),
        (lambda members: members.update({"manifest.json": b"[]"}), "has a broken manifest.json"),
        (lambda members: members.update({"manifest.json": b"\xff"}), "has a broken manifest.json"),
    ],
)
def test_other_archives(written: Path, change: Callable[[Members], Any], said: str) -> None:
    """A later or an earlier version, somebody else's archive, members too few or too many."""
    rewritten(written, change)
    assert said in str(refused(written))


@pytest.mark.parametrize("content", [b"", b"not an archive at all", b"\x1f\x8b\x08\x00" * 50])
def test_no_archive(tmp_path: Path, content: bytes) -> None:
    """Another kind of file."""
    path = tmp_path / "backup.zip"
    path.write_bytes(content)
    assert "no backup" in str(refused(path))


@pytest.mark.parametrize("name", ["nowhere.zip", "folder"])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    """A file that is not there, or a folder."""
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in str(refused(tmp_path / name))
