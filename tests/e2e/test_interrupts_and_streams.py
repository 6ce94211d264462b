"""Control-C, readers that leave early, and streams that are full, closed or poor in characters."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.tandem_command import Ran, Tandem

DOCUMENTS = 300
STOPPED = {130, -signal.SIGINT}
"""The second when Control-C came once more while Python was closing."""


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Started in the background, this process would hand ignored interrupts down."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(tandem: Tandem, *arguments: str) -> "subprocess.Popen[str]":
    """A command at work, both streams piped."""
    return subprocess.Popen(
        tandem.command(*arguments),
        cwd=tandem.folder,
        env=tandem.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_parts(tandem: Tandem) -> None:
    """Documents enough for some seconds of embedding, each with a word of its own."""
    rows = [
        json.dumps({"id": f"d{n}", "title": f"Part {n}", "body": f"word{n} " * 100})
        for n in range(DOCUMENTS)
    ]
    (tandem.folder / "parts.jsonl").write_text("\n".join(rows))


def wait_for(folder: Path) -> None:
    """Until it is there."""
    deadline = time.monotonic() + 60
    while not folder.exists():
        assert time.monotonic() < deadline, f"{folder} never came to be"
        time.sleep(0.02)


@pytest.mark.parametrize("again", [0, 3])
def test_interrupted_indexing_says_so_and_goes_on(tandem: Tandem, again: int) -> None:
    """Control-C, pressed once or in anger: the batch in hand is finished, nothing is lost."""
    write_parts(tandem)
    with start(tandem, "index", "parts.jsonl") as indexing:
        wait_for(tandem.folder / ".tandem" / "vector")
        time.sleep(1.5)
        indexing.send_signal(signal.SIGINT)
        assert indexing.stderr is not None
        said = ""
        pressed = time.monotonic()
        while "stopping" not in said:
            line = indexing.stderr.readline()
            assert line, f"ended without a word: {said}"
            said += line
        answered = time.monotonic() - pressed
        for _ in range(again):
            time.sleep(0.05)
            indexing.send_signal(signal.SIGINT)
        said += indexing.stderr.read()
        code = indexing.wait(120)

    assert code in STOPPED, said
    assert answered < 1.0
    assert "what was accepted is kept" in said
    assert "Traceback" not in said
    assert "terminate" not in said
    behind = tandem("status", "--json").data["collections"][0]["indexes"]["vector"]["behind"]
    assert behind > 0, "everything was indexed: the interrupt came too late to show anything"

    assert tandem("index", "parts.jsonl", "--json").data["legs"]["vector"]["error"] is None
    state = tandem("status", "--json").data["collections"][0]
    assert state["documents"] == DOCUMENTS
    assert [index["behind"] for index in state["indexes"].values()] == [0, 0]
    for number in (0, DOCUMENTS - 1):
        found = tandem("search", f"word{number}", "--limit", "1", "--json").data["hits"]
        assert found[0]["document_id"] == f"d{number}"


@pytest.mark.parametrize("module", ["tandem.settings", "sqlalchemy", "typer"])
def test_an_interrupt_while_starting_is_no_traceback(tandem: Tandem, module: str) -> None:
    """Control-C in the middle of the imports ends the command in one word."""
    (tandem.folder / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
    )
    path = f"{tandem.folder}:{tandem.environment()['PYTHONPATH']}"
    stopped = tandem.fresh("status", PYTHONPATH=path)

    assert (stopped.code, stopped.out, stopped.err) == (130, "", "stopped\n")


def redirected(books: Tandem, redirection: str, *arguments: str, **extra: str) -> Ran:
    """Run in a shell, buffered as usual; its exit code is that of the command itself."""
    environment = books.environment(extra)
    environment.pop("PYTHONUNBUFFERED", None)
    script = f'set -o pipefail; "$@" {redirection}'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *books.command(*arguments)],
        cwd=books.folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding=extra.get("PYTHONIOENCODING", "utf-8"),
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("arguments", [("search", "space"), ("status",), ("--help",)])
def test_a_reader_that_leaves_is_no_error(books: Tandem, arguments: tuple[str, ...]) -> None:
    """Nothing is said; the exit code tells that not everything was read."""
    left = redirected(books, "| true", *arguments)
    assert (left.code, left.err) == (1, "")


@pytest.mark.parametrize("arguments", [("search", "space"), ("status", "--json"), ("--help",)])
def test_a_full_disk_behind_standard_output_is_told(
    books: Tandem, arguments: tuple[str, ...]
) -> None:
    """One line with the reason, and exit code 1."""
    full = redirected(books, "> /dev/full", *arguments)
    assert full.code == 1
    assert "error: standard output: No space left on device" in full.err


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_stop_nothing(books: Tandem, redirection: str) -> None:
    """What is said goes nowhere, the command does its work."""
    assert redirected(books, redirection, "search", "space").code == 0
    assert redirected(books, redirection, "search", "").code == 2


def test_notes_that_cannot_be_written_stop_nothing(books: Tandem) -> None:
    """A full disk behind standard error does not change the outcome."""
    assert redirected(books, "2> /dev/full", "search", "space").code == 0
    assert redirected(books, "2> /dev/full", "search", "").code == 2


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_an_encoding_that_lacks_characters(tandem: Tandem, encoding: str) -> None:
    """A person sees escapes; a program reads what was written, whole."""
    row = {"id": "1", "title": "Žluťoučký 日本 🐎 é", "body": "horse"}
    (tandem.folder / "a.jsonl").write_text(json.dumps(row))
    tandem("index", "a.jsonl")

    shown = redirected(tandem, "", "search", "horse", PYTHONIOENCODING=encoding)
    data = redirected(tandem, "", "search", "horse", "--json", PYTHONIOENCODING=encoding).data
    refused = redirected(tandem, "", "search", "x", "-c", "日本", PYTHONIOENCODING=encoding)

    assert (shown.code, refused.code) == (0, 2)
    assert "\\u65e5\\u672c" in shown.out
    assert data["hits"][0]["title"] == row["title"]
    assert "\\u65e5" in refused.err


def test_a_word_behind_two_dashes_is_no_option(books: Tandem) -> None:
    """``--json`` can be searched for, and the answer is for a person."""
    found = books("search", "--", "--json")
    assert found.code == 0
    assert "release" in found.out
    refused = books("search", "-c", "nowhere", "--", "--json")
    assert refused.code == 2
    assert refused.out == ""
    assert "there is no collection" in refused.err


def test_what_the_system_refuses_is_a_line(tandem: Tandem) -> None:
    """A catalogue that is none, and a folder where a file should be: a line, 1, and what next."""
    (tandem.folder / "a.jsonl").write_text('{"id": "1", "body": "horse"}')
    (tandem.folder / ".tandem").mkdir()
    (tandem.folder / ".tandem" / "documents.sqlite").write_text("no database at all " * 100)
    broken = tandem("status")
    told = tandem("status", "--json")
    folder = tandem("index", "a.jsonl", "--dry-run", "--rejects", ".tandem")

    assert (broken.code, told.code) == (1, 1)
    assert broken.err.startswith("error: ")
    assert "\n  next: " in broken.err
    assert told.data["error"]["message"]
    assert folder.code in {1, 2}
    assert ".tandem" in folder.err
