"""A house whose collections are opened by several threads, and what cannot be opened."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.owner import Owner
from tandem.errors import LogMismatch
from tandem.schema import Schema
from tests.owned_house import NAME, at_work, owned, settings_in

pytestmark = pytest.mark.usefixtures("models")


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a thread."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


def slow(call: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    """The same, later."""

    def wait(*arguments: Any) -> Any:
        time.sleep(seconds)
        return call(*arguments)

    return wait


def test_two_threads_open_a_collection_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second opening would remove the folders under the first: each index is made once."""
    with open_house(settings_in(tmp_path), "test") as house:
        store = house.vector_store
        made: list[str] = []
        create = slow(store.create, 0.3)

        def counted(name: str, *others: Any) -> Any:
            made.append(name)
            return create(name, *others)

        monkeypatch.setattr(store, "create", counted)
        seen: list[OpenCollection] = []

        def look() -> None:
            until(lambda: house.has_collection(NAME))
            seen.append(house.collection(NAME))

        looking = [threading.Thread(target=look) for _ in range(2)]
        for thread in looking:
            thread.start()
        declared = house.settings.declared_schema()
        assert declared is not None
        collection = house.create_collection(NAME, declared)
        for thread in looking:
            thread.join()
        assert len(seen) == 2
        assert all(item is collection for item in seen)
        assert made == [f"{NAME}-vector-1"]


def refuse_to_open(house: House, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One collection belongs to another log."""
    opening = house._open_collection

    def opened(release: Any) -> OpenCollection:
        if release.collection == name:
            raise LogMismatch("it follows another log", hint="restore it")
        return opening(release)

    monkeypatch.setattr(house, "_open_collection", opened)


def test_one_that_cannot_be_opened_does_not_hinder_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is warned of, once, and tried again; when it can be opened it is followed."""
    monkeypatch.setattr("api.troubles.RETRY_SECONDS", 0.05)
    with owned(settings_in(tmp_path)) as house:
        house.catalog.releases.promote("a", house.create_generation("a", Schema.of([])).number,
                                       parent=None)  # fmt: skip
        refuse_to_open(house, "a", monkeypatch)
        with at_work(house) as owner:
            until(lambda: owner.leading() == [NAME])
            until(lambda: house.collection(NAME).passed() == 20)
            time.sleep(1.2)
            warned = [item for item in caplog.messages if "another log" in item]
            assert warned == ["a is not followed: it follows another log"]
            monkeypatch.delattr(house, "_open_collection")
            until(lambda: owner.leading() == ["a", NAME])


def test_where_nothing_can_be_opened_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To follow nothing in silence would help nobody."""
    with owned(settings_in(tmp_path)) as house:
        house._open.pop(NAME).close()
        refuse_to_open(house, NAME, monkeypatch)
        owner = Owner(house)
        with pytest.raises(LogMismatch):
            owner.start()
        owner.close()


def test_closing_waits_for_what_begins_to_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amid taking up a collection: its followers are stopped too, and none begins later."""
    with owned(settings_in(tmp_path)) as house:
        owner = Owner(house)
        syncing = threading.Event()
        collection = house.collection(NAME)
        refresh = slow(collection.refresh, 0.5)

        def begun() -> bool:
            syncing.set()
            return bool(refresh())

        monkeypatch.setattr(collection, "refresh", begun)
        thread = threading.Thread(target=owner._sync)
        thread.start()
        assert syncing.wait(5)
        owner.close()
        thread.join()
        owner._sync()
        assert owner._followed == {}
        assert not [item for item in threading.enumerate() if item.name.startswith("follow-")]
