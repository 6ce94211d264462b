"""What ``tandem search`` applies before it searches, and what it leaves to the one that follows."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.bootstrap import House, open_house_beside
from api.commands.search import _unfollowed, bring_up_to_date, show
from indexer.indexing import catch_up
from tandem.catalog.leases import new_owner
from tandem.catalog.ownership import owner_of
from tandem.queries import Query
from tandem.rankings import Contribution, Hit, Ranking, SearchResult
from tests.owned_house import NAME, owned, settings_in

WATCHED = 1.0
"""Seconds for which a beat is watched."""

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Twenty documents, none of them applied."""
    monkeypatch.setattr("indexer.liveness.WATCH_SECONDS", WATCHED)
    monkeypatch.setattr("indexer.following.STALLED_SECONDS", 2.0)
    with owned(settings_in(tmp_path)) as opened:
        yield opened


@contextmanager
def followed_by(house: House, owner: str, *, lives: bool = True) -> Iterator[None]:
    """The vector leg's lease is held by another process, which applies nothing."""
    checkpoints, stop = house.catalog.checkpoints, threading.Event()
    seat = house.collection(NAME).vector
    held = checkpoints.take(seat.opened.checkpoint, owner=owner)

    def beat() -> None:
        while not stop.wait(0.1):
            checkpoints.renew(held, owner)

    thread = threading.Thread(target=beat if lives else lambda: None)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_a_leg_that_another_process_follows_is_told_of(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """How far behind, and by whom; the other leg is brought up to date, and the search goes on."""
    collection, owner = house.collection(NAME), new_owner()
    with followed_by(house, owner):
        began = time.monotonic()
        bring_up_to_date(collection, waits=False)
        assert time.monotonic() - began < WATCHED + 5
    told = capsys.readouterr().err
    assert f"warning: the vector index is 20 changes behind; {owner} follows it" in told
    assert "stands at" not in told
    assert (collection.lexical.applied(), collection.vector.applied()) == (20, 0)


def test_a_dead_owner_is_no_excuse(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name in the lease is not enough: what it left behind is applied here."""
    collection = house.collection(NAME)
    with followed_by(house, "host:1:dead", lives=False):
        left = [follower.name for follower in _unfollowed(collection)]
    assert left == ["lexical", "vector"]
    assert "follows it" not in capsys.readouterr().err


def test_beside_an_owner_that_stands_still(house: House) -> None:
    """Embedded: who waits is told which process owns the folder, and what to do."""
    with open_house_beside(house.settings) as beside:
        followers = beside.collection(NAME).followers
        errors = catch_up(followers)
    assert len(errors) == 2
    process = owner_of(house.settings.data_dir)
    assert process is not None
    assert "(test, since" in process
    for error in errors:
        assert f"stands at 0 of 20 for 2 s; it is followed by {process}" in str(error)
        assert "tandem status" in error.hint


def test_of_many_features_those_are_shown_that_did_most(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A model has dozens; the others are told together."""
    parts = [Contribution(f"f{number}", None, number / 100) for number in range(1, 11)]
    hit = Hit("d1", 1, 0.5, (), (Contribution("bias", None, -1.0), *parts))
    result = SearchResult(
        Query("x"), Ranking("learned", (hit,)), {}, "hybrid", 1, milliseconds={"total": 1.0}
    )
    show(result, explain=True)
    told = capsys.readouterr().out
    assert "score: bias -1.000, f10 +0.100, f9 +0.090" in told
    assert told.count(" +0.") == 8
    assert "f4 +0.040, the other 3 +0.060" in told
