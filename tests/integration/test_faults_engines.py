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

from api.owner import Owner
from tandem.engines.opensearch_bulk import BulkWriter, Write
from tests.builders import document
from tests.contracts.qdrant_local import QUIET
from tests.integration.crash.stream import Batch
from tests.integration.faults.checks import (
    await_applied,
    check_open,
    identities,
    open_with_collection,
)
from tests.integration.faults.client import COLLECTION, Client
from tests.integration.faults.crowd import Crowd
from tests.integration.faults.servers import EDGE, Servers, servers

__all__ = ["servers"]
pytestmark = QUIET
IS_LONG = "TANDEM_TEST_LOAD_SECONDS" in os.environ
ROUNDS = 4 if IS_LONG else 1
DOWN_SECONDS = 20.0 if IS_LONG else 3.0
BULK_DOCUMENTS = 400
BULK_NUMBER = 1_000_000


def bulk(turn: int) -> Batch:
    """So much at once that its writing takes a while."""
    return Batch(
        BULK_NUMBER + turn,
        COLLECTION,
        tuple(
            document(
                f"bulk-{number}",
                " ".join(f"t{turn}n{number}x{word}" for word in range(30)),
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
        owner, client = Owner(house), Client(house.catalog.documents, pause_seconds=0.2)
        owner.start()
        client.write(10)
        await_applied(house)
        collection, known = house.collection(COLLECTION), identities(house)
        for turn in range(ROUNDS):
            killer = KillAmid(servers, 0.02 + 0.03 * turn)
            with monkeypatch.context() as patch:
                killer.install(patch)
                client.insist(bulk(turn))
                assert killer.killed.wait(60)
            killed = time.monotonic()
            client.start()
            crowd = Crowd(collection, 2)
            crowd.await_replies(20)
            client.await_written(5)
            head = house.catalog.documents.head()
            while collection.vector.applied() < head:
                assert time.monotonic() < killed + 60
                time.sleep(0.05)
            assert collection.lexical.applied() < head
            assert "cannot be reached" in owner.states()[collection.generation.lexical_name]
            time.sleep(max(0.0, killed + DOWN_SECONDS - time.monotonic()))
            seen = crowd.stop()
            servers.opensearch.start()
            client.stop()
            took = await_applied(house)
            assert seen.errors == []
            assert all(set(reply.degraded) == {"lexical"} for reply in seen.replies)
            assert all(reply.hits > 0 and reply.missing == 0 for reply in seen.replies)
            sys.stdout.write(f"\ncurrent {took:.1f} s after it was back\n")
        assert identities(house) == known, "nothing was built anew"
        owner.close()
        check_open(house, client.oracle)


def test_qdrant_refuses_connections(servers: Servers, tmp_path: Path) -> None:
    """Searches go on by words and name the leg; both come back together."""
    with open_with_collection(servers.settings(tmp_path / "data")) as house:
        owner, client = Owner(house), Client(house.catalog.documents)
        owner.start()
        client.write(10)
        await_applied(house)
        collection, known = house.collection(COLLECTION), identities(house)
        servers.qdrant.stop()
        client.write(20)
        head, until = house.catalog.documents.head(), time.monotonic() + 60
        crowd = Crowd(collection, 2)
        crowd.await_replies(20)
        while collection.lexical.applied() < head:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert collection.vector.applied() < head
        seen = crowd.stop()
        while "failed" not in owner.states()[collection.generation.vector_name]:
            assert time.monotonic() < until
            time.sleep(0.05)
        servers.qdrant.start()
        await_applied(house)
        crowd = Crowd(collection, 2)
        crowd.await_replies(60)
        back = crowd.stop()
        assert identities(house) == known
        owner.close()
        check_open(house, client.oracle)
    assert seen.errors == back.errors == []
    assert {name for reply in seen.replies for name in reply.degraded} == {"vector"}
    assert {reason for reply in seen.replies for reason in reply.degraded.values()} <= {
        "unavailable",
        "skipped",
    }
    assert all(reply.hits > 0 and reply.missing == 0 for reply in seen.replies)
    assert back.replies[-1].degraded == {}


def test_qdrant_is_not_there_at_the_start(servers: Servers, tmp_path: Path) -> None:
    """The house opens, indexes and searches by words; later the other leg joins by itself."""
    servers.qdrant.stop()
    with open_with_collection(servers.settings(tmp_path / "data")) as house:
        owner, client = Owner(house), Client(house.catalog.documents)
        owner.start()
        client.write(10)
        collection, until = house.collection(COLLECTION), time.monotonic() + 60
        while collection.lexical.applied() < house.catalog.documents.head():
            assert time.monotonic() < until
            time.sleep(0.05)
        crowd = Crowd(collection, 2)
        crowd.await_replies(10)
        seen = crowd.stop()
        servers.qdrant.start()
        await_applied(house)
        crowd = Crowd(collection, 2)
        crowd.await_replies(60)
        back = crowd.stop()
        owner.close()
        check_open(house, client.oracle)
    assert seen.errors == back.errors == []
    assert all(set(reply.degraded) == {"vector"} for reply in seen.replies)
    assert back.replies[-1].degraded == {}
