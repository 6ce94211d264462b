"""`tandem index`: what it refuses to touch, what it keeps, and how it leaves."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tandem_command import Tandem


def write(tandem: Tandem, name: str, *records: dict[str, Any]) -> Path:
    """A file of these records in the folder."""
    path = tandem.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def sources(tandem: Tandem) -> set[str]:
    """The names of the sources that the log remembers."""
    connection = sqlite3.connect(tandem.folder / ".tandem" / "documents.sqlite")
    try:
        return {name for (name,) in connection.execute("select distinct source from documents")}
    finally:
        connection.close()


BOOK = {"id": "b1", "title": "Cosmos", "year": 1980}


def test_rejects_never_replace_a_source_or_a_foreign_file(tandem: Tandem) -> None:
    """The corpus inside a BEIR folder, somebody's notes, an unrelated file of the default name."""
    corpus = write(tandem, "bb/corpus.jsonl", {"_id": "1", "text": "x"})
    notes = tandem.folder / "notes.txt"
    notes.write_text("keep\n")
    default = write(tandem, "rejects.jsonl", BOOK)
    before = corpus.read_bytes(), notes.read_bytes(), default.read_bytes()

    for more, said in [
        (("--rejects", "bb/corpus.jsonl"), "would overwrite the source"),
        (("--rejects", "notes.txt"), "notes.txt: holds something else than rejects"),
        ((), "rejects.jsonl: holds something else than rejects"),
        (("--dry-run",), "rejects.jsonl: holds something else than rejects"),
    ]:
        answer = tandem("index", "bb", *more)
        assert (answer.code, answer.out) == (2, "")
        assert said in answer.err
        assert "next: " in answer.err

    assert (corpus.read_bytes(), notes.read_bytes(), default.read_bytes()) == before
    assert not (tandem.folder / ".tandem").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", "", "a.jsonl: no records; the collection 'main' was not made"),
        ("a.csv", "id,title\n", "a.csv: no records"),
        ("a.jsonl", '{"title": "x"}\n', "the only record rejected (first a.jsonl:1, id: expected"),
        ("a.jsonl", "{\n[]\n", "all 2 records rejected (first a.jsonl:1, (record): not JSON"),
    ],
)
def test_nothing_to_index_makes_no_collection(
    tandem: Tandem, name: str, content: str, said: str
) -> None:
    """The fields stay as they are first found, so they are not found in nothing."""
    (tandem.folder / name).write_text(content)

    answer = tandem("index", name)

    assert answer.code == 2
    assert said in answer.err
    assert not (tandem.folder / ".tandem").exists()
    listed = tandem.folder / "rejects.jsonl"
    assert listed.exists() == ("rejected" in said)

    write(tandem, "b.jsonl", BOOK)
    assert tandem("index", "b.jsonl").code == 0
    assert tandem("search", "cosmos", "--filter", '{"year": 1980}').code == 0
    assert not listed.exists()


def test_nothing_to_index_makes_no_second_collection(tandem: Tandem) -> None:
    """Nor does it where the data folder holds another collection already."""
    write(tandem, "b.jsonl", BOOK)
    write(tandem, "empty.jsonl")
    assert tandem("index", "b.jsonl").code == 0

    answer = tandem("index", "empty.jsonl", "--collection", "films", "--json")

    assert answer.code == 2
    assert "'films' was not made" in answer.data["error"]["message"]
    assert "no collection 'films'" in tandem("search", "x", "--collection", "films").err


def test_every_source_is_sampled_and_later_attributes_are_told(tandem: Tandem) -> None:
    """The second file's fields are found too; what comes after them is kept, and said so."""
    write(tandem, "a.jsonl", BOOK)
    write(tandem, "b.jsonl", {"id": "b2", "title": "Salt", "pages": 484})
    write(tandem, "c.jsonl", *({"id": f"c{n}", "title": "t", "shelf": "x"} for n in range(3)))

    first = tandem("index", "a.jsonl", "b.jsonl")
    later = tandem("index", "c.jsonl")
    again = tandem("index", "c.jsonl", "--json").data

    assert "filterable" not in first.err
    assert tandem("search", "salt", "--filter", '{"pages": 484}').code == 0
    assert later.code == 0
    assert "kept, but not filterable: 'shelf' (3 documents)" in later.err
    assert "then tandem reindex" in later.err
    assert again["not_filterable"] == {"shelf": 3}


def test_all_rejected_is_a_problem(tandem: Tandem) -> None:
    """Exit code 1 for people, programs and dry runs: the index is current, but nothing came."""
    write(tandem, "a.jsonl", BOOK)
    write(tandem, "b.jsonl", {"title": "no id"})
    assert tandem("index", "a.jsonl").code == 0

    told = tandem("index", "b.jsonl")
    assert told.code == 1
    assert "every record was rejected" in told.err
    program = tandem("index", "b.jsonl", "--json")
    assert (program.code, program.data["rejected"]) == (1, 1)
    assert tandem("index", "b.jsonl", "--dry-run").code == 1
    assert "every record" in " ".join(tandem("index", "--help").out.split())


def test_names_that_are_no_utf8_are_indexed(tandem: Tandem) -> None:
    """A file and a source named in another encoding are stored and told with escapes."""
    name = os.fsdecode(b"b\xff.jsonl")
    write(tandem, name, BOOK, BOOK)

    by_path = tandem("index", name)
    assert by_path.code == 0, by_path.err
    (stored,) = sources(tandem)
    assert stored.endswith("/b\\udcff.jsonl")
    assert json.loads((tandem.folder / "rejects.jsonl").read_bytes())["file"] == "b\\udcff.jsonl"

    named = tandem("index", name, "--source", os.fsdecode(b"s\xff"), "--json")
    assert named.code == 0, named.err
    assert sources(tandem) == {"s\\udcff"}
    (tandem.folder / "rejects.jsonl").unlink()
    foreign = tandem("index", name, "--rejects", os.fsdecode(b"r\xff"), "--json")
    assert foreign.data["rejects_file"] == "r\\udcff"
    assert tandem("index", name, "--rejects", os.fsdecode(b"r\xff")).code == 0


@pytest.mark.parametrize("name", ["", " ", "x" * 256])
def test_an_unusable_source_name_is_refused(tandem: Tandem, name: str) -> None:
    """Before anything is written."""
    write(tandem, "a.jsonl", BOOK)

    answer = tandem("index", "a.jsonl", "--source", name)

    assert answer.code == 2
    assert "--source: " in answer.err
    assert not (tandem.folder / ".tandem").exists()
