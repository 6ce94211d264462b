"""One active follower an index: a standby takes over in time, and an owner that was paused and
comes back late does no harm.
"""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap import House
from indexer.findings import Kind
from indexer.indexing import catch_up
from tandem.catalog.postgres import IDLE_SECONDS
from tandem.documents import Document
from tandem.engines.opensearch_client import Server, parse_url
from tests.builders import document
from tests.contracts.qdrant_local import QUIET
from tests.integration.crash.stream import Batch
from tests.integration.faults.checks import await_applied, check, open_with_collection, verified
from tests.integration.faults.client import COLLECTION, Client
from tests.integration.faults.processes import FollowerProcess, Nursery, nursery
from tests.integration.faults.servers import Servers, servers

__all__ = ["servers"]
pytestmark = QUIET
TAKES_OVER_SECONDS = 5.0
PAIRS = 5
"""Documents that get a newer version behind the paused owner's back, and as many that go."""


@pytest.fixture
def house(servers: Servers, tmp_path: Path) -> Iterator[House]:
    """The client's own house; it follows nothing."""
    with open_with_collection(servers.settings(tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the followers complain of."""
    return tmp_path / "complaints"


@pytest.fixture
def followers(house: House, log: Path) -> Iterator[Nursery]:
    """Where followers come from."""
    with nursery(house.settings.model_dump_json(), log) as made:
        yield made


def versions(turn: int, numbers: range) -> tuple[Document, ...]:
    """A version of some documents."""
    return tuple(
        document(
            f"pair-{number}", f"turn{turn} pair{number}", title=f"t{turn}", kind="a", size=turn
        )
        for number in numbers
    )


def test_a_standby_takes_over_within_5_seconds(house: House, followers: Nursery) -> None:
    """From ``kill -9`` of the active one until both indexes have a write that came after it."""
    client = Client(house.catalog.documents)
    client.write(5)
    active = followers.start()
    active.await_word("leads")
    standby = followers.start()
    standby.await_word("opened")
    await_applied(house)
    assert not standby.has_said("leads")
    time.sleep(1)  # it has seen a beat by now
    active.kill()
    killed = time.monotonic()
    client.write(1)
    await_applied(house)
    took = time.monotonic() - killed
    standby.await_word("leads")
    sys.stdout.write(f"\ntaken over after {took:.1f} s\n")
    standby.end()
    check(house, client.oracle)
    assert took <= TAKES_OVER_SECONDS


@pytest.mark.parametrize("phase", ["before-lexical-write", "before-vector-write"])
def test_a_paused_owner_that_wakes_up_does_no_harm(
    house: House, followers: Nursery, servers: Servers, log: Path, phase: str
) -> None:
    """It stands just before its write; meanwhile the standby applies newer versions and deletes of
    the same documents, and OpenSearch has forgotten the deletes when the old write arrives.
    """
    client = Client(house.catalog.documents)
    old, standby = overtaken(house, followers, servers, client, phase=phase)
    old.send(signal.SIGCONT)
    await_refusal(log)
    old.end()
    standby.end()
    check(house, client.oracle)


@pytest.mark.long
def test_without_care_it_would_do_harm(
    house: House, followers: Nursery, servers: Servers, log: Path
) -> None:
    """What the test above is worth: an owner that does not make good brings the deleted back. The
    other leg may have been paused amid a write of its own.
    """
    client = Client(house.catalog.documents)
    old, standby = overtaken(
        house, followers, servers, client, phase="before-lexical-write", careless=True
    )
    old.send(signal.SIGCONT)
    await_refusal(log)
    old.end()
    standby.end()
    assert catch_up(house.collection(COLLECTION).followers) == []
    lexical, _ = verified(house)
    assert set(lexical.found.counts) == {Kind.ORPHANED}


def overtaken(
    house: House, followers: Nursery, servers: Servers, client: Client, **order: object
) -> tuple[FollowerProcess, FollowerProcess]:
    """An owner that is paused before it writes a version, and a standby that has written newer
    ones, and deletes.
    """
    client.insist(Batch(0, COLLECTION, versions(0, range(2 * PAIRS))))
    old = followers.start(passage=0, act="pause", **order)
    old.await_word("leads")
    await_applied(house)
    old.send(signal.SIGUSR1)
    old.await_word("armed")
    standby = followers.start()
    standby.await_word("opened")
    client.insist(Batch(1, COLLECTION, versions(1, range(2 * PAIRS))))
    old.await_stopped()
    client.insist(Batch(2, COLLECTION, versions(2, range(PAIRS))))
    gone = tuple(f"pair-{number}" for number in range(PAIRS, 2 * PAIRS))
    client.insist(Batch(3, COLLECTION, deletes=gone))
    forget_deletes_at_once(servers, house)
    # where its other threads were paused amid a transaction, the server ends that after a while
    await_applied(house, IDLE_SECONDS + 60.0)
    forget_deletes_at_once(servers, house)
    return old, standby


def forget_deletes_at_once(servers: Servers, house: House) -> None:
    """As after an hour: OpenSearch would take an older write of what was deleted."""
    server = Server(parse_url(f"opensearch+{servers.opensearch.url}"))
    name = f"tandem-*-{house.collection(COLLECTION).generation.lexical_name}*"
    server.ask(f"PUT /{name}/_settings", {"index": {"gc_deletes": "0s"}}, seconds=30)
    time.sleep(1.2)  # its clock for this has steps of a second
    server.ask(f"POST /{name}/_refresh", seconds=30)
    server.close()


def await_refusal(log: Path, seconds: float = 60.0) -> None:
    """Wait until a follower was told that the checkpoint is no longer its own."""
    until = time.monotonic() + seconds
    while "another follower moved the checkpoint" not in log.read_text(errors="replace"):
        assert time.monotonic() < until, log.read_text(errors="replace")
        time.sleep(0.02)
