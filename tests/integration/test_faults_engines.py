"""An engine that is killed, or refuses connections: the other leg goes on, and the one that was
away catches up by itself.
"""

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import House
from api.collection import OpenCollection
from api.owner import Owner
from indexer.leased import FOLLOWING, STANDING_BY
from indexer.seats import Seat
from tandem.engines.opensearch_bulk import BulkWriter, Write
from tests.builders import document
from tests.contracts.qdrant_local import QUIET
from tests.integration.crash.stream import Batch
from tests.integration.faults.checks import (
    at_work,
    await_applied,
    check,
    identities,
    open_with_collection,
)
from tests.integration.faults.client import COLLECTION, Client
from tests.integration.faults.crowd import Crowd, Seen
from tests.integration.faults.servers import EDGE, Servers, servers

__all__ = ["servers"]
pytestmark = QUIET
IS_LONG = "TANDEM_TEST_LOAD_SECONDS" in os.environ
ROUNDS = 4 if IS_LONG else 1
DOWN_SECONDS = 20.0 if IS_LONG else 3.0
BULK_DOCUMENTS = 150
BULK_NUMBER = 1_000_000


def bulk(turn: int) -> Batch:
    """So much at once that its writing takes a while."""
    return Batch(
        BULK_NUMBER + turn,
        COLLECTION,
        tuple(
            document(
                f"bulk-{number}",
                " ".join(f"t{turn}n{number}x{word}" for word in range(80)),
                kind="a",
                size=turn,
            )
            for number in range(BULK_DOCUMENTS)
        ),
    )


class KillAmid:
    """Kills the node a moment after the next bulk request was begun."""

    def __init__(self, servers: Servers, after_seconds: float) -> None:
        self.killed = threading.Event()
        self._servers = servers
        self._after_seconds = after_seconds
        self._lock = threading.Lock()

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Until the patch is undone."""
        ask = BulkWriter._ask

        def asked(writer: BulkWriter, chunk: Sequence[Write]) -> Any:
            if len(chunk) > BULK_DOCUMENTS // 2 and self._lock.acquire(blocking=False):
                threading.Timer(self._after_seconds, self._kill).start()
            return ask(writer, chunk)

        patch.setattr(BulkWriter, "_ask", asked)

    def _kill(self) -> None:
        self._servers.opensearch.kill()
        self.killed.set()


def test_opensearch_killed_amid_bulk(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile writes are accepted, the vector leg is current, and searches go on by meaning."""
    with open_with_collection(servers.settings(tmp_path / "data", vector=EDGE)) as house:
        client, collection = Client(house.catalog.documents), house.collection(COLLECTION)
        with at_work(house) as owner:
            client.write(10)
            await_applied(house)
            known = identities(house)
            for turn in range(ROUNDS):
                killer = KillAmid(servers, 0.02 + 0.03 * turn)
                with monkeypatch.context() as patch:
                    killer.install(patch)
                    client.insist(bulk(turn))
                    assert killer.killed.wait(60)
                killed = time.monotonic()
                with client.writing(), Crowd(collection, 2) as crowd:
                    crowd.await_replies(20)
                    client.await_written(5)
                    await_leg(house, collection.vector)
                    assert "cannot be reached" in state_of(
                        owner, collection.generation.lexical_name
                    )
                    time.sleep(max(0.0, killed + DOWN_SECONDS - time.monotonic()))
                servers.opensearch.start()
                took = await_applied(house)
                sys.stdout.write(f"\ncurrent {took:.1f} s after it was back\n")
                judge(crowd.seen, "lexical", after=killed)
        assert identities(house) == known, "nothing was built anew"
        check(house, client.oracle)


def test_qdrant_refuses_connections(servers: Servers, tmp_path: Path) -> None:
    """Searches go on by words and name the leg; both come back together."""
    with open_with_collection(servers.settings(tmp_path / "data")) as house:
        client, collection = Client(house.catalog.documents), house.collection(COLLECTION)
        with at_work(house) as owner:
            client.write(10)
            await_applied(house)
            known = identities(house)
            servers.qdrant.stop()
            down = time.monotonic()
            client.write(20)
            await_leg(house, collection.lexical)
            collection.lexical.index.refresh()  # applied, and now seen as well
            with Crowd(collection, 2) as crowd:
                crowd.await_replies(20)
                assert "failed" in state_of(owner, collection.generation.vector_name)
                assert collection.vector.applied() < house.catalog.documents.head()
            judge(crowd.seen, "vector", after=down)
            assert all(reply.missing == 0 for reply in crowd.seen.replies)
            servers.qdrant.start()
            await_applied(house)
            await_whole(collection)
        assert identities(house) == known
        check(house, client.oracle)


@pytest.mark.parametrize("other", ["opensearch", "tantivy"])
def test_qdrant_is_not_there_at_the_start(servers: Servers, tmp_path: Path, other: str) -> None:
    """The house opens, indexes and searches with the other one; later this one joins by itself."""
    settings = servers.settings(tmp_path / "data")
    if other == "tantivy":
        engines = settings.engines.model_copy(update={"lexical": "tantivy:"})
        settings = settings.model_copy(update={"engines": engines})
    servers.qdrant.stop()
    with open_with_collection(settings) as house:
        client, collection = Client(house.catalog.documents), house.collection(COLLECTION)
        with at_work(house):
            client.write(10)
            await_leg(house, collection.lexical)
            collection.lexical.index.refresh()  # applied, and now seen as well
            began = time.monotonic()
            with Crowd(collection, 2) as crowd:
                crowd.await_replies(10)
            judge(crowd.seen, "vector", after=began)
            servers.qdrant.start()
            await_applied(house)
            await_whole(collection)
        check(house, client.oracle)


def judge(seen: Seen, leg: str, *, after: float) -> None:
    """No search failed, and each that began after the fault says what is missing."""
    assert seen.errors == []
    replies = seen.after(after)
    assert len(replies) >= 10
    assert all(set(reply.degraded) == {leg} for reply in replies)
    assert {reply.degraded[leg] for reply in replies} <= {"unavailable", "skipped"}
    assert all(reply.hits > 0 for reply in replies)


def await_leg(house: House, seat: Seat[Any], seconds: float = 60.0) -> None:
    """Wait until one leg has applied what is in the log now."""
    head, until = house.catalog.documents.head(), time.monotonic() + seconds
    while seat.applied() < head:
        assert time.monotonic() < until, f"{seat.applied()} of {head}"
        time.sleep(0.05)


def state_of(owner: Owner, index_name: str, seconds: float = 60.0) -> str:
    """What the follower of an index runs into; it finds out a moment after the fault."""
    until = time.monotonic() + seconds
    while owner.states()[index_name] in {FOLLOWING, STANDING_BY}:
        assert time.monotonic() < until
        time.sleep(0.05)
    return owner.states()[index_name]


def await_whole(collection: OpenCollection, seconds: float = 30.0) -> None:
    """Wait until a search is answered by both legs again."""
    until = time.monotonic() + seconds
    with Crowd(collection, 1) as crowd:
        while not (crowd.seen.replies and crowd.seen.replies[-1].degraded == {}):
            assert time.monotonic() < until, crowd.seen.replies[-1:]
            time.sleep(0.05)
