"""kill -9 of a server to which documents are written: what was acknowledged is there afterwards.

``TANDEM_TEST_SEED`` repeats a run, ``TANDEM_TEST_HTTP_KILLS`` makes a longer one.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tandem.client import Client, ServerUnavailable
from tests.e2e.shop import Shop
from tests.integration.crash.http_phases import HTTP_PHASES, VARIABLE
from tests.integration.soak.books import Books
from tests.integration.soak.server import Server, examined, logs_examined, serving
from tests.integration.soak.traffic import HABITS, Load, Traffic

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("TANDEM_TEST_HTTP_KILLS", "25"))
SEED = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
PEOPLE = 4
OFTEN = {"erase": 4.0, "batch": 6.0, "put": 8.0}
ATTEMPTS = 4
LIFE_SECONDS = 30.0
"""How long a server may pass by the place where it is to die."""

KILLS_PER_VERIFICATION = 6


@dataclass
class Torture:
    """One data folder, one server after the other."""

    shop: Shop
    chance: random.Random
    books: Books = field(default_factory=Books)
    kills: Counter[str] = field(default_factory=Counter)
    lives: int = 0

    def kill_in(self, phase: str) -> None:
        """Run servers until one has died there; then the logs are as they should be."""
        for attempt in range(ATTEMPTS):
            passage = self.chance.randint(1, HTTP_PHASES[phase].passages) if attempt < 1 else 1
            if self._dies(f"{phase}:{passage}"):
                self.kills[phase] += 1
                return
        pytest.fail(f"no server passed {phase} in {ATTEMPTS} lives")

    def _dies(self, where: str) -> bool:
        self.lives += 1
        with serving(self.shop, **{VARIABLE: where}) as server:
            has_died = not server.address or self._dies_in_use(server)
        assert server.ended() == -signal.SIGKILL
        logs_examined(self.shop, self.books)
        return has_died

    def _dies_in_use(self, server: Server) -> bool:
        """Whether it died of its own accord; after a while it is killed, wherever it is."""
        load = Load(server.address, self.books)
        traffic = Traffic(load, PEOPLE, f"{SEED}-{self.lives}", {**HABITS, **OFTEN})
        until = time.monotonic() + LIFE_SECONDS
        while server.is_there() and time.monotonic() < until:
            time.sleep(0.02)
        if is_late := server.is_there():
            server.signalled(signal.SIGKILL)
        traffic.until_stopped()
        other = [error for _, error in load.failures if not isinstance(error, ServerUnavailable)]
        assert other == []
        return not is_late

    def finish(self) -> None:
        """A server that is left alone does to its end what others have left half done."""
        with serving(self.shop) as server:
            with Client(server.address) as client:
                for person in sorted(self.books.erasing):
                    assert client.erase_user(person).is_done
                    self.books.forgotten(person)
            server.signalled(signal.SIGTERM)
            assert server.ended() == 0
        examined(self.shop, self.books)


def test_every_phase_is_a_place_in_the_code() -> None:
    """A place that was renamed is found at once, and by its name, not by a torture that stops."""
    code = "from tests.integration.crash.http_phases import HTTP_PHASES, install\n" + "\n".join(
        f"install('{name}:1000000')" for name in HTTP_PHASES
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Kill after kill on one folder, in every phase."""
    sys.stdout.write(f"\nTANDEM_TEST_SEED={SEED}, {KILLS} kills\n")
    torture = Torture(Shop(tmp_path), random.Random(SEED))
    torture.shop.configure()
    for number, phase in enumerate(schedule(torture.chance, KILLS), 1):
        torture.kill_in(phase)
        if number % KILLS_PER_VERIFICATION == 0:
            examined(torture.shop, torture.books)
    torture.finish()
    books = torture.books
    sys.stdout.write(
        f"{torture.kills.total()} kills, {torture.lives} lives, "
        f"{books.counts['acknowledged']} writes and {len(books.events)} events acknowledged, "
        f"{len(books.erased)} people erased: {dict(sorted(torture.kills.items()))}\n"
    )
    assert torture.kills.total() == KILLS
    assert books.counts["acknowledged"] > KILLS
    assert books.events
    assert books.erased


def schedule(chance: random.Random, kills: int) -> list[str]:
    """Every phase in an order of its own, then again in another."""
    chosen: list[str] = []
    while len(chosen) < kills:
        phases = list(HTTP_PHASES)
        chance.shuffle(phases)
        chosen += phases
    return chosen[:kills]
