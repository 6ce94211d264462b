"""What people do is followed in the event log."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.behaving import BehaviourWatch
from rerank.behaviour import Behaviour, Past
from tandem.behaviour import Who
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.event_log import EventLog
from tandem.errors import CatalogError
from tandem.events import Event
from tests.e2e.shop import until
from tests.logs import logged

MOMENT = datetime(2026, 11, 26, tzinfo=UTC)
FOR_EVER = 3_600.0


def opened(folder: Path) -> Catalog:
    """A catalogue on SQLite."""
    return Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "e.sqlite"))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    """An event log."""
    with closing(opened(tmp_path)) as catalog:
        yield catalog.events


def click(log: EventLog, *document_ids: str, collection: str = "main") -> None:
    """Each once."""
    begin = log.head()
    events = [
        Event(f"e{begin + number}", "click", MOMENT, document_id)
        for number, document_id in enumerate(document_ids)
    ]
    log.append(collection, "test", events)


def watch(events: Callable[[], EventLog | None], every_seconds: float = 0.005) -> BehaviourWatch:
    """One that looks all the time."""
    return BehaviourWatch(events, "main", every_seconds=every_seconds)


def chosen(behaviour: Behaviour, document_id: str) -> float:
    """How often."""
    everyone = behaviour.of([document_id], MOMENT.timestamp())
    return float(everyone.chosen[everyone.rows([document_id])][0])


def test_what_is_new_is_followed(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there at the start, in pages, and what comes later; of this collection alone."""
    monkeypatch.setattr("api.behaving.ROWS", 2)
    click(log, "a", "b", "a", "a", "c")
    click(log, "a", collection="other")
    with closing(watch(lambda: log)) as followed:
        assert followed.wait(30)
        assert (chosen(followed.current, "a"), followed.current.position) == (3.0, 6)
        click(log, "b")
        until(lambda: chosen(followed.current, "b") == 2.0)
        assert followed.current.position == 7


def test_a_sparse_log_is_read_whole(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of it is another collection's: no piece is full."""
    monkeypatch.setattr("api.behaving.ROWS", 4)
    for _ in range(8):
        click(log, "a")
        click(log, "a", "b", "c", collection="other")
    with closing(watch(lambda: log, FOR_EVER)) as followed:
        assert followed.wait(30)
        assert (chosen(followed.current, "a"), followed.current.position) == (8.0, 32)


def test_it_can_be_woken(log: EventLog) -> None:
    """What this process takes counts at once."""
    with closing(watch(lambda: log, FOR_EVER)) as followed:
        assert followed.wait(30)
        click(log, "a")
        followed.wake()
        until(lambda: chosen(followed.current, "a") == 1.0)


def test_a_position_can_be_waited_for(log: EventLog) -> None:
    """What stands there is known then; what is not written yet is not waited for longer."""
    with closing(watch(lambda: log, FOR_EVER)) as followed:
        assert followed.wait(30)
        click(log, "a", "b")
        assert followed.wait_for(2, 30)
        assert chosen(followed.current, "b") == 1.0
        assert not followed.wait_for(3, 0.01)


def test_where_nothing_was_ever_done_there_is_nothing_to_wait_for() -> None:
    """No log is made by looking for one."""
    with closing(watch(lambda: None)) as followed:
        assert followed.wait(30)
        assert (followed.is_whole, followed.current.position) == (True, 0)


def test_it_is_not_whole_before_all_was_read(log: EventLog) -> None:
    """A log that cannot be read is told of once, and tried again."""
    click(log, "a")
    working = False

    def events() -> EventLog:
        if not working:
            raise CatalogError("down")
        return log

    with logged() as records, closing(watch(events)) as followed:
        until(lambda: bool(records))
        assert not followed.wait(0.05)
        assert ["what people do is not followed" in item.getMessage() for item in records] == [True]
        working = True
        assert followed.wait(30)
        assert chosen(followed.current, "a") == 1.0


def test_a_log_that_was_put_back_is_read_from_its_beginning(log: EventLog, tmp_path: Path) -> None:
    """Restored from a backup it ends before what was read."""
    click(log, "a", "a", "a")
    (tmp_path / "other").mkdir()
    with closing(opened(tmp_path / "other")) as restored:
        click(restored.events, "b")
        current = log
        with closing(watch(lambda: current)) as followed:
            until(lambda: chosen(followed.current, "a") == 3.0)
            current = restored.events
            until(lambda: chosen(followed.current, "b") == 1.0)
            assert (chosen(followed.current, "a"), followed.current.position) == (0.0, 1)


def test_who_is_erased_is_forgotten(log: EventLog) -> None:
    """What they did is counted as before, and is nobody's as soon as the log is read past it."""
    told = [Event(f"u{place}", "click", MOMENT, "a", "eve") for place in range(3)]
    log.append("main", "test", told)
    eve = Past(Who(user_id="eve"), (), as_of=1)
    with closing(watch(lambda: log)) as followed:
        assert followed.wait_for(3, 30)
        found = followed.current.beside(eve, ["a"], 0.0)
        assert found is not None
        assert len(found[1].deeds) == 2
        erased = log.erasures.ask("main", "eve").number
        for _ in (*log.erasures.collect(erased), *log.erasures.rewrite(erased)):
            pass
        log.append("main", "test", [Event("v", "click", MOMENT, "a", "eve")])
        assert followed.wait_for(log.head(), 30)
        assert chosen(followed.current, "a") == 4.0
        assert followed.current.beside(eve, ["a"], 0.0) is None
        later = followed.current.beside(eve._replace(as_of=3), ["a"], 0.0)
        assert later is not None
        assert len(later[1].deeds) == 1
