"""``tandem events import``: what is kept, what is told, and what is refused."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.commands.events import run
from api.console import FOUND, PROBLEM
from api.events_import import Importer
from indexer.rejects import RejectsFile
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.errors import CatalogError, CollectionNotFound, InputError, SourceError
from tandem.events import UNKNOWN_QUERY, Event
from tandem.schema import Schema
from tests.builders import document

Captured = pytest.CaptureFixture[str]
AT = datetime(2026, 11, 26, tzinfo=UTC)
LINES: list[dict[str, Any]] = [
    {"timestamp": 300, "user_id": "u", "document_id": "a", "rating": 4},
    {"timestamp": 100, "user_id": "u", "document_id": "b", "rating": 2},
    {"user_query": "x", "query_id": "q", "timestamp": "1970-01-01T00:03:20Z",
     "query_response_hit_ids": ["a", "b"]},
    {"action_name": "click", "timestamp": "1970-01-01T00:03:20Z", "query_id": "q",
     "event_attributes": {"object": {"object_id": "gone"}}},
    {"action_name": "click", "timestamp": "1970-01-01T00:03:20Z", "query_id": "never shown"},
]  # fmt: skip
Run = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a collection of two documents."""
    catalog = opened(tmp_path)
    made = catalog.releases.create_generation(
        "main", Schema(), analysis="a", embedder="e", dimension=2, passage_tokens=128
    )
    catalog.releases.promote("main", made.number, parent=None)
    catalog.documents.append("main", "s", [document("a"), document("b")])
    catalog.close()
    return tmp_path


def opened(folder: Path) -> Catalog:
    """Its catalogue."""
    return Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "embeddings.sqlite"))


def written(folder: Path, name: str, lines: list[Any]) -> Path:
    """A file of lines: bytes as they are, everything else as JSON."""
    file = folder / name
    content = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return file


@pytest.fixture
def bring(folder: Path) -> Run:
    """Runs the command there."""

    def imported(*files: Path, **given: Any) -> int:
        asked: dict[str, Any] = {
            "rejects": folder / "rejects.jsonl",
            "data_dir": folder,
            "dry_run": False,
        }
        return run([*files], **asked | given)

    return imported


def rows(folder: Path) -> list[Any]:
    """What the log holds, in its order."""
    catalog = opened(folder)
    found = catalog.events.behaviour("main").rows(0, 100).rows
    catalog.close()
    return list(found)


def test_all_kinds_in_order_of_time(folder: Path, bring: Run, capsys: Captured) -> None:
    """Over all files; and what there is to know is told."""
    files = written(folder, "one.jsonl", LINES[:2]), written(folder, "two.jsonl.gz", LINES[2:])
    assert bring(*files) == FOUND
    assert [row.seconds for row in rows(folder)] == [100, 200, 200, 200, 300]
    out, err = capsys.readouterr()
    assert "5 read: 4 events, 1 impressions, 0 rejected; 5 new, 0 known before, in " in out
    assert "  from 1970-01-01 00:01 to 1970-01-01 00:05 UTC" in out
    assert "1 events are on 1 documents that the collection has not, such as 'gone'" in err
    assert "of 1 queries with events, no page was shown here" in err
    assert not (folder / "rejects.jsonl").exists()
    catalog = opened(folder)
    events: dict[str | None, Event] = {
        row.what.query_id: row.what for row in catalog.events.events("main", 0, 9).rows
    }
    assert {row.source for row in catalog.events.events("main", 0, 9).rows} == {"import"}
    catalog.close()
    assert events["never shown"].details == {UNKNOWN_QUERY: True}
    assert events["q"].details == {}


def test_again_it_adds_nothing(folder: Path, bring: Run, capsys: Captured) -> None:
    """Nor does a line that a file has twice."""
    file = written(folder, "one.jsonl", [*LINES, LINES[0]])
    assert bring(file, as_json=True) == FOUND
    first = json.loads(capsys.readouterr().out)
    assert (first["accepted"], first["duplicates"]) == (5, 1)
    before = rows(folder)
    assert bring(file, as_json=True) == FOUND
    told = json.loads(capsys.readouterr().out)
    assert (told["read"], told["accepted"], told["duplicates"]) == (6, 0, 6)
    assert rows(folder) == before


def test_whoever_has_the_log_open_sees_it(folder: Path, bring: Run) -> None:
    """A server may run meanwhile; what it writes and what is imported are one order."""
    server = opened(folder)
    server.events.append("main", "http", [Event("own", "click", AT)])
    assert bring(written(folder, "one.jsonl", LINES)) == FOUND
    server.events.append("main", "http", [Event("later", "click", AT)])
    found = server.events.behaviour("main").rows(0, 9)
    assert [row.sequence for row in found.rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.seconds for row in found.rows[:3]] == [AT.timestamp(), 100, 200]
    server.close()


def test_bad_lines_stop_nothing(folder: Path, bring: Run, capsys: Captured) -> None:
    """Each is listed with its place, field and reason."""
    bad: list[Any] = [
        b"{",
        b"",
        b'{"a": 1, "a": 2}',
        b"\xff",
        {**LINES[0], "rating": "x"},
        b"[NaN]",
    ]
    file = written(folder, "one.jsonl", [*bad, LINES[0]])
    assert bring(file) == FOUND
    assert len(rows(folder)) == 1
    assert "6 read: 1 events, 0 impressions, 5 rejected" in capsys.readouterr().out
    rejects = [json.loads(line) for line in (folder / "rejects.jsonl").read_text().splitlines()]
    assert [(row["file"], row["line"]) for row in rejects] == [
        (str(file), line) for line in (1, 3, 4, 5, 6)
    ]
    assert rejects[1]["field"] == "a"
    assert rejects[1]["reason"] == "is given 2 times, expected once"
    assert rejects[3]["field"] == "rating"
    assert rejects[3]["reason"] == "expected a number, found a text"


def test_where_every_line_is_bad(folder: Path, bring: Run) -> None:
    """It is another file than it was taken for; an empty one is in order."""
    assert bring(written(folder, "bad.jsonl", [b"{", b"x"])) == PROBLEM
    assert bring(written(folder, "empty.jsonl", [b"", b" "])) == FOUND
    assert rows(folder) == []


def test_nobody_knows_when(folder: Path, bring: Run, capsys: Captured) -> None:
    """The first moment of 1970 stands for none: kept, first of all, and told."""
    undated = {**LINES[0], "timestamp": 0}
    assert bring(written(folder, "one.jsonl", [LINES[1], undated])) == FOUND
    assert [row.seconds for row in rows(folder)] == [0, 100]
    out, err = capsys.readouterr()
    assert "1 say 1970-01-01: when they happened is unknown" in err
    assert "from 1970-01-01 00:01 to" in out


def test_a_dry_run_keeps_nothing(folder: Path, bring: Run, capsys: Captured) -> None:
    """But tells what it would."""
    file = written(folder, "one.jsonl", [*LINES, b"{"])
    assert bring(file, dry_run=True) == FOUND
    assert "6 read: 4 events, 1 impressions, 1 rejected, in " in capsys.readouterr().out
    assert not (folder / "events.sqlite").exists()
    assert (folder / "rejects.jsonl").exists()


def test_what_cannot_begin(folder: Path, bring: Run, tmp_path: Path) -> None:
    """Nothing is written for a missing file, another collection, or rejects over a source."""
    file = written(folder, "one.jsonl", LINES)
    with pytest.raises(SourceError, match=r"missing\.jsonl"):
        bring(file, folder / "missing.jsonl")
    with pytest.raises(CollectionNotFound, match="there is no collection 'other'") as raised:
        bring(file, collection="other")
    assert raised.value.hint == "known collections: main"
    with pytest.raises(CollectionNotFound, match="no data folder"):
        bring(file, data_dir=tmp_path / "nowhere")
    with pytest.raises(InputError, match="would overwrite the source"):
        bring(file, rejects=file)
    assert not (folder / "events.sqlite").exists()


def test_after_a_failure_it_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thousand lines are kept or not; run again, the rest comes."""
    monkeypatch.setattr("api.events_import.BATCH", 2)
    lines = [{**LINES[0], "timestamp": place} for place in range(5)]
    file = written(folder, "one.jsonl", lines)
    catalog = opened(folder)
    log = catalog.events
    append = log.append
    kept: list[Any] = []

    def fail_later(*given: Any) -> Any:
        if kept:
            raise CatalogError("the disk is full")
        kept.append(given)
        return append(*given)

    importer = Importer(catalog, "main", 1, lambda _, __: None)
    rejected = RejectsFile(folder / "rejects.jsonl")
    with monkeypatch.context() as patched:
        patched.setattr(log, "append", fail_later)
        with pytest.raises(CatalogError, match="the disk is full"):
            importer.run([file], rejected, dry=False)
    assert log.event_count("main") == 2
    done = importer.run([file], rejected, dry=False)
    assert (done.accepted, done.duplicates) == (3, 2)
    assert [row.seconds for row in log.behaviour("main").rows(0, 9).rows] == [0, 1, 2, 3, 4]
    catalog.close()
