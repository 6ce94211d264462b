"""Restoring over what somebody follows, or over what is damaged."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tandem.catalog import restore as module
from tandem.catalog.backup import backup
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.catalog.database import file_url
from tandem.catalog.faults import DatabaseDamaged
from tandem.catalog.restore import restore
from tandem.catalog.tables import LOG
from tandem.errors import OwnedElsewhere
from tandem.events import Event
from tests.builders import document

COUNT = 400
EVENT_COUNT = 300


@pytest.fixture
def held(catalog: Catalog) -> Checkpoint:
    """Documents, and an index that ``host:1`` holds."""
    sent = [document(f"d{number}", f"body {number} " * 40) for number in range(COUNT)]
    catalog.documents.append("main", "s", sent)
    happened = datetime(2026, 11, 25, tzinfo=UTC)
    events = [Event(f"e{number}", "click", happened) for number in range(EVENT_COUNT)]
    catalog.events.append("main", "api", events)
    return catalog.checkpoints.start("index", "x", catalog.documents.log_id, owner="host:1")


@pytest.fixture
def written(catalog: Catalog, held: Checkpoint, tmp_path: Path) -> Path:
    """A backup of it."""
    backup(catalog, tmp_path / "b.backup")
    return tmp_path / "b.backup"


@contextmanager
def beating(catalog: Catalog, held: Checkpoint) -> Iterator[None]:
    """The owner is alive."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(0.05):
            catalog.checkpoints.renew(held, "host:1")

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_living_follower_keeps_its_catalogue(
    catalog: Catalog,
    held: Checkpoint,
    written: Path,
    url: sa.URL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While its beat moves nothing is replaced; when it stands still, everything is."""
    monkeypatch.setattr(module, "WATCH_SECONDS", 1.0)
    log_id = catalog.documents.log_id
    with (
        beating(catalog, held),
        pytest.raises(OwnedElsewhere, match="host:1 follows index") as told,
    ):
        restore(url, written, replace=True)
    assert "tandem follow" in told.value.hint
    kept = catalog.checkpoints.read("index")
    assert kept is not None
    assert kept.log_id == log_id
    assert restore(url, written, replace=True).log_id != log_id


# --- damaged files ---


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a catalogue's file is or was."""
    return tmp_path / "place" / "documents.sqlite"


def lived(file: Path, written: Path) -> None:
    """A catalogue in order, closed."""
    restore(file_url(file), written)


def first_page(file: Path) -> None:
    """No database any more."""
    content = file.read_bytes()
    file.write_bytes(b"\xa5" * 4_096 + content[4_096:])


def inner_pages(file: Path) -> None:
    """Opens, and fails when its tables are read."""
    content = file.read_bytes()
    file.write_bytes(content[:20_480] + b"\xa5" * (len(content) - 20_480))


def log_row(file: Path) -> None:
    """The log is gone from it."""
    engine = sa.create_engine(file_url(file))
    with engine.begin() as connection:
        connection.execute(LOG.delete())
    engine.dispose()


@pytest.mark.parametrize("damage", [first_page, inner_pages, log_row])
def test_a_damaged_file_is_moved_aside(written: Path, file: Path, damage: object) -> None:
    """Asked to replace it, a restore succeeds; nothing of the damaged ones is lost or mixed in."""
    assert callable(damage)
    for number in range(3):
        if number == 0:
            lived(file, written)
        damage(file)
        damaged = file.read_bytes()
        done = restore(file_url(file), written, replace=True)
        assert [aside.read_bytes() for aside in done.aside] == [damaged]
        assert done.replaced is None
        catalog = Catalog(file_url(file), file_url(file.parent / "e.sqlite"))
        assert catalog.documents.count("main") == COUNT
        assert catalog.documents.log_id == done.log_id
        catalog.close()
    names = {path.name for path in file.parent.iterdir() if path.name.startswith("documents")}
    aside = "documents.sqlite.damaged"
    assert {name for name in names if not name.endswith(("-wal", "-shm"))} == {
        file.name,
        aside,
        f"{aside}-2",
        f"{aside}-3",
    }
    assert not [path for path in file.parent.iterdir() if path.name.endswith(".part")]


@pytest.mark.parametrize("damage", [first_page, inner_pages])
@pytest.mark.parametrize("names", [("events",), ("events", "documents")])
def test_damaged_events_are_moved_aside(
    written: Path, file: Path, damage: object, names: tuple[str, ...]
) -> None:
    """Alone they take nothing of the documents with them; both may be damaged."""
    assert callable(damage)
    lived(file, written)
    damaged = {}
    for name in names:
        place = file.with_stem(name)
        damage(place)
        damaged[place.with_name(f"{place.name}.damaged")] = place.read_bytes()
    done = restore(file_url(file), written, replace=True)
    assert {aside: aside.read_bytes() for aside in done.aside} == damaged
    assert (done.replaced is None) == ("documents" in names)
    catalog = Catalog(file_url(file), file_url(file.parent / "e.sqlite"))
    assert catalog.documents.count("main") == COUNT
    assert catalog.events.event_count("main") == EVENT_COUNT
    catalog.close()


@pytest.mark.parametrize("damage", [first_page, log_row])
def test_a_damaged_file_stays_unless_it_is_to_be_replaced(
    written: Path, file: Path, damage: object
) -> None:
    """And what is said leads on."""
    assert callable(damage)
    lived(file, written)
    damage(file)
    before = file.read_bytes()
    with pytest.raises(DatabaseDamaged) as told:
        restore(file_url(file), written)
    assert "tandem restore --replace" in told.value.hint
    assert file.read_bytes() == before


def test_a_restore_that_fails_leaves_the_damaged_file(
    written: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its place, with nothing beside it."""
    lived(file, written)
    first_page(file)
    before = file.read_bytes()

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(module, "_exchange", fail)
    with pytest.raises(RuntimeError):
        restore(file_url(file), written, replace=True)
    assert file.read_bytes() == before
    assert not [path for path in file.parent.iterdir() if "part" in path.name]
    assert not [path for path in file.parent.iterdir() if "damaged" in path.name]
