"""A follower of servers killed again and again, in named phases, while a client writes.

``TANDEM_TEST_KILLS`` makes it longer, ``TANDEM_TEST_SEED`` repeats a run.
"""

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from api.bootstrap import House
from tests.contracts.qdrant_local import QUIET
from tests.integration.faults.checks import check, open_with_collection
from tests.integration.faults.client import Client
from tests.integration.faults.phases import BUILDING, FOLLOWING, MOST_PASSAGES, PASSAGES
from tests.integration.faults.processes import Nursery, nursery
from tests.integration.faults.servers import Servers, servers

__all__ = ["servers"]
pytestmark = QUIET
KILLS = int(os.environ.get("TANDEM_TEST_KILLS", "25"))
SEED = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
HASTE = 4.0
"""The lease runs out after 0.75 s: every killed owner leaves one behind."""


def schedule(chance: random.Random) -> list[str]:
    """Building first, since it happens at the beginning; then all that belongs to following."""
    chosen = list(BUILDING)
    while len(chosen) < KILLS:
        part = list(FOLLOWING)
        chance.shuffle(part)
        chosen += part
        if len(chosen) + len(BUILDING) <= KILLS:
            chosen += list(BUILDING)
    return chosen[:KILLS]


def lose_an_index(house: House, phase: str) -> None:
    """It is gone from its engine."""
    generation = house.collection("main").generation
    if "vector" in phase:
        house.vector_store.drop(generation.vector_name)
    else:
        house.lexical_store.drop(generation.lexical_name)


def kill_in(followers: Nursery, phase: str, passage: int) -> float:
    """A follower that dies there; how many seconds it lived."""
    began = time.monotonic()
    follower = followers.start(phase=phase, passage=passage, haste=HASTE)
    follower.await_word("died")
    return time.monotonic() - began


@pytest.mark.long
def test_killed_over_and_over(servers: Servers, tmp_path: Path) -> None:
    """In the end both indexes are the log, and the log is what the client was told."""
    chance = random.Random(SEED)
    sys.stdout.write(f"\nTANDEM_TEST_SEED={SEED}, {KILLS} kills\n")
    kills: Counter[str] = Counter()
    with open_with_collection(servers.settings(tmp_path / "data")) as house:
        client = Client(house.catalog.documents, seed=SEED, pause_seconds=0.15)
        with (
            nursery(house.settings.model_dump_json(), tmp_path / "complaints") as followers,
            client.writing(),
        ):
            for phase in schedule(chance):
                passage = 1
                if phase in FOLLOWING:
                    passage = chance.randint(1, PASSAGES.get(phase, MOST_PASSAGES))
                else:
                    lose_an_index(house, phase)
                took = kill_in(followers, phase, passage)
                kills[phase] += 1
                sys.stdout.write(f"{phase} at passage {passage} after {took:.1f} s\n")
        documents = check(house, client.oracle)
    sys.stdout.write(
        f"{client.written} batches acknowledged, {documents} documents exact; "
        + ", ".join(f"{name} {count}" for name, count in kills.items())
        + "\n"
    )
    assert kills.total() == KILLS >= 25
    assert {*BUILDING, *FOLLOWING} == kills.keys()
