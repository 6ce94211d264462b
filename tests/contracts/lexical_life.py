"""Creating, opening, dropping; readers beside a writer."""

import threading
from pathlib import Path

import pytest

from tandem.analysis import ENGLISH
from tandem.errors import EngineError
from tandem.lexical import LexicalIndex
from tandem.stores import LexicalStore
from tests.builders import deletion, document, filters, upserts
from tests.contracts.lexical_base import (
    IDENTITY,
    NAME,
    SCHEMA,
    LexicalContract,
    found,
    held,
    search,
    write,
)


class LifeContract(LexicalContract):
    """The life of an index."""

    def test_reopening_keeps_everything(self, store: LexicalStore, tmp_path: Path) -> None:
        """What was applied is there after closing, from a store of its own, and can go on."""
        index = store.create(NAME, IDENTITY, SCHEMA, ENGLISH)
        sent = [document("a", "zebra running", genre="x"), document("b", "horse")]
        write(index, [*upserts([*sent, document("c", "zebra")]), deletion(4, "c")])
        index.close()
        again = self.make_store(tmp_path)
        assert again.identity(NAME) == IDENTITY
        reopened = again.open(NAME, SCHEMA, ENGLISH)
        assert held(reopened) == {"a": 1, "b": 2}
        assert reopened.documents(["a", "b"]) == {item.document_id: item for item in sent}
        assert found(reopened, "run", filters=filters(SCHEMA, {"genre": "x"})) == {"a"}
        write(reopened, upserts([document("d", "zebra")], first=5))
        assert found(reopened, "zebra") == {"a", "d"}
        reopened.close()

    def test_durable_without_closing(self, store: LexicalStore, tmp_path: Path) -> None:
        """What ``apply`` returned from is seen by another reader, the writer still open."""
        index = store.create(NAME, IDENTITY, SCHEMA, ENGLISH)
        index.apply(upserts([document("a", "zebra")]))
        reader = self.make_store(tmp_path).open(NAME, SCHEMA, ENGLISH)
        reader.refresh()
        assert found(reader, "zebra") == {"a"}
        reader.close()
        index.close()

    def test_create_replaces_and_drop_removes(self, store: LexicalStore) -> None:
        """A created index is empty and has the new identity; a dropped one has none."""
        assert store.identity(NAME) is None
        index = store.create(NAME, IDENTITY, SCHEMA, ENGLISH)
        write(index, upserts([document("a", "zebra")]))
        index.close()
        fresh = store.create(NAME, "another", SCHEMA, ENGLISH)
        assert store.identity(NAME) == "another"
        assert held(fresh) == {}
        fresh.close()
        store.drop(NAME)
        assert store.identity(NAME) is None
        store.drop(NAME)

    def test_names_and_room_on_disk(self, store: LexicalStore, tmp_path: Path) -> None:
        """Every index has a name and takes room; a dropped or unknown one does not."""
        assert list(store.names()) == []
        assert store.bytes_on_disk("alpha") is None
        for name in ("beta", "alpha"):
            index = store.create(name, f"identity-of-{name}", SCHEMA, ENGLISH)
            write(index, upserts([document("a", "zebra")]))
            index.close()
        assert sorted(store.names()) == ["alpha", "beta"]
        assert sorted(self.make_store(tmp_path).names()) == ["alpha", "beta"]
        assert store.identity("alpha") == "identity-of-alpha"
        size = store.bytes_on_disk("alpha")
        assert size is None or size > 100
        store.drop("beta")
        assert list(store.names()) == ["alpha"]
        assert store.bytes_on_disk("beta") is None

    def test_health(self, store: LexicalStore) -> None:
        """An engine that answers says its name and version, also before there is an index."""
        for _ in range(2):
            health = store.health()
            assert health.engine
            assert health.version[0].isdigit()
            assert health.state in {"ok", "degraded"}
            store.create(NAME, IDENTITY, SCHEMA, ENGLISH).close()

    def test_an_alias_changes_nothing_here(self, store: LexicalStore) -> None:
        """A published name is for people outside: the indexes keep theirs, and it can move."""
        first, second = (
            store.create(name, IDENTITY, SCHEMA, ENGLISH) for name in ("first", "second")
        )
        write(first, upserts([document("a", "zebra")]))
        store.publish("shop", "first")
        store.publish("shop", "second")
        store.publish("shop", "second")
        assert sorted(store.names()) == ["first", "second"]
        assert found(first, "zebra") == {"a"}
        assert not found(second, "zebra")
        first.close()
        second.close()
        store.drop("second")
        assert list(store.names()) == ["first"]

    def test_closing_a_store_keeps_its_indexes(self, store: LexicalStore, tmp_path: Path) -> None:
        """Closing twice is no error, and another store finds what was there."""
        index = store.create(NAME, IDENTITY, SCHEMA, ENGLISH)
        write(index, upserts([document("a", "zebra")]))
        index.close()
        store.close()
        store.close()
        again = self.make_store(tmp_path)
        reopened = again.open(NAME, SCHEMA, ENGLISH)
        assert held(reopened) == {"a": 1}
        reopened.close()
        again.close()

    def test_opening_what_is_not_there(self, store: LexicalStore) -> None:
        """Opening a missing index is an ``EngineError`` that names it and what to do."""
        with pytest.raises(EngineError, match="missing") as raised:
            store.open("missing", SCHEMA, ENGLISH)
        assert raised.value.hint

    def test_searching_while_applying(self, index: LexicalIndex) -> None:
        """Searches beside a writer never fail, and see a batch whole where the engine says so."""
        size, rounds = 30, 15
        names = [f"d{number:02}" for number in range(size)]
        write(index, upserts([document(name, "zebra round0") for name in names]))
        seen: list[frozenset[str]] = []
        faults: list[BaseException] = []
        finished = threading.Event()

        def read() -> None:
            try:
                while not finished.is_set():
                    ranking = search(index, "zebra")
                    stored = index.documents(ranking.document_ids)
                    if len(stored) != size or len(ranking) != size:
                        faults.append(AssertionError(f"{len(ranking)} hits, {len(stored)} stored"))
                    seen.append(frozenset(item.body for item in stored.values()))
            except BaseException as error:
                faults.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(1, rounds):
            bodies = [document(name, f"zebra round{number}") for name in names]
            write(index, upserts(bodies, 1 + number * size))
        finished.set()
        for reader in readers:
            reader.join()
        assert not faults, faults[:3]
        assert seen
        if self.batches_are_atomic:
            assert all(len(bodies) == 1 for bodies in seen), "two rounds in one answer"
