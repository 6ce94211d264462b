"""Searches, writes and events over HTTP at once, for long: nothing fails, nothing grows, nothing is
lost; and too many at once are refused at once. ``TANDEM_TEST_LOAD_SECONDS`` makes it longer.
"""

import os
import random
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tandem.client import Client, ServerFailed
from tandem.documents import Document
from tandem.queries import Query
from tests.e2e.shop import Shop
from tests.integration.soak.books import Books
from tests.integration.soak.server import Server, examined, serving
from tests.integration.soak.traffic import Load, Traffic
from tests.integration.soak.watched import Seen, Watched

pytestmark = pytest.mark.long

SECONDS = float(os.environ.get("TANDEM_TEST_LOAD_SECONDS", "60"))
SEED = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
PEOPLE = 5
WAITING = 8
CROWD = 160
"""Far more than the 40 threads of a server and those that may wait for one."""

REQUESTS_EACH = 4
REFUSED, ANSWERED = 503, 200
GROWTH_MIB = 32
"""What a server may have more of its own at the end than after a third: the buffer of a writer of
the lexical index that is open at one moment and not at the other is half of it. In the ten minutes
of the long form a leak of some thousand bytes a request is more.
"""


def test_mixed_load_and_then_too_much(tmp_path: Path) -> None:
    """No error, flat memory, a quick refusal where it is too much; all that was told is so."""
    shop = Shop(tmp_path)
    shop.configure(more=f"[server]\nwaiting = {WAITING}\n")
    books = Books()
    with serving(shop) as server:
        _mixed(server, books)
        _too_much(server)
        server.signalled(signal.SIGTERM)
        assert server.ended() == 0
    examined(shop, books)


def _mixed(server: Server, books: Books) -> None:
    load = Load(server.address, books)
    traffic = Traffic(load, PEOPLE, str(SEED))
    traffic.last(SECONDS / 3)
    before = server.memory
    traffic.last(SECONDS * 2 / 3)
    after = server.memory
    traffic.stop()
    _tell(f"TANDEM_TEST_SEED={SEED}, {SECONDS:.0f} s: {dict(sorted(books.counts.items()))}")
    _tell(f"memory {before} after a third, {after} at the end")
    _tell(f"replies { ({status: len(took) for status, took in load.seen.seconds.items()}) }")
    assert load.failures == []
    assert load.seen.cut == []
    assert {status // 100 for status in load.seen.seconds} == {2}
    assert not books.doubtful, "everybody has heard what became of it"
    assert books.counts["acknowledged"] > SECONDS
    assert after.own - before.own <= GROWTH_MIB


def _too_much(server: Server) -> None:
    seen = Seen()
    client = Client(server.address, retries=0, timeout_seconds=120, http=Watched(seen))

    def ask(_: int) -> list[str]:
        return [_code(client) for _ in range(REQUESTS_EACH)]

    with client:
        with ThreadPoolExecutor(CROWD) as crowd:
            told = [code for codes in crowd.map(ask, range(CROWD)) for code in codes]
        assert seen.cut == []
        assert set(told) == {"", "overloaded"}
        assert seen.seconds.keys() == {ANSWERED, REFUSED}
        answered, refused = seen.median_ms(ANSWERED), seen.median_ms(REFUSED)
        _tell(
            f"{CROWD} at once: {told.count('')} answered, median {answered:.0f} ms; "
            f"{told.count('overloaded')} refused, median {refused:.0f} ms"
        )
        assert refused < answered
        assert {_code(client) for _ in range(20)} == {""}, "it has recovered"
        document = Document("after", "", "after it all", {"kind": "a"})
        assert client.put(document, wait=True).indexed == {"lexical": True, "vector": True}
        client.delete("after")


def _code(client: Client) -> str:
    """What a search is refused with; nothing where it is answered."""
    try:
        client.search(Query("text title", facets=("kind",), budget_ms=60_000))
    except ServerFailed as error:
        return error.told
    return ""


def _tell(line: str) -> None:
    sys.stdout.write(f"\nsoak: {line}")
