"""The main job from the command line, and what it says when something is wrong."""

import gzip
import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import BOOKS
from tests.e2e.tandem_command import Tandem


def test_finds_by_meaning_and_by_words(books: Tandem) -> None:
    """A query that shares no word with its answer finds it, and one that shares words does too."""
    by_meaning = books("search", "astronomy and space", "--json").data
    by_words = books("search", "himalaya", "--json").data

    assert by_meaning["hits"][0]["document_id"] == "b2"
    assert by_words["hits"][0]["document_id"] == "b1"
    assert {part["leg"] for part in by_words["hits"][0]["explain"]["legs"]} == {"lexical", "vector"}


def test_shows_titles_scores_and_evidence(books: Tandem) -> None:
    """The plain answer names rank, title, id and score; --explain adds each leg."""
    shown = books("search", "himalaya", "--explain", "--limit", "1")

    assert "1. The Snow Leopard  [b1]" in shown.out
    assert "lexical: rank 1" in shown.out
    assert "vector: rank 1" in shown.out


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ('{"genres": "science"}', {"b2", "b3"}),
        ('{"genres": ["history", "travel"]}', {"b1", "b4"}),
        ('{"year": {"gte": 1980, "lt": 2015}}', {"b2", "b4"}),
        ('{"in_print": false}', {"b3"}),
        ('{"not": {"in_print": true}}', {"b3"}),
    ],
)
@pytest.mark.parametrize("configuration", ["semantic", "hybrid"])
def test_filters_bind_every_configuration(
    books: Tandem, filters: str, expected: set[str], configuration: str
) -> None:
    """A filter holds in the vector leg as well as in the fused list."""
    arguments = ("--filter", filters, "--configuration", configuration, "--json")
    answer = books("search", "a book about the world", *arguments).data

    assert {hit["document_id"] for hit in answer["hits"]} == expected


def test_status_says_that_both_indexes_are_current(books: Tandem) -> None:
    """Status names the collection, its fields and how far each index is."""
    state = books("status", "--json").data["collections"][0]

    assert state["documents"] == 4
    assert {row["field"]: row["type"] for row in state["fields"]}["genres"] == "keyword"
    assert [index["behind"] for index in state["indexes"].values()] == [0, 0]
    assert "current" in books("status").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", ""), "the query is empty"),
        (("search", "x" * 5_000), "at most 4,000"),
        (("search", "x", "--limit", "0"), "limit is 0, expected 1 to 1,000"),
        (("search", "x", "--limit", "many"), "--limit"),
        (("search", "x", "--configuration", "hybird"), "did you mean 'hybrid'"),
        (("search", "x", "--filter", "{year: 3}"), "--filter is not JSON"),
        (("search", "x", "--filter", "[1]"), "expected a JSON object"),
        (("search", "x", "--filter", '{"yeer": 1990}'), "did you mean 'year'"),
        (("search", "x", "--filter", '{"year": "soon"}'), "expected a whole number"),
        (("search", "x", "--collection", "films"), "there is no collection 'films'"),
        (("search", "x", "--collection", "No Good"), "collection"),
        (("serch", "x"), "search"),
        (("search",), "text"),
        (("index", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
        (("index", "books.jsonl", "--format", "json"), "did you mean 'jsonl'"),
        (("index", "books.jsonl", "--rejects", "./books.jsonl"), "would overwrite the source"),
        (("status", "--data-dir", "nowhere"), "there is no data folder"),
        (("status", "--config", "nowhere.toml"), "there is no settings file"),
    ],
)
def test_bad_use_is_named_and_leaves_with_2(
    books: Tandem, arguments: tuple[str, ...], said: str
) -> None:
    """Whatever cannot be used is named, with exit code 2 and no traceback."""
    answer = books(*arguments)

    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""


def test_errors_speak_json_too(books: Tandem) -> None:
    """With --json an error is an object with code, message and hint."""
    answer = books("search", "x", "--filter", '{"yeer": 1}', "--json")

    assert answer.code == 2
    assert answer.data["error"]["code"] == "bad_filter"
    assert answer.data["error"]["hint"] == "did you mean 'year'?"


def test_a_misspelt_variable_is_refused(books: Tandem) -> None:
    """An environment variable that names no setting would otherwise be ignored silently."""
    answer = books("status", TANDEM_DATADIR="elsewhere")

    assert answer.code == 2
    assert "did you mean TANDEM_DATA_DIR?" in answer.err


def test_rejects_are_listed_and_the_rest_is_indexed(tandem: Tandem) -> None:
    """Bad records are named with file, line, field and reason; good ones are found."""
    lines = [*BOOKS.splitlines(), "{broken", '{"id": "b1", "title": "again"}', '{"id": "b9"}']
    (tandem.folder / "books.jsonl").write_text("\n".join(lines), "utf-8")

    answer = tandem("index", "books.jsonl", "--json")
    listed = (tandem.folder / "rejects.jsonl").read_text("utf-8").splitlines()
    rejects = [json.loads(line) for line in listed]

    assert answer.code == 0
    assert (answer.data["read"], answer.data["changed"], answer.data["rejected"]) == (7, 4, 3)
    assert [(reject["line"], reject["field"]) for reject in rejects][1] == (6, "id")
    assert "first seen at" in rejects[1]["reason"]
    assert all(reject["file"] and reject["reason"] for reject in rejects)
    assert tandem("search", "salt", "--json").data["hits"][0]["document_id"] == "b4"


def test_updates_deletes_and_unchanged_content(tandem: Tandem) -> None:
    """A second run writes what changed, leaves the rest alone, and deletes what is missing."""
    file = tandem.folder / "books.jsonl"
    file.write_text(BOOKS, "utf-8")
    tandem("index", "books.jsonl")
    kept = BOOKS.replace("Cosmos", "Cosmos, revised").splitlines()[:3]
    file.write_text("\n".join(kept), "utf-8")

    refused = tandem("index", "books.jsonl", "--delete-missing")
    assert refused.code == 2
    assert "1 of the 4 documents of " in refused.err
    assert "--delete-missing --force" in refused.err
    assert tandem("index", "books.jsonl", "--force").code == 2
    again = tandem("index", "books.jsonl", "--delete-missing", "--force", "--json").data

    assert (again["changed"], again["unchanged"], again["deleted"]) == (0, 3, 1), (
        "kept when refused"
    )
    found = tandem("search", "cosmos or salt", "--json").data["hits"]
    assert {hit["document_id"]: hit["title"] for hit in found}["b2"] == "Cosmos, revised"
    assert "b4" not in {hit["document_id"] for hit in found}


def test_a_dry_run_writes_nothing(tandem: Tandem) -> None:
    """--dry-run shows the fields and the counts, and leaves no data folder behind."""
    (tandem.folder / "books.jsonl").write_text(BOOKS, "utf-8")

    answer = tandem("index", "books.jsonl", "--dry-run")

    assert answer.code == 0
    assert "4 would be indexed" in answer.out
    assert "year" in answer.err
    assert not (tandem.folder / ".tandem").exists()


def test_declared_fields_refuse_what_they_do_not_know(tandem: Tandem) -> None:
    """With fields in tandem.toml an unknown attribute is a reject that names the near miss."""
    (tandem.folder / "tandem.toml").write_text(
        '[fields.genres]\ntype = "keyword"\n[fields.year]\ntype = "integer"\n', "utf-8"
    )
    (tandem.folder / "books.jsonl").write_text(
        '{"id": "1", "title": "A", "year": 1990}\n{"id": "2", "title": "B", "yaer": 1990}\n'
    )

    answer = tandem("index", "books.jsonl", "--json").data

    assert (answer["changed"], answer["rejected"]) == (1, 1)
    assert "did you mean 'year'" in (tandem.folder / "rejects.jsonl").read_text()


def test_every_format_indexes_the_same(tandem: Tandem) -> None:
    """JSONL, gzip, CSV, Parquet and a BEIR folder give the same documents: one version each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"id": f"d{n}", "title": f"Title {n}", "body": f"Body of {n}"} for n in range(3)]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tandem.folder / "a.jsonl").write_text(lines)
    (tandem.folder / "b.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    table = [",".join(row.values()) for row in rows]
    (tandem.folder / "c.csv").write_text("\n".join(["id,title,body", *table]))
    pq.write_table(pa.Table.from_pylist(rows), tandem.folder / "d.parquet")
    (tandem.folder / "beir").mkdir()
    beir = [
        json.dumps({"_id": row["id"], "title": row["title"], "text": row["body"]}) for row in rows
    ]
    (tandem.folder / "beir" / "corpus.jsonl").write_text("\n".join(beir))

    first = tandem("index", "a.jsonl", "--json").data
    others = [
        tandem("index", name, "--json").data
        for name in ("b.jsonl.gz", "c.csv", "d.parquet", "beir")
    ]

    assert first["changed"] == 3
    assert [(other["changed"], other["unchanged"]) for other in others] == [(0, 3)] * 4


def test_a_second_owner_is_told_who_the_first_is(books: Tandem, tmp_path: Path) -> None:
    """While one process owns the data folder another one is refused and told its number."""
    script = (
        "import pathlib, sys, time; from tandem.catalog.ownership import Ownership; "
        "held = Ownership(pathlib.Path(sys.argv[1]), 'tandem index'); print('held', flush=True); "
        "time.sleep(60)"
    )
    command = [*books.command()[:1], "-c", script, str(books.folder / ".tandem")]
    with subprocess.Popen(
        command, env=books.environment(), stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "held\n"
        answer = books("search", "himalaya")
        beside = books("status")
        owner.kill()

    assert answer.code == 1
    assert f"process {owner.pid} (tandem index" in answer.err
    assert beside.code == 0


def test_a_deleted_index_is_built_again_from_the_log(tandem: Tandem) -> None:
    """The next start says which index it builds again, and then finds as before."""
    import shutil

    (tandem.folder / "books.jsonl").write_text(BOOKS, "utf-8")
    tandem("index", "books.jsonl")
    for leg in ("vector", "lexical"):
        shutil.rmtree(tandem.folder / ".tandem" / leg)
        answer = tandem("search", "himalaya", "--json")
        assert f"the {leg} index is missing: building it again" in answer.err
        assert len(answer.data["hits"]) == 4
        assert answer.data["hits"][0]["document_id"] == "b1"


def test_interrupted_indexing_goes_on(tandem: Tandem) -> None:
    """Kill -9 in the middle of `tandem index`; the next run ends with everything findable."""
    rows = [
        json.dumps({"id": f"d{n}", "title": f"Part {n}", "body": f"word{n} " * 100})
        for n in range(400)
    ]
    (tandem.folder / "parts.jsonl").write_text("\n".join(rows))
    with subprocess.Popen(
        tandem.command("index", "parts.jsonl"),
        cwd=tandem.folder,
        env=tandem.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as indexing:
        folder = tandem.folder / ".tandem" / "vector"
        deadline = time.monotonic() + 60
        while not folder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)
        indexing.kill()

    again = tandem("index", "parts.jsonl", "--json").data
    state = tandem("status", "--json").data["collections"][0]

    assert again["legs"]["vector"]["error"] is None
    assert state["documents"] == 400
    assert [index["behind"] for index in state["indexes"].values()] == [0, 0]
    assert tandem("search", "word321", "--json").data["hits"][0]["document_id"] == "d321"
