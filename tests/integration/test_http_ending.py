"""SIGTERM while everybody searches and writes: what was told is so, and no reply is cut."""

import os
import random
import signal
import sys
from pathlib import Path

import pytest

from tandem.client import ServerFailed, ServerUnavailable
from tests.e2e.shop import Shop
from tests.integration.soak.books import Books
from tests.integration.soak.server import examined, logs_examined, serving
from tests.integration.soak.traffic import Load, Traffic

pytestmark = pytest.mark.long

ROUNDS = int(os.environ.get("TANDEM_TEST_ENDINGS", "10"))
SEED = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
PEOPLE = 5


def test_sigterm_loses_nothing_and_cuts_no_reply(tmp_path: Path) -> None:
    """Round after round: a reply is whole, or has not begun."""
    sys.stdout.write(f"\nTANDEM_TEST_SEED={SEED}, {ROUNDS} endings\n")
    shop = Shop(tmp_path)
    shop.configure()
    books, chance = Books(), random.Random(SEED)
    replies = 0
    for number in range(ROUNDS):
        with serving(shop) as server:
            load = Load(server.address, books)
            traffic = Traffic(load, PEOPLE, f"{SEED}-{number}")
            traffic.last(chance.uniform(0.3, 2.0))
            assert load.failures == []
            server.signalled(signal.SIGTERM)
            code = server.ended()
            traffic.until_stopped()
        assert code == 0, server.said
        assert load.seen.cut == []
        unexpected = [error for _, error in load.failures if not _is_an_end(error)]
        assert unexpected == []
        replies += sum(map(len, load.seen.seconds.values()))
        logs_examined(shop, books)
    sys.stdout.write(f"{replies} whole replies, {books.counts['acknowledged']} acknowledged\n")
    assert books.counts["acknowledged"] > ROUNDS
    examined(shop, books)


def _is_an_end(error: BaseException) -> bool:
    """Nobody is there any more, or says so."""
    if isinstance(error, ServerFailed):
        return error.told == "stopping"
    return isinstance(error, ServerUnavailable)
