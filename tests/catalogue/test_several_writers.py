"""Several writers at once: no sequence is lost, given twice, or seen too late."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tandem.catalog.catalog import Catalog
from tandem.catalog.order import in_order
from tandem.catalog.urls import is_server
from tests.builders import document
from tests.catalogue.conftest import Open
from tests.catalogue.writers import follow, writers


def test_processes_write_while_one_follows(url: sa.URL, open_catalog: Open, tmp_path: Path) -> None:
    """Processes make the catalogue and write at once; the follower, reading on all the time,
    sees every acknowledged sequence, in order, and none is missing.
    """
    # SQLite lets one write at a time anyhow
    count = 4 if is_server(url) else 2
    with writers(url, tmp_path, count, 30) as busy:
        log = open_catalog().documents
        followed = follow(log, busy)
        given = busy.given()
    assert sorted(given.values()) == list(range(1, count * 30 * 3 + 1))
    assert log.head() == len(given)
    assert followed["main"].in_order
    assert followed["other"].in_order
    assert followed["main"].seen | followed["other"].seen == given


def test_threads_write_while_one_follows(catalog: Catalog) -> None:
    """The same inside one process."""
    given: list[int] = []
    faults: list[BaseException] = []

    def write(source: str) -> None:
        try:
            for number in range(15):
                sent = [document(f"{source}-{number}-{part}") for part in range(3)]
                given.extend(catalog.documents.append("main", source, sent).sequences.values())
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(source,)) for source in "abcd"]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    position = 0
    while any(thread.is_alive() for thread in threads) or position < catalog.documents.head():
        batch = catalog.documents.changes("main", position, 4)
        seen += [change.sequence for change in batch.changes]
        position = batch.through
    for thread in threads:
        thread.join()
    assert not faults
    assert sorted(given) == list(range(1, 181))
    assert seen == sorted(given)


WRITES: dict[str, Callable[[Catalog], object]] = {
    "append": lambda catalog: catalog.documents.append("main", "s", [document("b")]),
    "delete": lambda catalog: catalog.documents.delete("main", ["a"]),
    "purge": lambda catalog: catalog.documents.purge_tombstones("main", 9),
    "task": lambda catalog: catalog.tasks.ask("main", "reindex", {}),
    "checkpoint": lambda catalog: catalog.checkpoints.start("index", "identity", "log"),
}


@pytest.mark.parametrize("name", WRITES)
def test_who_decides_on_what_was_read_waits(catalog: Catalog, name: str) -> None:
    """While one such writer is not done, another one does not begin."""
    catalog.documents.append("main", "s", [document("a"), document("gone")])
    catalog.documents.delete("main", ["gone"])
    done = threading.Event()

    def write() -> None:
        WRITES[name](catalog)
        done.set()

    thread = threading.Thread(target=write)
    with in_order(catalog.engine):
        thread.start()
        assert not done.wait(0.3)
    thread.join(10)
    assert done.is_set()


def test_a_reader_sees_one_state(catalog: Catalog) -> None:
    """A page's end and its changes belong together: what comes meanwhile is in the next page."""
    catalog.documents.append("main", "s", [document("a")])
    appended = threading.Event()

    def write_once(*_: object) -> None:
        if not appended.is_set():
            appended.set()
            thread = threading.Thread(
                target=catalog.documents.append, args=("main", "s", [document("b")])
            )
            thread.start()
            thread.join(10)

    # between the head and the rows
    sa.event.listen(catalog.engine, "after_cursor_execute", _after_head(write_once))
    batch = catalog.documents.changes("main", 0, 10)
    assert appended.is_set()
    assert (len(batch.changes), batch.through) == (1, 1)
    assert len(catalog.documents.changes("main", batch.through, 10).changes) == 1


def _after_head(act: Callable[..., None]) -> Callable[..., None]:
    def after(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "head" in statement and "UPDATE" not in statement.upper():
            act()

    return after
