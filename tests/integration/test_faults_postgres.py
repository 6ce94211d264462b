"""PostgreSQL restarted, killed and stopped: nothing acknowledged is lost, and searches go on."""

import os
import sys
import time
from pathlib import Path

import pytest

from tandem.errors import CatalogError
from tests.contracts.qdrant_local import QUIET
from tests.integration.faults.checks import at_work, await_applied, check, open_with_collection
from tests.integration.faults.client import COLLECTION, Client
from tests.integration.faults.crowd import Crowd
from tests.integration.faults.servers import Servers, servers

__all__ = ["servers"]
pytestmark = QUIET
ROUNDS = 5 if "TANDEM_TEST_LOAD_SECONDS" in os.environ else 1
DOWN_SECONDS = float(os.environ.get("TANDEM_TEST_LOAD_SECONDS", "3")) / 3
SEARCHERS = 4


def test_restarted_and_killed_amid_writes(servers: Servers, tmp_path: Path) -> None:
    """A client that insists gets through, both followers go on by themselves, and all of it is
    there once, in order.
    """
    with open_with_collection(servers.settings(tmp_path / "data")) as house:
        client = Client(house.catalog.documents)
        with at_work(house), client.writing():
            for _ in range(ROUNDS):
                client.await_written(10)
                servers.postgres.restart()
                client.await_written(10)
                servers.postgres.kill()
                servers.postgres.start()
            client.await_written(10)
            client.stop()
            took = await_applied(house)
        documents = check(house, client.oracle)
    sys.stdout.write(
        f"\n{client.written} batches acknowledged, {client.refused} refusals on the way, "
        f"{documents} documents exact {took:.1f} s after the last write\n"
    )


def test_down_while_searching(servers: Servers, tmp_path: Path) -> None:
    """Not one search fails: the last known release answers, documents come from the index. Writes
    are refused in words, and go on when it is back.
    """
    with open_with_collection(servers.settings(tmp_path / "data")) as house:
        client, collection = Client(house.catalog.documents), house.collection(COLLECTION)
        with at_work(house):
            client.write(15)
            await_applied(house)
            with Crowd(collection, SEARCHERS) as crowd:
                crowd.await_replies(20)
                servers.postgres.stop()
                down = time.monotonic()
                with pytest.raises(CatalogError, match="cannot be used") as refused:
                    house.catalog.documents.delete(COLLECTION, ["d0"])
                crowd.await_replies(40)
                time.sleep(DOWN_SECONDS)
                up = time.monotonic()
                servers.postgres.start()
                client.write(15)
                crowd.await_replies(20)
            await_applied(house)
        check(house, client.oracle)
    meanwhile = [reply for reply in crowd.seen.after(down) if reply.began < up]
    sys.stdout.write(f"\n{len(meanwhile)} of {len(crowd.seen.replies)} searches without it\n")
    assert "see whether PostgreSQL runs" in refused.value.hint
    assert crowd.seen.errors == []
    assert len(meanwhile) >= 40
    # where an order is kept for later pages is away, too: such a reply has no cursor, and says so
    assert [reply.degraded for reply in meanwhile if not reply.degraded.keys() <= {"cursor"}] == []
    assert all(reply.hits > 0 and reply.missing == 0 for reply in meanwhile)
    assert {reply.release for reply in crowd.seen.replies} == {collection.release.number}
