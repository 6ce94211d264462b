"""Generations that cursors hold outlive a promotion, and go when the cursors have expired."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.bootstrap import House
from api.owner import Owner
from tandem.catalog import frozen_rankings
from tandem.catalog.catalog import Catalog
from tandem.errors import CatalogError
from tests.integration.downtime.embedders import MODELS
from tests.logs import logged
from tests.owned_house import (
    NAME,
    at_work,
    generations,
    index_names,
    on_engines,
    owned,
    reindexed,
    settings_in,
)

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def expire(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets an hour pass for cursors."""

    def pass_hour() -> None:
        later = time.time() + 3_600
        monkeypatch.setattr(frozen_rankings, "now", lambda: int(later * 1_000_000))

    return pass_hour


def hold(house: House, generation: int = 1) -> None:
    """Somebody may ask for the next page of that generation, for a quarter of an hour."""
    house.catalog.frozen.keep(f"r{generation}", NAME, generation, b"", 900)


def test_what_a_cursor_holds_stays_until_it_expires(
    house: House, owner: Owner, expire: Callable[[], None]
) -> None:
    """The reindex does not wait for it, and does not say that it was dropped."""
    hold(house)
    reindexed(owner, model=MODELS[1])
    _, outcome = reindexed(owner, model=MODELS[0])
    assert outcome.dropped == []
    assert generations(house) == {1: "leaving", 2: "ready", 3: "ready"}
    assert index_names(1) <= on_engines(house)
    assert owner.states().keys() == index_names(1, 2, 3), "it follows the log as before"
    owner.drop_left(NAME)
    assert generations(house)[1] == "leaving"
    expire()
    owner.drop_left(NAME)
    assert generations(house) == {2: "ready", 3: "ready"}
    assert on_engines(house) == index_names(2, 3)


def test_only_what_was_to_be_dropped_goes(
    house: House, owner: Owner, expire: Callable[[], None]
) -> None:
    """A generation that is kept to go back to, or that somebody went back from, stays."""
    for generation in (1, 2, 3):
        hold(house, generation)
    reindexed(owner, model=MODELS[1])
    reindexed(owner, model=MODELS[0])
    owner.rollback(NAME)
    expire()
    owner.drop_left(NAME)
    assert generations(house) == {2: "ready", 3: "ready"}


def test_the_next_promotion_drops_it_too(
    house: House, owner: Owner, expire: Callable[[], None]
) -> None:
    """Then it is told as dropped."""
    hold(house)
    reindexed(owner, model=MODELS[1])
    reindexed(owner, model=MODELS[0])
    expire()
    _, outcome = reindexed(owner, model=MODELS[1])
    assert outcome.dropped == [1, 2]


def test_one_that_goes_live_again_leaves_no_more(
    house: House, owner: Owner, expire: Callable[[], None]
) -> None:
    """By hand, while it is still there."""
    hold(house)
    reindexed(owner, model=MODELS[1])
    reindexed(owner, model=MODELS[0])
    release = owner.promote(NAME, 1)
    assert release.generation == 1
    expire()
    owner.drop_left(NAME)
    assert generations(house)[1] == "ready"
    assert house.collection(NAME).generation.number == 1


def test_going_back_to_one_that_leaves(tmp_path: Path, expire: Callable[[], None]) -> None:
    """Where none is kept to go back to, a cursor kept it."""
    with owned(settings_in(tmp_path, retention={"generations": 1})) as house:
        hold(house)
        with at_work(house) as owner:
            reindexed(owner, model=MODELS[1])
            assert generations(house) == {1: "leaving", 2: "ready"}
            owner.rollback(NAME)
            expire()
            owner.drop_left(NAME)
            assert generations(house)[1] == "ready"


def test_a_later_owner_comes_back_for_it(
    tmp_path: Path, expire: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a promotion: what is to go is written down, and looked at soon after the start."""
    monkeypatch.setattr("api.retention.POLL_SECONDS", 0.01)
    settings = settings_in(tmp_path)
    with owned(settings) as house:
        hold(house)
        with at_work(house) as owner:
            reindexed(owner, model=MODELS[1])
            reindexed(owner, model=MODELS[0])
    expire()
    with owned(settings) as house, at_work(house):
        deadline = time.monotonic() + 20
        while on_engines(house) != index_names(2, 3):
            assert time.monotonic() < deadline, "nobody dropped it"
            time.sleep(0.02)
        assert generations(house) == {2: "ready", 3: "ready"}


def test_a_store_that_does_not_answer_keeps_no_promotion(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it may hold stays, with a warning, until it says."""

    def refuse(_self: Catalog) -> bool:
        raise CatalogError("the store is away")

    reindexed(owner, model=MODELS[1])
    with monkeypatch.context() as away, logged() as told:
        away.setattr(Catalog, "has_frozen", refuse)
        _, outcome = reindexed(owner, model=MODELS[0])
    assert outcome.release is not None
    assert generations(house)[1] == "leaving"
    warnings = [record.getMessage() for record in told if record.levelname == "WARNING"]
    # what forgets old things may have asked the store, too
    assert warnings.count("generation 1 of main stays for now: the store is away") == 1
    owner.drop_left(NAME)
    assert generations(house).keys() == {2, 3}
