"""Erasures that are asked for over HTTP: waited for, but not for ever."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.erasing import finish
from api.erasure_intake import MOST_WAITING, ErasureIntake
from api.event_intake import EventLogUnavailable
from api.turns import Busy
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.errors import CatalogError, FieldError
from tandem.events import Event
from tests.e2e.shop import until
from tests.logs import logged

AT = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process has shown anything."""
    monkeypatch.setattr("api.erasing.SETTLED_SECONDS", 0)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """With a deed of ``eve``."""
    with closing(Catalog(file_url(tmp_path / "d.sqlite"), file_url(tmp_path / "e.sqlite"))) as made:
        made.events.append("main", "test", [Event("a", "click", AT, "d", "eve")])
        yield made


def intake(catalog: Catalog, flushed: list[float], wait_seconds: float = 30.0) -> ErasureIntake:
    """One that notes what it has had written before."""

    def flush(seconds: float) -> bool:
        flushed.append(seconds)
        return True

    return ErasureIntake(catalog, "main", flush, wait_seconds=wait_seconds)


class Held:
    """In the place of ``finish``: begins, and goes on when it may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_go_on = threading.Event()
        self.error: Exception | None = None
        self.begun = 0
        self._finish = finish
        monkeypatch.setattr("api.erasure_intake.finish", self)

    def __call__(self, *given: object) -> None:
        """See ``finish``."""
        self.begun += 1
        assert self.may_go_on.wait(30)
        if self.error is not None:
            raise self.error
        self._finish(*given)  # type: ignore[arg-type]


def test_it_is_done(catalog: Catalog) -> None:
    """After what was shown before is written; again it is done as well."""
    flushed: list[float] = []
    with closing(intake(catalog, flushed)) as taking:
        found = taking.take("eve")
        assert (found["state"], found["events"]) == ("done", 1)
        assert taking.take("eve")["events"] == 0
    assert len(flushed) == 2


def test_what_takes_long_goes_on(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is told how far it is, and may ask again."""
    held = Held(monkeypatch)
    with closing(intake(catalog, [], wait_seconds=0.01)) as taking:
        for _ in range(3):
            assert taking.take("eve")["state"] == "under_way"
        held.may_go_on.set()
        until(lambda: catalog.events.erasures.of("main")[0].done_at is not None)
        assert len(catalog.events.erasures.of("main")) == 1
    assert held.begun == 1, "whoever asks how far it is makes it no longer"


def test_it_fails_while_nobody_waits(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says so; it is noted, and done later."""
    held = Held(monkeypatch)
    held.error = CatalogError("disk full")
    with logged() as records, closing(intake(catalog, [], wait_seconds=0.01)) as taking:
        assert taking.take("eve")["state"] == "under_way"
        held.may_go_on.set()
        until(lambda: bool(records))
    assert records[0].getMessage() == "an erasure is not done yet: disk full"
    assert "eve" not in records[0].getMessage()


def test_it_fails(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is told, and nothing of where the log is."""
    held = Held(monkeypatch)
    held.may_go_on.set()
    held.error = CatalogError("postgresql://secret")
    with logged(), closing(intake(catalog, [])) as taking:
        with pytest.raises(EventLogUnavailable, match="does not let anybody be erased") as raised:
            taking.take("eve")
        assert "secret" not in f"{raised.value} {raised.value.hint}"
        held.error = None
        assert taking.take("eve")["events"] == 1


def test_what_is_no_id(catalog: Catalog) -> None:
    """Is refused, and takes nobody's turn."""
    with closing(intake(catalog, [])) as taking:
        for _ in range(MOST_WAITING + 1):
            with pytest.raises(FieldError):
                taking.take(" ")


def test_too_many_at_once(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are refused at once, and taken when the others are done."""
    held = Held(monkeypatch)
    with closing(intake(catalog, [])) as taking:
        waiting = [threading.Thread(target=taking.take, args=("eve",)) for _ in range(MOST_WAITING)]
        for thread in waiting:
            thread.start()
        until(lambda: not taking._turns._left._value)
        with pytest.raises(Busy):
            taking.take("bob")
        held.may_go_on.set()
        for thread in waiting:
            thread.join(30)
        assert taking.take("bob")["state"] == "done"


def test_closed_it_leaves_the_rest_to_others(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops between two steps; what is noted is not lost."""
    taking = intake(catalog, [])
    monkeypatch.setattr(taking, "_closed", threading.Event())
    taking._closed.set()
    assert taking.take("eve")["state"] == "under_way"
    taking.close()
    assert catalog.events.erasures.of("main")[0].done_at is None
