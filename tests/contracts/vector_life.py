"""The vector contract: indexes come, stay and go."""

import threading
from pathlib import Path
from uuid import uuid4

import pytest

from tandem.errors import EngineError
from tandem.protocols import VectorIndex
from tandem.stores import VectorStore
from tests.builders import deletion, filters, random_rows
from tests.contracts.vector_base import (
    DIMENSION,
    EAST,
    IDENTITY,
    NAME,
    SCHEMA,
    VectorContract,
    assert_same,
    held,
    put,
    search,
    some_passages,
)


class LifeContract(VectorContract):
    """The store, and an index over time."""

    def test_reopening_keeps_everything(self, store: VectorStore, tmp_path: Path) -> None:
        """What was applied is there after closing, from a store of its own, and can go on."""
        index = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        passages = some_passages(5, documents=30)
        put(index, passages, listed=True)
        index.apply([deletion(31, "d000")], {})
        versions_before, before = held(index), search(index, EAST)
        index.close()
        again = self.make_store(tmp_path)
        assert again.identity(NAME) == IDENTITY
        reopened = again.open(NAME, SCHEMA, DIMENSION)
        assert held(reopened) == versions_before
        assert_same(search(reopened, EAST), before, self.rounding)
        listed = filters(SCHEMA, {"listed": True})
        assert_same(search(reopened, EAST, filters=listed), before, self.rounding)
        put(reopened, {"new": EAST[None]}, 32)
        assert search(reopened, EAST, 1).document_ids == ("new",)
        reopened.close()

    def test_create_replaces_and_drop_removes(self, store: VectorStore) -> None:
        """A created index is empty and has the new identity; a dropped one has none."""
        assert store.identity(NAME) is None
        index = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        put(index, {"a": EAST[None]})
        index.close()
        fresh = store.create(NAME, "another", SCHEMA, DIMENSION)
        assert store.identity(NAME) == "another"
        assert held(fresh) == []
        fresh.close()
        store.drop(NAME)
        assert store.identity(NAME) is None
        store.drop(NAME)

    def test_names(self, store: VectorStore, tmp_path: Path) -> None:
        """Every index, also where one name begins like another; dropping one leaves the other."""
        assert list(store.names()) == []
        for name in ("main-vector-12", "main-vector-1"):
            index = store.create(name, IDENTITY, SCHEMA, DIMENSION)
            put(index, {name: EAST[None]})
            index.close()
        again = self.make_store(tmp_path)
        assert list(again.names()) == list(store.names()) == ["main-vector-1", "main-vector-12"]
        store.create("main-vector-1", "another", SCHEMA, DIMENSION).close()
        kept = store.open("main-vector-12", SCHEMA, DIMENSION)
        assert search(kept, EAST).document_ids == ("main-vector-12",)
        kept.close()
        store.drop("main-vector-1")
        assert list(store.names()) == ["main-vector-12"]
        assert store.identity("main-vector-12") == IDENTITY
        store.drop("main-vector-12")
        assert list(store.names()) == []

    def test_publishing_changes_no_index(self, store: VectorStore) -> None:
        """An alias for people outside, moved once: names and identities are the same as before."""
        alias = f"box-{uuid4().hex}"
        for name, identity in (("first", "one"), ("second", "two")):
            store.create(name, identity, SCHEMA, DIMENSION).close()
        for name in ("first", "second", "second"):
            store.publish(alias, name)
            assert list(store.names()) == ["first", "second"]
            assert [store.identity(known) for known in store.names()] == ["one", "two"]
        store.drop("second")
        assert list(store.names()) == ["first"]

    def test_what_a_store_says_of_itself(self, store: VectorStore) -> None:
        """Engine, version and state; the bytes of an index are counted, or nobody can tell."""
        index = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        put(index, {"a": EAST[None]})
        told = store.health()
        assert told.state == "ok"
        assert told.detail == ""
        assert told.engine
        assert told.version[0].isdigit()
        room = store.bytes_on_disk(NAME)
        assert room is None or room > 0
        assert store.bytes_on_disk("missing") is None
        index.close()

    def test_opening_what_is_not_there(self, store: VectorStore) -> None:
        """Opening a missing index is an ``EngineError`` that names it and what to do."""
        with pytest.raises(EngineError, match="missing") as raised:
            store.open("missing", SCHEMA, DIMENSION)
        assert raised.value.hint

    def test_searching_while_applying(self, index: VectorIndex) -> None:
        """Searches beside a writer never fail, and an updated document never vanishes."""
        names = [f"d{number:02}" for number in range(20)]
        put(index, {name: random_rows(1, 3, DIMENSION) for name in names})
        faults: list[BaseException] = []
        answers = 0
        finished = threading.Event()

        def read() -> None:
            nonlocal answers
            try:
                while not finished.is_set():
                    found = search(index, EAST).document_ids
                    if sorted(found) != names:
                        faults.append(AssertionError(f"found {found}"))
                    answers += 1
            except BaseException as error:
                faults.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(1, 15):
            rows = {name: random_rows(number, 1 + number % 4, DIMENSION) for name in names}
            put(index, rows, 1 + 20 * number)
        finished.set()
        for reader in readers:
            reader.join()
        assert not faults, faults[:3]
        assert answers
