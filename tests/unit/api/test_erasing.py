"""Somebody is erased: in the event log and in what cursors page through, by whoever comes to it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.erasing import BEYOND_REACH, erase, finish, left_undone, steps, told
from query.arranged import Arranged
from query.frozen_content import encoded, people_in
from tandem.catalog import frozen_rankings
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, reading
from tandem.catalog.event_tables import EVENTS
from tandem.errors import CatalogError
from tandem.events import Event, Impression
from tandem.queries import Query
from tandem.rankings import Ranking
from tests.logs import logged

AT = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process has shown anything."""
    monkeypatch.setattr("api.erasing.SETTLED_SECONDS", 0)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """With two deeds of ``eve`` in a session."""
    with closing(Catalog(file_url(tmp_path / "d.sqlite"), file_url(tmp_path / "e.sqlite"))) as made:
        deeds = [Event(name, "click", AT, "d", "eve", session_id="s") for name in "ab"]
        made.events.append("main", "test", deeds)
        yield made


def ranking(query: Query) -> bytes:
    """A frozen one."""
    return encoded(
        Arranged(
            query=query,
            configuration="rrf",
            release=1,
            ranking=Ranking("rrf", ()),
            legs=(),
            words=query.text,
        )
    )


def test_who_asked_is_in_what_cursors_page_through() -> None:
    """Whichever ids there are; what is no ranking is nobody's."""
    asked = Query("x", user_id="u", session_id="s")
    assert people_in(ranking(asked)) == {"u", "s"}
    assert people_in(ranking(Query("x"))) == frozenset()
    assert [people_in(bad) for bad in (b"", b"[]", b"{}")] == [frozenset()] * 3


def test_their_cursors_expire(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the person, and of their sessions; others' go on."""
    monkeypatch.setattr(frozen_rankings, "FORGOTTEN_PER_STEP", 2)
    queries = {
        "1": Query("x", user_id="eve"),
        "2": Query("x", user_id="bob", session_id="t"),
        "3": Query("x", session_id="s"),
        "4": Query("x"),
        "5": Query("x", client_id="eve"),
    }
    for name, query in queries.items():
        catalog.frozen.keep(name, "main", 1, ranking(query), 900)
    catalog.frozen.keep("6", "other", 1, ranking(queries["1"]), 900)
    erase(catalog, "main", "eve")
    assert [name for name in "123456" if catalog.frozen.find(name)] == ["2", "4", "6"]


def test_without_cursors_none_are_looked_for(catalog: Catalog) -> None:
    """No store is made."""
    assert erase(catalog, "main", "eve").events == 2
    assert not catalog.has_frozen()


def test_cursors_that_cannot_be_read_hold_nobody_up(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They expire."""
    catalog.frozen.keep("1", "main", 1, b"", 900)

    def fail(*_: object) -> None:
        raise CatalogError("down")

    monkeypatch.setattr(catalog.frozen, "forget", fail)
    assert erase(catalog, "main", "eve").done_at is not None


def test_what_was_left_is_found_and_done(catalog: Catalog) -> None:
    """By whoever comes by a while later; what is done is not done again."""
    later = datetime.now(UTC) + timedelta(minutes=1)
    noted = catalog.events.erasures.ask("main", "eve")
    finish(catalog, noted, lambda: True)
    assert catalog.events.erasures.read(noted.number).done_at is None
    assert left_undone(catalog, "main", noted.asked_at) == []
    assert left_undone(catalog, "other", later) == []
    assert [left.number for left in left_undone(catalog, "main", later)] == [noted.number]
    finish(catalog, noted, lambda: False)
    assert left_undone(catalog, "main", later) == []
    assert len([*steps(catalog, noted)]) == 0


def test_what_others_have_shown_is_waited_for(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process puts it down a moment later: that is theirs as well."""
    monkeypatch.setattr("api.erasing.SETTLED_SECONDS", 0.05)
    noted, shown = catalog.events.erasures.ask("main", "eve"), list[Impression]()

    def pause() -> bool:
        if not shown:
            shown.append(Impression("q", AT, 1, "late", user_id="eve", session_id="new"))
            catalog.events.append_impressions("main", "test", shown)
        return False

    finish(catalog, noted, pause)
    done = catalog.events.erasures.read(noted.number)
    assert datetime.now(UTC) - noted.asked_at >= timedelta(seconds=0.05)
    assert (done.events, done.impressions) == (2, 1)
    (row,) = catalog.events.impressions("main", 0, 10).rows
    assert row.what.session_id != "new", "it was looked for after that"


def test_who_reads_the_log_does_not_hold_up_who_writes(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the rows were cannot be overwritten then: it is tried again, and told."""
    monkeypatch.setattr("tandem.catalog.sqlite.EMPTYING_TIMEOUT_MS", 5)
    with logged() as records:
        with reading(catalog.events.engine) as connection:
            connection.execute(sa.select(EVENTS)).all()
            erase(catalog, "main", "eve")
            catalog.events.append("main", "test", [Event("c", "click", AT, "d", "bob")])
        assert ["write-ahead" in record.getMessage() for record in records] == [True]
        erase(catalog, "main", "bob")
    assert len(records) == 1
    assert b"eve" not in Path(str(catalog.events.engine.url.database) + "-wal").read_bytes()


def test_nothing_is_left_where_nothing_was_done(tmp_path: Path) -> None:
    """No event log is made to look for it."""
    with closing(Catalog(file_url(tmp_path / "d.sqlite"), file_url(tmp_path / "e.sqlite"))) as made:
        assert left_undone(made, "main", AT) == []
        assert not made.has_events()


def test_what_is_told(catalog: Catalog) -> None:
    """How much it was, and what it did not reach."""
    noted = catalog.events.erasures.ask("main", "eve")
    said = told(catalog, "eve", noted)
    assert (said["state"], said["done_at"], said["events"]) == ("under_way", None, 0)
    said = told(catalog, "eve", erase(catalog, "main", "eve"))
    assert (said["user_id"], said["state"], said["events"]) == ("eve", "done", 2)
    assert said["done_at"] >= said["asked_at"]
    assert said["beyond_reach"] == list(BEYOND_REACH)
