"""One owner a data folder, known by name, and no lock that outlives its owner."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.catalog.ownership import LOCK, Ownership
from tandem.errors import OwnedElsewhere, SettingsError

HOLD = """
import sys, time
from pathlib import Path
from tandem.catalog.ownership import Ownership
held = Ownership(Path(sys.argv[1]), "tandem index books.jsonl")
print("held", flush=True)
time.sleep(60)
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    """Another process that owns the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_owns_it(tmp_path: Path) -> None:
    """The refusal names process, command and since when; a killed owner holds nothing."""
    process = hold(tmp_path)
    try:
        with pytest.raises(OwnedElsewhere) as raised:
            Ownership(tmp_path, "tandem search")
        message = str(raised.value)
        assert f"process {process.pid} (tandem index books.jsonl, since 20" in message
        assert str(tmp_path) in message
        assert raised.value.hint
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    Ownership(tmp_path, "tandem search").release()


@pytest.mark.parametrize("verb", ["follow", "serve"])
def test_what_can_be_done_beside_one_that_stays(tmp_path: Path, verb: str) -> None:
    """Waiting until it has finished would be no advice."""
    owner = Ownership(tmp_path, f"tandem {verb}", follows=True)
    with pytest.raises(OwnedElsewhere, match=f"tandem {verb}") as raised:
        Ownership(tmp_path, "tandem search")
    assert raised.value.follows
    assert "stop it for this; beside it work tandem index, reindex" in raised.value.hint
    owner.release()


def test_a_server_says_where_it_answers(tmp_path: Path) -> None:
    """Once it listens, and what; nobody else has an address."""
    owner = Ownership(tmp_path, "tandem serve", follows=True)
    for address, collection in ((None, None), ("http://127.0.0.1:8765", "films")):
        if address is not None and collection is not None:
            owner.tell(address, collection)
        with pytest.raises(OwnedElsewhere, match=f"process {os.getpid()} .tandem serve") as raised:
            Ownership(tmp_path, "tandem search")
        assert (raised.value.address, raised.value.collection) == (address, collection)
        assert raised.value.follows
    owner.release()
    assert (tmp_path / LOCK).read_bytes() == b""


@pytest.mark.parametrize("is_short", [False, True], ids=["refused", "cut short"])
def test_an_address_that_cannot_be_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_short: bool,
) -> None:
    """On a full disk the server goes on, and is found as before, without its address."""
    owner = Ownership(tmp_path, "tandem serve", follows=True)
    write = os.write

    def full(file: int, content: bytes) -> int:
        if b"address" not in content:
            return write(file, content)
        if is_short:
            return write(file, content[:-5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tandem.catalog.ownership.os.write", full)
    owner.tell("http://127.0.0.1:8765", "main")
    assert f"{tmp_path / LOCK}: the address is not told: [Errno 28] No space" in caplog.text
    with pytest.raises(OwnedElsewhere, match=f"process {os.getpid()} .tandem serve") as raised:
        Ownership(tmp_path, "tandem search")
    assert raised.value.address is None
    owner.release()


def test_a_note_that_is_just_being_written_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is taken before it stands there."""
    owner = Ownership(tmp_path, "tandem serve")
    written = (tmp_path / LOCK).read_bytes()
    (tmp_path / LOCK).write_bytes(b"")
    monkeypatch.setattr(
        "tandem.catalog.ownership.time.sleep", lambda _: (tmp_path / LOCK).write_bytes(written)
    )
    with pytest.raises(OwnedElsewhere, match="tandem serve"):
        Ownership(tmp_path, "tandem search")
    owner.release()


@pytest.mark.parametrize("address", [7, None, ["x"]])
def test_an_address_that_is_none(tmp_path: Path, address: object) -> None:
    """Whoever wrote it, nobody asks there."""
    owner = Ownership(tmp_path, "tandem serve")
    (tmp_path / LOCK).write_text(json.dumps({"address": address, "collection": address}))
    with pytest.raises(OwnedElsewhere) as raised:
        Ownership(tmp_path, "tandem search")
    assert (raised.value.address, raised.value.collection) == (None, None)
    owner.release()


def test_the_second_try_leaves_the_owner_alone(tmp_path: Path) -> None:
    """Being refused does not free the folder."""
    owner = Ownership(tmp_path, "first")
    for _ in range(2):
        with pytest.raises(OwnedElsewhere, match="first"):
            Ownership(tmp_path, "second")
    owner.release()
    Ownership(tmp_path, "second").release()


def test_the_folder_is_made(tmp_path: Path) -> None:
    """Owning a folder that is not there makes it."""
    Ownership(tmp_path / "a" / "b", "first").release()
    assert (tmp_path / "a" / "b" / LOCK).is_file()


@pytest.mark.parametrize(
    "left", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff", b'{"pid":1,"command":2,"since":3}']
)
def test_an_unreadable_note_still_refuses(tmp_path: Path, left: bytes) -> None:
    """Where the owner's note cannot be read, it is just another process."""
    owner = Ownership(tmp_path, "first")
    (tmp_path / LOCK).write_bytes(left)
    with pytest.raises(OwnedElsewhere, match="in use by another process"):
        Ownership(tmp_path, "second")
    owner.release()


@pytest.mark.parametrize("name", ["file", "file/below", "loop", "loop/below", "nul\0"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    """A file, a loop of links or a path through one is an error of the settings that names it."""
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(SettingsError, match="cannot be used") as raised:
        Ownership(tmp_path / name, "first")
    assert str(tmp_path / name) in str(raised.value)
    assert "--data-dir" in raised.value.hint


@pytest.mark.parametrize("method", ["mkdir", "open"])
def test_a_read_only_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Where nothing may be made or written, the reason is the system's."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(SettingsError, match="cannot be used: Permission denied"):
        Ownership(tmp_path / "a", "first")


def test_a_file_system_without_locks_is_not_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a lock that is held means an owner; any other failure is told as it is."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(SettingsError, match="No locks available"):
        Ownership(tmp_path, "first")
