"""Asked of the process that follows, or done here: the outcome, the errors and the exit codes."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import House, open_house_beside
from api.orders import (
    NobodyAnswered,
    Order,
    OrderFailed,
    _failure,
    ask,
    have_done,
    work_off,
)
from api.wanted import Wanted
from tandem.catalog.ownership import Ownership
from tandem.errors import (
    CatalogError,
    CollectionNotFound,
    GateFailed,
    InputError,
    OwnedElsewhere,
    ReleaseConflict,
    SettingsError,
    TandemError,
)
from tandem.settings import Settings
from tests.integration.downtime.embedders import MODELS
from tests.owned_house import FIELDS, NAME, at_work, generations, owned, settings_in

pytestmark = pytest.mark.usefixtures("models")


def unseen(_progress: Mapping[str, Any]) -> None:
    """Show nothing."""


def unheard(_text: str) -> None:
    """Tell nobody."""


def reindex(asking: Settings, **values: Any) -> Order:
    """As ``tandem reindex`` orders it."""
    arguments: dict[str, Any] = {
        "settings": Wanted.of(asking).as_data(),
        "model": None,
        "resume": False,
        "promote": True,
        "overridden": [],
    }
    return Order(NAME, "reindex", arguments | values)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Twenty documents, one generation; owned by this process."""
    with owned(settings_in(tmp_path)) as opened:
        yield opened


@pytest.fixture
def follower(house: House) -> Iterator[House]:
    """What ``tandem follow`` does, in a thread."""
    stop = threading.Event()

    def follow() -> None:
        with at_work(house) as owner:
            while not stop.wait(0.05):
                work_off(owner)

    thread = threading.Thread(target=follow)
    thread.start()
    yield house
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_the_owner_does_what_it_is_asked(follower: House) -> None:
    """With the settings of who asks: the owner was started with others. Progress comes back."""
    settings = settings_in(
        follower.settings.data_dir.parent,
        fields={**FIELDS, "kind": {"type": "text"}},
        indexing={"passage_tokens": 64},
        embedding={"model": MODELS[1]},
    )
    seen: list[Mapping[str, Any]] = []
    told: list[str] = []
    outcome = have_done(settings, reindex(settings), seen.append, told.append)
    assert (outcome["generation"], outcome["release"]) == (2, 2)
    assert outcome["embedder"] == "hash-b@1"
    assert outcome["gates"][0]["gate"] == "refused"
    assert seen
    assert "it does the work" in told[0]
    live = follower.collection(NAME).generation
    assert live.passage_tokens == 64
    assert live.schema.by_name["kind"].type == "text"
    assert follower.collection(NAME).pending_change is None
    back = have_done(settings, Order(NAME, "rollback", {}), unseen, unheard)
    assert back == {"release": 1, "generation": 1}
    forth = have_done(settings, Order(NAME, "promote", {"generation": 2}), unseen, unheard)
    assert forth == {"release": 3, "generation": 2}


@pytest.mark.parametrize(
    ("order", "kind", "words"),
    [
        (Order(NAME, "promote", {"generation": 9}), InputError, "no generation 9"),
        (Order(NAME, "rollback", {}), ReleaseConflict, "no release to go back to"),
        (Order("other", "rollback", {}), CollectionNotFound, "'other'"),
    ],
)
def test_what_the_owner_cannot_do_is_told_by_its_kind(
    follower: House, order: Order, kind: type[TandemError], words: str
) -> None:
    """So that the exit code does not depend on who did the work; the hint comes along."""
    with pytest.raises(kind, match=words) as raised:
        have_done(follower.settings, order, unseen, unheard)
    assert type(raised.value) is kind
    assert raised.value.hint


def test_a_gate_that_the_owner_asks_fails_here(follower: House) -> None:
    """Nothing is live, and the hint names the override; given, it is done."""
    bad = settings_in(
        follower.settings.data_dir.parent,
        fields={"note": {"type": "integer"}, "kind": {"type": "keyword"}},
    )
    with pytest.raises(GateFailed, match="refused: 20 of 20") as raised:
        have_done(bad, reindex(bad), unseen, unheard)
    assert "--override refused" in raised.value.hint
    order = reindex(bad, resume=True, overridden=["refused"])
    assert have_done(bad, order, unseen, unheard)["overridden"] == ["refused"]


def test_settings_of_another_version_are_refused(follower: House) -> None:
    """The owner goes on with what it has."""
    order = reindex(follower.settings)
    strange = {**order.arguments["settings"], "colour": "green"}
    with pytest.raises(SettingsError, match="colour"):
        have_done(follower.settings, reindex(follower.settings, settings=strange), unseen, unheard)
    assert generations(follower) == {1: "ready"}


def test_without_an_owner_it_is_done_here(tmp_path: Path) -> None:
    """And the folder is free again afterwards."""
    settings = settings_in(tmp_path)
    with owned(settings):
        pass
    for number in (2, 3):
        assert have_done(settings, reindex(settings), unseen, unheard)["release"] == number
    with pytest.raises(CollectionNotFound, match="'other'"):
        have_done(settings, Order("other", "rollback", {}), unseen, unheard)


def test_an_owner_that_takes_no_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another reindex owns the folder, or a command that does not follow: it is named."""
    monkeypatch.setattr("api.orders.ANSWER_SECONDS", 0.3)
    settings = settings_in(tmp_path)
    with owned(settings) as house:
        with pytest.raises(OwnedElsewhere, match="does not take orders") as raised:
            have_done(settings, Order(NAME, "rollback", {}), unseen, unheard)
        assert "wait until it has finished" in raised.value.hint
        assert house.catalog.tasks.unfinished(NAME) == []
    owner = Ownership(settings.data_dir, "tandem verify")
    with pytest.raises(OwnedElsewhere, match="tandem verify"):
        have_done(settings, Order(NAME, "rollback", {}), unseen, unheard)
    owner.release()


def test_what_nobody_takes_up_is_withdrawn(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not done hours later by a process that nobody expects to do it."""
    monkeypatch.setattr("api.orders.ANSWER_SECONDS", 0.3)
    with pytest.raises(NobodyAnswered) as raised:
        ask(house.catalog, Order(NAME, "rollback", {}), unseen)
    assert "tandem follow" in raised.value.hint
    with at_work(house) as owner:
        work_off(owner)
    assert house.catalog.tasks.read(1).error == "nobody took it up"


def test_the_same_twice_at_once(house: House) -> None:
    """The second is told that the first is under way."""
    house.catalog.tasks.ask(NAME, "rollback", {})
    with pytest.raises(CatalogError, match=r"task 1 \(rollback\) is wanted already") as raised:
        ask(house.catalog, Order(NAME, "rollback", {}), unseen)
    assert "tandem status" in raised.value.hint


def test_a_task_of_a_dead_owner_is_failed(house: House) -> None:
    """Whoever follows now says so; who waits for it learns it, and may ask again."""
    tasks = house.catalog.tasks
    number = tasks.ask(NAME, "reindex", reindex(house.settings).arguments)
    started = tasks.next(NAME)
    assert started is not None
    tasks.start(started, "host:1:dead")
    failed: list[TandemError] = []

    def watch() -> None:
        beside = open_house_beside(house.settings)
        try:
            seen = beside.catalog.tasks.read(number)
            while not seen.is_finished:
                time.sleep(0.05)
                seen = beside.catalog.tasks.read(number)
            failed.append(_failure(seen))
        finally:
            beside.close()

    thread = threading.Thread(target=watch)
    thread.start()
    with at_work(house) as owner:
        work_off(owner)
    thread.join(20)
    (error,) = failed
    assert isinstance(error, OrderFailed)
    assert "host:1:dead, has ended" in str(error)
    assert error.hint == "ask for it again"
    assert tasks.ask(NAME, "reindex", {}) == number + 1


def test_a_task_that_its_owner_could_not_end_is_ended_by_it_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue was away just then: the same process clears it up, and takes the next."""
    tasks = house.catalog.tasks
    number = tasks.ask(NAME, "rollback", {})

    def refuse(*_: object) -> None:
        raise CatalogError("away")

    with at_work(house) as owner:
        with monkeypatch.context() as away:
            away.setattr(tasks, "fail", refuse)
            with pytest.raises(CatalogError, match="away"):
                work_off(owner)
        assert tasks.read(number).state == "running"
        work_off(owner)
        assert tasks.read(number).state == "failed"


def test_a_stopped_owner_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control-C amid an order: who asked is told to ask again."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    number = house.catalog.tasks.ask(NAME, "rollback", {})
    with at_work(house) as owner:
        monkeypatch.setattr(owner, "rollback", interrupt)
        with pytest.raises(KeyboardInterrupt):
            work_off(owner)
    task = house.catalog.tasks.read(number)
    assert (task.state, task.error) == ("failed", "the process that did it was stopped")
    assert task.hint == "run tandem rollback again"


def test_who_stops_waiting_is_told_that_it_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control-C while another process works: it is not stopped by that."""

    def interrupt(*_: object) -> Callable[[], None]:
        raise KeyboardInterrupt

    monkeypatch.setattr("api.orders.ask", interrupt)
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        have_done(house.settings, Order(NAME, "rollback", {}), unseen, told.append)
    assert "goes on in the process that follows" in told[-1]
