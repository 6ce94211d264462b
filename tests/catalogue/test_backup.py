"""Backup and restore: everything, as of one moment, from and into either database, or nothing."""

import os
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import sqlalchemy as sa

from tandem.catalog import backup as backup_module
from tandem.catalog import postgres
from tandem.catalog import restore as module
from tandem.catalog.backup import backup
from tandem.catalog.backup_file import BackupWriter, TablePart
from tandem.catalog.backup_rows import batches, tables_of
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, reading, writing
from tandem.catalog.event_tables import BEHAVIOUR, EVENT_HEAD, EVENT_LOG
from tandem.catalog.keys import Wanted
from tandem.catalog.logs import Log
from tandem.catalog.restore import restore
from tandem.catalog.tables import CATALOGUE, CONTENT, LOG
from tandem.errors import CatalogError, CheckpointConflict, InputError
from tandem.events import Event, Exposure, Impression
from tandem.features import FeatureMatrix
from tandem.protocols import Refusal
from tests.builders import document, schema_of
from tests.catalogue.conftest import Open

AT = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
MORE = {"message": "nul\0"}
SEEN = FeatureMatrix(("a",), ("d2\x10", "d3"), np.array([[1.5], [np.nan]], dtype=np.float32))


def fill(catalog: Catalog) -> None:
    """Something in every table, with characters that are hard to carry."""
    sent = [document(f"d{number}", "nul\0 日本 \u2028\n" * 3, n=number) for number in range(1_203)]
    catalog.documents.append("main", "s", sent)
    catalog.documents.append("main", "s", [document("when", updated_at=AT, many=("a", "b"))])
    catalog.documents.delete("main", ["d1", "d7"])
    generation = catalog.releases.create_generation(
        "main",
        schema_of(genre="keyword"),
        analysis="english-1",
        embedder="model@1",
        dimension=8,
        passage_tokens=128,
    )
    model = catalog.models.add("main", {"kind": "people"}, {"tables.npz": bytes(range(256))})
    catalog.releases.promote("main", generation.number, parent=None, model=model)
    log_id = catalog.documents.log_id
    held = catalog.checkpoints.start(generation.lexical_name, "identity", log_id, owner="one")
    refusals = [(3, Refusal("d2", "why\0"))]
    catalog.checkpoints.advance(held, 1_000, changed=["d2"], refusals=refusals)
    catalog.tasks.ask("main", "reindex", {"embedder": "model@2"})
    catalog.keys.create(Wanted("shop", frozenset({"search"}), {"kind": "a"}, 2.5))
    catalog.verifications.record(generation.lexical_name, AT, {"missing": 1}, 1)
    catalog.events.append(
        "main", "api", [Event("e\x10", "rating", AT, "d2", value=4.5, details=MORE)]
    )
    shown = (Exposure("d2\x10", 1, 0.5, "a"), Exposure("d3", 2))
    catalog.events.append_impressions("main", "api", [Impression("q", AT, 1, exposures=shown)])
    catalog.events.features.keep("main", [("q", SEEN)])
    catalog.events.append("other", "api", [Event("s", "click", AT, user_id="u", session_id="s")])
    for _ in catalog.events.erasures.collect(catalog.events.erasures.ask("other", "u").number):
        pass


NOT_KEPT = {
    "document_log_head": {"log_id"},
    "event_log_head": {"log_id"},
    "checkpoints": {"owner", "epoch", "log_id", "identity", "applied"},
}
"""What a restore changes; the failures, which it leaves out, are not compared."""


def content(catalog: Catalog) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of every table, without what a restore changes."""
    found = {}
    for engine, log in ((catalog.engine, CONTENT), (catalog.events.engine, BEHAVIOUR)):
        with reading(engine) as connection:
            for name, table in log.tables.tables.items():
                if name == "failures":
                    continue
                left_out = NOT_KEPT.get(name, set())
                columns = [column for column in table.columns if column.name not in left_out]
                found[name] = {tuple(row) for row in connection.execute(sa.select(*columns))}
    return found


write_table, write = backup_module._write_table, backup_module._write
ADDED = {"details", "awaited", "model", "search"}
"""The columns that earlier formats had not."""


def earlier_log(connection: sa.Connection, writer: BackupWriter, log: Log) -> Any:
    """Write a log's tables as an earlier Tandem did."""
    kept = sa.MetaData()
    for table in log.tables_of(1 if log is BEHAVIOUR else 2):
        table.to_metadata(kept)
    return write(connection, writer, log._replace(tables=kept))


def earlier_table(connection: sa.Connection, writer: BackupWriter, table: sa.Table) -> TablePart:
    """Write a table as an earlier Tandem did."""
    kept = [sa.column(item.name, item.type) for item in table.columns if item.name not in ADDED]
    return write_table(connection, writer, cast("sa.Table", sa.table(table.name, *kept)))


@pytest.fixture
def written(catalog: Catalog, tmp_path: Path) -> Path:
    """A backup of a full catalogue."""
    fill(catalog)
    path = tmp_path / "backup.zip"
    backup(catalog, path)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> sa.URL:
    """An empty place to restore into."""
    if request.param == "sqlite":
        return file_url(tmp_path / "restored" / "documents.sqlite")
    found: sa.URL = request.getfixturevalue("second_postgres_url")
    return found


@pytest.fixture
def restored(target: sa.URL, tmp_path: Path) -> Iterator[Open]:
    """Opens the catalogue there."""
    opened: list[Catalog] = []

    def open_once() -> Catalog:
        opened.append(Catalog(target, file_url(tmp_path / "restored.sqlite")))
        return opened[-1]

    yield open_once
    for catalog in opened:
        catalog.close()


# --- there and back ---


def test_everything_comes_back(
    catalog: Catalog, written: Path, target: sa.URL, restored: Open
) -> None:
    """Each table's rows and the log's head; what comes next gets the next sequence."""
    manifest = restore(target, written).manifest
    again = restored()
    assert content(again) == content(catalog)
    assert again.documents.head() == catalog.documents.head() == manifest.head == 1_206
    assert {name: len(rows) for name, rows in content(again).items()} == {
        name: part.rows for name, part in manifest.tables.items() if name != "failures"
    }
    assert min(part.rows for part in manifest.tables.values()) == 1, "every table is in the test"
    assert again.documents.changes("main", 0, 2_000) == catalog.documents.changes("main", 0, 2_000)
    assert again.documents.append("main", "s", [document("next")]).sequences == {"next": 1_207}
    assert again.events.head() == catalog.events.head() == manifest.event_head == 3
    assert again.events.events("main", 0, 9) == catalog.events.events("main", 0, 9)
    assert again.events.append("main", "api", [Event("e\x10", "rating", AT)]).duplicates == 1


def test_a_backup_of_what_was_restored_is_the_same(
    written: Path, target: sa.URL, restored: Open, tmp_path: Path
) -> None:
    """Whatever database it went through: but for the log's id and how far indexes were."""
    first = restore(target, written).manifest
    second = backup(restored(), tmp_path / "again.zip")
    rows = {name: part.rows for name, part in first.tables.items()} | {"failures": 0}
    assert {name: part.rows for name, part in second.tables.items()} == rows
    for name in ("releases", "tasks", "verifications", "generations"):
        assert second.tables[name] == first.tables[name]


def test_a_backup_of_earlier_formats(
    catalog: Catalog,
    target: sa.URL,
    restored: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What they had not is put back empty: what comes next may have some."""
    fill(catalog)
    path = tmp_path / "earlier.zip"
    with monkeypatch.context() as earlier:
        earlier.setattr(backup_module, "EVENT_FORMAT", 1)
        earlier.setattr(backup_module, "FORMAT", 2)
        earlier.setattr(backup_module, "_write", earlier_log)
        earlier.setattr(backup_module, "_write_table", earlier_table)
        with writing(catalog.events.engine) as connection:
            connection.execute(EVENT_HEAD.update().values(format=1))
        with writing(catalog.engine) as connection:
            connection.execute(LOG.update().values(format=2))
        backup(catalog, path)
    manifest = restore(target, path).manifest
    assert (manifest.catalogue_format, manifest.event_format) == (2, 1)
    assert (held := restored().checkpoints.read("main-lexical-1")) is not None
    assert held.awaited == 0
    assert (live := restored().releases.live("main")) is not None
    assert live.model is None
    assert restored().models.list("main") == []
    log = restored().events
    assert [row.what for row in log.events("main", 0, 10).rows] == [
        Event("e\x10", "rating", AT, "d2", value=4.5)
    ]
    log.append("main", "s", [Event("new", "click", AT, details=MORE)])
    assert log.events("main", 3, 10).rows[0].what.details == MORE


def test_followers_from_before_are_fenced(
    catalog: Catalog, written: Path, target: sa.URL, restored: Open
) -> None:
    """Nobody holds an index after a restore; who held it, before or after the backup, is refused
    with every epoch that was ever given.
    """
    name = "main-lexical-1"
    held = catalog.checkpoints.read(name)
    assert held is not None
    restore(target, written)
    late = catalog.checkpoints.take(catalog.checkpoints.take(held))
    backup(catalog, written)
    restore(target, written, replace=True)
    restore(target, written, replace=True)
    checkpoints = restored().checkpoints
    lease, found = checkpoints.observe(name), checkpoints.read(name)
    assert lease is not None
    assert found is not None
    assert lease.owner is None
    assert found.epoch > late.epoch
    for earlier in (held, late):
        with pytest.raises(CheckpointConflict):
            checkpoints.advance(earlier, 1_001)


def test_one_moment(catalog: Catalog, tmp_path: Path) -> None:
    """What is written while the backup is made is not in it, in no table."""
    fill(catalog)
    before = content(catalog)
    path = tmp_path / "backup.zip"
    appended = threading.Event()

    def write_more(*_: object) -> None:
        if not appended.is_set():
            appended.set()
            catalog.documents.append("main", "s", [document("late"), document("d3", "changed")])
            catalog.events.append("main", "api", [Event("late", "click", AT)])

    sa.event.listen(catalog.engine, "after_cursor_execute", _once_reading(write_more))
    backup(catalog, path)
    assert appended.is_set()
    assert (catalog.documents.head(), catalog.events.head()) == (1_208, 4)
    url = file_url(tmp_path / "other" / "documents.sqlite")
    assert restore(url, path).manifest.head == 1_206
    again = Catalog(url, file_url(tmp_path / "other" / "e.sqlite"))
    assert content(again) == before
    again.close()


def _once_reading(act: Any) -> Any:
    def after(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # the log's row is read first: the snapshot stands
        if "log_id" in statement and "SELECT" in statement:
            thread = threading.Thread(target=act)
            thread.start()
            thread.join(10)

    return after


def test_a_log_waits_however_long_the_other_one_takes(
    postgres_url: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends neither transaction while nothing is asked in it."""
    catalog = Catalog(postgres_url, file_url(tmp_path / "e.sqlite"))
    catalog.events.append("main", "api", [Event("e", "click", AT)])
    catalog.close()
    idle = "SET idle_in_transaction_session_timeout = '100ms'"
    monkeypatch.setattr(postgres, "SESSION", (idle,))

    def slow(work: Any) -> Any:
        def later(*arguments: Any) -> Any:
            time.sleep(0.15)
            return work(*arguments)

        return later

    with monkeypatch.context() as patched:
        patched.setattr(backup_module, "_write", slow(backup_module._write))
        backup(catalog, tmp_path / "backup.zip")
    monkeypatch.setattr(module, "_exchange", slow(module._exchange))
    restore(postgres_url, tmp_path / "backup.zip", replace=True)
    assert catalog.events.event_count("main") == 1
    catalog.close()


def test_a_log_of_its_own(catalog: Catalog, written: Path, target: sa.URL, restored: Open) -> None:
    """A restored log never has the id of the one that was backed up, which names its indexes on
    servers: not in another place, not in the same one, not twice.
    """
    backed_up = catalog.documents.log_id
    first = restore(target, written)
    assert restored().documents.log_id == first.log_id != backed_up == first.manifest.log_id
    assert restored().events.log_id != catalog.events.log_id
    assert first.replaced is None
    second = restore(target, written, replace=True)
    assert restored().documents.log_id == second.log_id not in (first.log_id, backed_up)
    names = ("main-lexical-1",), ("main-vector-1",)
    assert second.replaced == module.Replaced(first.log_id, *names)


def test_no_index_is_trusted(written: Path, target: sa.URL, restored: Open) -> None:
    """With the restore itself, and not some time after it: everything is applied again, to indexes
    that are made anew, and no failure of the old ones is left.
    """
    done = restore(target, written)
    checkpoints = restored().checkpoints
    found = checkpoints.read("main-lexical-1")
    assert found is not None
    assert (found.identity, found.applied, found.log_id) == ("", 0, done.log_id)
    assert checkpoints.failure_count("main-lexical-1") == 0


def test_a_backup_holds_few_rows_at_once(tmp_path: Path) -> None:
    """However large they are, and however many."""
    folder = tmp_path / "large"
    catalog = Catalog(file_url(folder / "d.sqlite"), file_url(folder / "e.sqlite"))
    for number in range(0, 240, 10):
        sent = [document(f"d{number + part}", "x" * 400_000) for part in range(10)]
        catalog.documents.append("main", "s", sent)
    tracemalloc.start()
    try:
        backup(catalog, tmp_path / "large.backup")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        catalog.close()
    assert peak < 40_000_000, "of 96 MB"


# --- refused ---


def test_what_is_there_is_not_overwritten(
    catalog: Catalog, written: Path, url: sa.URL, tmp_path: Path
) -> None:
    """A catalogue that holds something is kept, unless it is to be replaced."""
    before = content(catalog)
    with pytest.raises(InputError, match="is not empty: its log ends at 1206") as raised:
        restore(url, written)
    assert "--replace" in raised.value.hint
    assert content(catalog) == before
    catalog.documents.append("main", "s", [document("late")])
    restore(url, written, replace=True)
    assert content(catalog) == before


def test_a_catalogue_that_only_gave_sequences_is_not_empty(
    catalog: Catalog, written: Path, target: sa.URL, restored: Open
) -> None:
    """Indexes may have followed it."""
    log = restored().documents
    log.append("main", "s", [document("a")])
    log.delete("main", ["a"])
    log.purge_tombstones("main", 2)
    with pytest.raises(InputError, match="its log ends at 2"):
        restore(target, written)
    assert log.head() == 2


@pytest.mark.parametrize("last", ["releases", "impressions"])
def test_a_failure_halfway_changes_nothing(
    written: Path, url: sa.URL, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """Both transactions are undone when the file cannot be read on, whichever log it comes to."""
    catalog.documents.append("main", "s", [document("late")])
    catalog.events.append("main", "api", [Event("late", "click", AT)])
    before = content(catalog)

    def fail_late(path: Path, reader: Any, log: Log, table: sa.Table) -> Iterator[Any]:
        yield from batches(path, reader, log, table)
        if table.name == last:
            raise InputError("the disk is gone")

    monkeypatch.setattr(module, "batches", fail_late)
    with pytest.raises(InputError, match="the disk is gone"):
        restore(url, written, replace=True)
    assert content(catalog) == before


def test_events_alone_are_not_overwritten(written: Path, target: sa.URL, restored: Open) -> None:
    """They are what nobody can compute again, even where there is no document."""
    restored().events.append("main", "api", [Event("mine", "click", AT)])
    with pytest.raises(InputError, match=r"the event log .* is not empty: its log ends at 1"):
        restore(target, written)
    assert restored().events.event_count("main") == 1
    assert restored().documents.head() == 0


# --- writing the file ---


def test_an_earlier_backup_is_replaced_when_the_new_one_is_complete(
    catalog: Catalog, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure leaves the earlier one, and nothing beside it."""
    before = written.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="No space left on device") as raised:
            backup(catalog, written)
    assert raised.value.hint
    assert written.read_bytes() == before
    assert [path.name for path in written.parent.iterdir() if "part" in path.name] == []
    catalog.documents.append("main", "s", [document("late")])
    assert backup(catalog, written).head == 1_207
    assert written.read_bytes() != before


@pytest.mark.parametrize("name", ["nowhere/backup.zip", "file/backup.zip", "folder", "nul\0.zip"])
def test_a_file_that_cannot_be_written(catalog: Catalog, tmp_path: Path, name: str) -> None:
    """It is named, and nothing is left of it."""
    assert catalog.events.head() == 0
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match="cannot be written") as raised:
        backup(catalog, tmp_path / name)
    assert raised.value.hint
    assert sorted(tmp_path.iterdir()) == before


def test_a_database_that_fails_leaves_no_file(catalog: Catalog, tmp_path: Path) -> None:
    """The error is the catalogue's."""
    with catalog.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE tasks")
    with pytest.raises(CatalogError, match="tasks"):
        backup(catalog, tmp_path / "backup.zip")
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_all_tables_are_in_it(catalog: Catalog, tmp_path: Path) -> None:
    """A new table is in the next backup without being named."""
    assert {*tables_of(backup(catalog, tmp_path / "b.zip"))} == {
        *CATALOGUE.tables,
        *EVENT_LOG.tables,
    }
