"""Data folders as they are found: odd names, files in their place, damage, missing parts."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.conftest import BOOKS
from tests.e2e.tandem_command import Tandem


@pytest.fixture
def copied(books: Tandem, tmp_path: Path) -> Tandem:
    """The indexed books, to be spoilt."""
    shutil.copytree(books.folder, tmp_path / "copy")
    return Tandem(tmp_path / "copy")


def test_a_folder_of_an_odd_name(tandem: Tandem) -> None:
    """Two folders whose names differ after a question mark hold two catalogues."""
    (tandem.folder / "books.jsonl").write_text(BOOKS, "utf-8")
    for folder in ("q?1", "p%41 x#y é"):
        (tandem.folder / "one.jsonl").write_text(f'{{"id": "{folder}", "body": "himalaya"}}')
        indexed = tandem("index", "one.jsonl", "--data-dir", folder)
        assert indexed.code == 0, indexed.err
        state = tandem("status", "--json", "--data-dir", folder).data["collections"][0]
        assert state["documents"] == 1
    assert tandem("status", "--data-dir", "q?2").code == 2


@pytest.mark.parametrize("name", ["file", "loop"])
@pytest.mark.parametrize("verb", ["index", "status", "search"])
def test_what_is_no_folder(tandem: Tandem, verb: str, name: str) -> None:
    """A file or a loop of links as data folder is bad use, told with its path."""
    (tandem.folder / "books.jsonl").write_text(BOOKS, "utf-8")
    (tandem.folder / "file").write_text("")
    (tandem.folder / "loop").symlink_to("loop")
    given = {"index": ["books.jsonl"], "search": ["himalaya"], "status": []}[verb]
    answer = tandem(verb, *given, "--data-dir", name)
    assert answer.code == 2
    assert name in answer.err
    assert "next: " in answer.err


@pytest.mark.parametrize("arguments", [("status",), ("search", "himalaya")])
def test_looking_writes_nothing(tandem: Tandem, arguments: tuple[str, ...]) -> None:
    """A folder that never was a data folder is left as it is."""
    folder = tandem.folder / "photos"
    folder.mkdir()
    (folder / "mountain.jpg").write_text("")
    answer = tandem(*arguments, "--data-dir", "photos")
    assert answer.code == 2
    assert "nothing was ever indexed" in answer.err
    assert [path.name for path in folder.iterdir()] == ["mountain.jpg"]


@pytest.mark.parametrize("leg", ["lexical", "vector"])
def test_status_tells_a_missing_index(copied: Tandem, leg: str) -> None:
    """An index whose folder is gone is not current, until a command has built it again."""
    shutil.rmtree(copied.folder / ".tandem" / leg)
    other = {"lexical": "vector", "vector": "lexical"}[leg]

    indexes = copied("status", "--json").data["collections"][0]["indexes"]
    assert (indexes[leg]["state"], indexes[leg]["behind"]) == ("missing", 4)
    assert (indexes[other]["state"], indexes[other]["behind"]) == ("current", 0)
    assert "missing: built again by the next command" in copied("status").out

    assert copied("search", "himalaya").code == 0
    assert "missing:" not in copied("status").out


def test_status_tells_an_exchanged_index(copied: Tandem) -> None:
    """A folder of the right name with another identity is not the index that was built here."""
    identity = next((copied.folder / ".tandem" / "lexical").glob("*/identity"))
    identity.write_text("0" * 32)
    indexes = copied("status", "--json").data["collections"][0]["indexes"]
    assert indexes["lexical"]["state"] == "missing"


def test_status_tells_an_index_that_is_behind(copied: Tandem) -> None:
    """What the log has and an index has not is counted."""
    with sqlite3.connect(copied.folder / ".tandem" / "documents.sqlite") as database:
        database.execute("UPDATE checkpoints SET applied = 3 WHERE index_name LIKE '%-vector-%'")
    database.close()
    indexes = copied("status", "--json").data["collections"][0]["indexes"]
    assert (indexes["vector"]["state"], indexes["vector"]["behind"]) == ("behind", 1)
    assert "1 change behind" in copied("status").out


def test_status_waits_for_no_writer(copied: Tandem) -> None:
    """While another process writes to the catalogue, status answers from what is there."""
    file = copied.folder / ".tandem" / "documents.sqlite"
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    answer = copied("status")
    writer.close()
    assert answer.code == 0, answer.err


def test_damaged_embeddings_cost_only_time(copied: Tandem) -> None:
    """The cache is moved aside with a warning, and everything goes on."""
    file = copied.folder / ".tandem" / "embeddings.sqlite"
    file.write_bytes(b"noise" * 5_000)
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    assert copied("status").code == 0
    assert file.read_bytes() == b"noise" * 5_000, "status owns nothing, so it moves nothing"
    answer = copied("index", "books.jsonl")
    assert answer.code == 0
    assert "embeddings.sqlite.damaged" in answer.err
    assert copied("search", "himalaya").code == 0


@pytest.mark.parametrize("arguments", [("status",), ("search", "x"), ("index", "books.jsonl")])
def test_damaged_documents_are_told(copied: Tandem, arguments: tuple[str, ...]) -> None:
    """The catalogue cannot be made again: the file is named, with what to do."""
    file = copied.folder / ".tandem" / "documents.sqlite"
    file.write_bytes(b"noise" * 5_000)
    answer = copied(*arguments)
    assert answer.code == 1
    assert "documents.sqlite" in answer.err
    assert "backup" in answer.err


@pytest.mark.parametrize("verb", ["status", "index"])
def test_an_unknown_engine_makes_no_folder(tandem: Tandem, verb: str) -> None:
    """The settings are looked at before the data folder is made."""
    (tandem.folder / "books.jsonl").write_text(BOOKS, "utf-8")
    given = ["books.jsonl"] if verb == "index" else []
    answer = tandem(verb, *given, TANDEM_ENGINES__VECTOR="qdrant://user:hidden@host")
    assert answer.code == 2
    assert "engines.vector" in answer.err
    assert "hidden" not in answer.err
    assert not (tandem.folder / ".tandem").exists()
