"""Orders between processes that share servers: nobody owns the whole, leases say who follows.

Embedded engines stand for the servers. Who asks opens the catalogue alone, so one process has them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.asking import Order
from api.bootstrap import House, open_house
from api.desk import Desk
from api.orders import have_done
from api.wanted import Wanted
from indexer.seats import Access
from tandem.errors import ReleaseConflict
from tests.owned_house import NAME, at_work, settings_in, write

pytestmark = pytest.mark.usefixtures("models", "servers")


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is taken for embedded; nobody waits for beats as long as between machines."""
    monkeypatch.setattr("api.bootstrap.is_embedded", lambda _: False)
    monkeypatch.setattr("indexer.leases.BEAT_SECONDS", 0.02)
    monkeypatch.setattr("indexer.liveness.POLL_SECONDS", 0.02)
    monkeypatch.setattr("api.desk.LOOK_SECONDS", 0.02)
    monkeypatch.setattr("api.promotion.GRACE_SECONDS", 0.0)


@contextmanager
def following(house: House, told: Callable[[str], None]) -> Iterator[None]:
    """As ``tandem follow`` does."""
    with at_work(house) as owner:
        desk = Desk(owner, told)
        desk.open()
        try:
            yield
        finally:
            owner.stop()
            desk.close()


def test_who_holds_the_leases_does_what_others_ask(tmp_path: Path) -> None:
    """Reindex, roll back, promote, one after the other; what cannot be done is told by its kind."""
    settings, told = settings_in(tmp_path), list[str]()

    def asked(kind: Any, **arguments: Any) -> Mapping[str, Any]:
        heard: list[str] = []
        outcome = have_done(settings, Order(NAME, kind, arguments), lambda _: None, heard.append)
        assert heard == []
        return outcome

    with open_house(settings, "follower", follows=True) as house:
        declared = settings.declared_schema()
        assert declared is not None
        house.create_collection(NAME, declared)
        write(house, 1, 20)
        with following(house, told.append):
            assert (house.access, house.ownership) == (Access.LEASED, None)
            given: dict[str, Any] = {
                "model": None,
                "resume": False,
                "promote": True,
                "overridden": [],
            }
            wanted = Wanted.of(settings).as_data()
            assert asked("reindex", settings=wanted, **given)["release"] == 2
            assert asked("rollback") == {
                "release": 1,
                "generation": 1,
                "model": None,
                "search": None,
                "left_model": None,
            }
            assert asked("promote", generation=2) == {
                "release": 3,
                "generation": 2,
                "model": None,
                "search": None,
                "left_model": None,
            }
            house.catalog.releases.point(NAME, 1, expected=3)
            with pytest.raises(ReleaseConflict, match="no release to go back to"):
                asked("rollback")
    assert [line.partition(": ")[2] for line in told] == [
        "reindex of main begins",
        "reindex of main is done",
        "rollback of main begins",
        "rollback of main is done",
        "promote of main begins",
        "promote of main is done",
        "rollback of main begins",
        "rollback of main failed: main: there is no release to go back to from 1",
    ]
