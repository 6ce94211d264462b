"""The Qdrant server engine keeps the contract: in the client's local mode, and on a real server.

Local mode is the client's own imitation of a server, in Python: it has collections, aliases,
filters and scrolling, but no graph (every search is exact), no deadlines, no threads and no
unfinished writes. Those are tried in ``tests/unit/tandem/engines`` and on a real server.
"""

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar

import pytest
from qdrant_client import QdrantClient

from tandem.engines.qdrant_connection import connect
from tandem.engines.qdrant_store import QdrantStore
from tandem.errors import EngineError
from tandem.stores import VectorStore
from tests.builders import unit_rows
from tests.contracts.qdrant_local import QUIET, LocalQdrant
from tests.contracts.vector_base import DIMENSION, EAST, IDENTITY, SCHEMA, put
from tests.contracts.vector_index_contract import VectorIndexContract

SERVER = os.environ.get("TANDEM_TEST_QDRANT_URL", "")


def namespace(folder: Path) -> str:
    """One for every folder, so that stores do not see each other's indexes."""
    return f"test_{blake2b(str(folder).encode(), digest_size=8).hexdigest()}"


class QdrantContract(VectorIndexContract):
    """What a server adds: other people can look, through an alias."""

    clients: ClassVar[dict[Path, QdrantClient]]

    @classmethod
    def make_client(cls, folder: Path) -> QdrantClient:
        """A client of the server that belongs to the folder."""
        raise NotImplementedError

    @classmethod
    def make_store(cls, folder: Path) -> VectorStore:
        """A namespace in the server that belongs to the folder."""
        return QdrantStore(cls.make_client(folder), namespace=namespace(folder))

    def test_a_published_alias_leads_to_the_index(self, store: VectorStore, tmp_path: Path) -> None:
        """People outside count through it what the index holds, before and after it moves."""
        client, alias = self.make_client(tmp_path), f"box-{namespace(tmp_path)}"
        for count, name in enumerate(("first", "second"), start=1):
            index = store.create(name, IDENTITY, SCHEMA, DIMENSION)
            put(index, {f"d{number}": EAST[None] for number in range(count)})
            store.publish(alias, name)
            assert client.count(alias).count == count
        store.drop("second")
        assert alias not in {item.alias_name for item in client.get_aliases().aliases}

    def test_what_cannot_be_published(self, store: VectorStore, tmp_path: Path) -> None:
        """An index that is not there; and no alias may take an index's own place."""
        with pytest.raises(EngineError, match="missing"):
            store.publish("box", "missing")
        for name in ("first", "second"):
            store.create(name, IDENTITY, SCHEMA, DIMENSION)
        with pytest.raises(EngineError, match="own"):
            store.publish(f"tandem-{namespace(tmp_path)}-second", "first")
        assert store.identity("second") == IDENTITY

    def test_another_tandems_alias_is_left_alone(self, store: VectorStore, tmp_path: Path) -> None:
        """Two data folders on one server with a collection of the same name: the first keeps it."""
        client, alias = self.make_client(tmp_path), f"box-{namespace(tmp_path)}"
        other = QdrantStore(client, namespace=f"{namespace(tmp_path)}_other")
        for each in (store, other):
            each.create("first", IDENTITY, SCHEMA, DIMENSION)
        other.publish(alias, "first")
        other.publish(alias, "first")
        with pytest.raises(EngineError, match=f"leads to .*_other-first-{IDENTITY}"):
            store.publish(alias, "first")
        other.drop("first")
        store.publish(alias, "first")

    def test_another_dimension_is_not_opened(self, store: VectorStore) -> None:
        """The error says what was found, what was expected, and what to do."""
        store.create("narrow", IDENTITY, SCHEMA, 2)
        with pytest.raises(EngineError, match=r"has 2 numbers .* expected 8 numbers") as raised:
            store.open("narrow", SCHEMA, DIMENSION)
        assert "delete the collection" in raised.value.hint

    def test_namespaces_do_not_see_each_other(self, store: VectorStore, tmp_path: Path) -> None:
        """The same name in another namespace is another index."""
        other = QdrantStore(self.make_client(tmp_path), namespace=f"{namespace(tmp_path)}_other")
        ours = store.create("same", "one", SCHEMA, DIMENSION)
        theirs = other.create("same", "two", SCHEMA, DIMENSION)
        put(ours, {"a": unit_rows(EAST)})
        assert theirs.count() == 0
        other.drop("same")
        assert (list(store.names()), list(other.names())) == (["same"], [])
        assert ours.count() == 1


@QUIET
class TestLocalMode(QdrantContract):
    """``qdrant-client`` without a server."""

    crowd = 2_000
    rounding = 1e-6  # numpy multiplies the rows that a filter leaves in blocks of its own
    servers: ClassVar[dict[Path, LocalQdrant]] = {}

    @classmethod
    def make_client(cls, folder: Path) -> QdrantClient:
        """One server in memory for every folder."""
        return cls.servers.setdefault(folder, LocalQdrant()).client()


class TestServer(QdrantContract):
    """A real server; every collection made here is deleted again."""

    __test__ = bool(SERVER)
    folders: ClassVar[set[Path]] = set()

    @classmethod
    def make_client(cls, folder: Path) -> QdrantClient:
        """A connection of its own for every store."""
        cls.folders.add(folder)
        return connect(SERVER)

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _leaves_nothing(cls) -> Iterator[None]:
        yield
        client = connect(SERVER)
        begins = tuple(f"tandem-{namespace(folder)}" for folder in cls.folders)
        for collection in client.get_collections().collections:
            if collection.name.startswith(begins):
                client.delete_collection(collection.name)
        client.close()


def test_a_real_server_answers() -> None:
    """Says in one line, in place of one for every test, where no server was tried."""
    if not SERVER:
        pytest.skip("set TANDEM_TEST_QDRANT_URL to try a server: qdrant+http://[KEY@]host:6333")
    store = QdrantStore(connect(SERVER), namespace="test")
    assert store.health().state == "ok"
    store.close()
