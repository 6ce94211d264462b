"""No room on the disk: an error that says what to do, nothing half done, and all of it exact once
there is room.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from api.bootstrap import House
from api.owner import Owner
from tandem.engines import opensearch_bulk
from tandem.engines.opensearch_client import Server, parse_url
from tandem.engines.tantivy_writing import BatchWriter
from tandem.errors import CatalogError, TandemError
from tandem.sections import IndexingSettings
from tandem.settings import Settings
from tests.contracts.qdrant_local import QUIET
from tests.integration.crash.driver import send
from tests.integration.crash.stream import batch
from tests.integration.faults.checks import (
    at_work,
    await_applied,
    check,
    identities,
    open_with_collection,
)
from tests.integration.faults.client import COLLECTION, Client
from tests.integration.faults.servers import EDGE, Servers, servers

__all__ = ["servers"]
pytestmark = QUIET
ROUNDS = 5 if "TANDEM_TEST_LOAD_SECONDS" in os.environ else 1
FULL = "No space left on device (os error 28)"


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` tells."""

    total: int
    used: int
    free: int


class FullWriter:
    """tantivy's writer on a full disk: it takes everything, and cannot commit."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def commit(self) -> None:
        """As the native one says it."""
        raise ValueError(f"An IO error occurred: '{FULL}'")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


@contextmanager
def no_more_pages(engine: sa.Engine) -> Iterator[None]:
    """SQLite's file may not grow meanwhile."""

    def limit(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def unlimit(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1073741823")

    engine.dispose()
    sa.event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(engine, "connect", limit)
        sa.event.listen(engine, "connect", unlimit)
        engine.dispose()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The embedded engines."""
    chosen = Settings(data_dir=tmp_path / "data", indexing=IndexingSettings(passage_tokens=32))
    with open_with_collection(chosen) as opened:
        yield opened


@pytest.fixture
def owner(house: House) -> Iterator[Owner]:
    """Follows."""
    with at_work(house) as made:
        yield made


def await_error(owner: Owner, leg: str) -> TandemError:
    """What the follower of that leg runs into."""
    until = time.monotonic() + 60
    while True:
        for followed in list(owner._followed.values()):
            error = followed.work.legs[leg].error
            if error is not None:
                return error
        assert time.monotonic() < until, owner.states()
        time.sleep(0.02)


def goes_on(owner: Owner, client: Client) -> None:
    """There is room again: everything is applied, once."""
    known = identities(owner.house)
    client.write(5)
    await_applied(owner.house)
    assert identities(owner.house) == known
    owner.close()
    check(owner.house, client.oracle)


def test_the_catalogue_cannot_grow(house: House, owner: Owner) -> None:
    """A batch is refused as a whole, and taken when there is room."""
    log = house.catalog.documents
    client = Client(log)
    client.write(10)
    await_applied(house)
    before, refused = log.head(), None
    with no_more_pages(house.catalog.engine):
        for number in range(1_000, 1_200):
            try:
                sequences = send(log, batch(1, number, COLLECTION))
            except CatalogError as error:
                refused = error
                break
            client.oracle.acknowledge(batch(1, number, COLLECTION), sequences)
            before = log.head()
        assert refused is not None, "it never was full"
        assert "full" in str(refused)
        assert "make room on the disk" in refused.hint
        assert log.head() == before
    client.oracle.acknowledge(batch(1, number, COLLECTION), send(log, batch(1, number, COLLECTION)))
    goes_on(owner, client)


def test_the_embedding_cache_cannot_grow(house: House, owner: Owner) -> None:
    """The vector leg waits and says why; the lexical one is current."""
    client = Client(house.catalog.documents)
    client.write(10)
    await_applied(house)
    with no_more_pages(house.catalog.embeddings._engine):
        error = write_until_error(owner, client, "vector")
        assert "make room on the disk" in error.hint
        await_leg(house, house.collection(COLLECTION).lexical.applied)
    goes_on(owner, client)


def test_qdrant_edge_has_no_room(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory-mapped files are not touched."""
    client = Client(house.catalog.documents)
    client.write(10)
    await_applied(house)
    index = house.collection(COLLECTION).vector.index
    held = sorted(index.versions())
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: Usage(2**30, 2**30 - 2**20, 2**20))
        error = write_until_error(owner, client, "vector")
        assert "make room on the disk" in error.hint
        await_leg(house, house.collection(COLLECTION).lexical.applied)
        assert sorted(index.versions()) == held
    goes_on(owner, client)


def test_tantivy_has_no_room(house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it took before the commit failed is not found, and not doubled later."""
    client = Client(house.catalog.documents)
    client.write(10)
    await_applied(house)
    index = house.collection(COLLECTION).lexical.index
    held = sorted(index.versions())
    with monkeypatch.context() as full:
        opening = BatchWriter._open

        def opened(writer: BatchWriter) -> Any:
            return FullWriter(opening(writer))

        full.setattr(BatchWriter, "_open", opened)
        index._writer._writer = FullWriter(index._writer._writer)  # type: ignore[attr-defined]
        error = write_until_error(owner, client, "lexical")
        assert FULL in str(error)
        assert "disk" in error.hint
        await_leg(house, house.collection(COLLECTION).vector.applied)
        assert sorted(index.versions()) == held
    goes_on(owner, client)


def test_opensearch_is_over_its_watermark(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it lets its indexes be read and no more, until somebody makes room."""
    monkeypatch.setattr(opensearch_bulk, "LONGEST_PAUSE_SECONDS", 0.3)
    with open_with_collection(servers.settings(tmp_path / "data", vector=EDGE)) as house:
        client = Client(house.catalog.documents)
        server = Server(parse_url(f"opensearch+{servers.opensearch.url}"))
        index = f"tandem-*-{house.collection(COLLECTION).generation.lexical_name}-*"
        with at_work(house) as owner:
            client.write(10)
            await_applied(house)
            for _ in range(ROUNDS):
                server.ask(f"PUT /{index}/_settings", blocked(is_full=True), seconds=30)
                error = write_until_error(owner, client, "lexical")
                assert "took no writes" in str(error)
                assert "room" in error.hint
                await_leg(house, house.collection(COLLECTION).vector.applied)
                server.ask(f"PUT /{index}/_settings", blocked(is_full=False), seconds=30)
                await_applied(house)
            server.close()
            goes_on(owner, client)


def blocked(*, is_full: bool) -> dict[str, Any]:
    """The block that OpenSearch sets by itself at the flood-stage watermark."""
    return {"index": {"blocks": {"read_only_allow_delete": is_full or None}}}


def write_until_error(owner: Owner, client: Client, leg: str) -> TandemError:
    """Batches enough that one of them needs room."""
    client.write(20)
    return await_error(owner, leg)


def await_leg(house: House, applied: Callable[[], int]) -> None:
    """Wait until one leg has everything."""
    head, until = house.catalog.documents.head(), time.monotonic() + 60
    while applied() < head:
        assert time.monotonic() < until
        time.sleep(0.02)
