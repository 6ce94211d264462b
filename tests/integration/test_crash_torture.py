"""kill -9 at any moment, start again: exactly what was acknowledged, in both engines.

``TANDEM_TEST_SEED`` repeats a run, ``TANDEM_TEST_KILLS`` makes a longer one.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson
import pytest

from tests.integration.crash.audit import audit
from tests.integration.crash.driver import Order
from tests.integration.crash.oracle import Oracle
from tests.integration.crash.phases import PHASES, Occasion
from tests.integration.crash.stream import batch

ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("TANDEM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
KILLS = int(os.environ.get("TANDEM_TEST_KILLS", "33"))
TIMER = "timer"
TIMER_SECONDS = 0.4
BATCHES = 14
UNAUDITED_SHARE = 0.25
ATTEMPTS = 20
KILLS_PER_FOLDER = 60
"""Damage piles up that long; then a fresh folder, since every look opens every collection."""


@dataclass
class Torture:
    """One data folder, one client, one process after the other."""

    folder: Path
    chance: random.Random
    oracle: Oracle = field(default_factory=Oracle)
    collections: list[str] = field(default_factory=lambda: ["main"])
    kills: Counter[str] = field(default_factory=Counter)
    next_batch: int = 0
    documents: int = 0

    def begin(self) -> None:
        """A first process, left alone: from here on there is something to lose."""
        assert not self._run(Order(str(self.folder), SEED, "main", 0, BATCHES), None)
        self.look()

    def kill_in(self, phase: str) -> None:
        """Run processes until one has died in that phase."""
        for attempt in range(ATTEMPTS):
            if self._dies(phase, attempt):
                self.kills[phase] += 1
                return
        pytest.fail(f"no process passed {phase} in {ATTEMPTS} attempts")

    def _dies(self, phase: str, attempt: int) -> bool:
        occasion: Occasion = "stream" if phase == TIMER else PHASES[phase].occasion
        if occasion == "rebuild":
            self.look()  # a folder of a settled state goes missing
            self._lose_an_index()
        collection = "main"
        if occasion == "generation" or (phase == TIMER and self.chance.random() < 0.3):
            collection = f"side{len(self.collections)}"
            self.collections.append(collection)
        passage = 0
        if phase != TIMER:
            passage = 1 if attempt else self.chance.randint(1, PHASES[phase].passages)
        order = Order(
            str(self.folder),
            SEED,
            collection,
            self.next_batch,
            BATCHES,
            phase if phase != TIMER else "",
            passage,
        )
        return self._run(order, self.chance.uniform(0, TIMER_SECONDS) if phase == TIMER else None)

    def _run(self, order: Order, kill_after_seconds: float | None) -> bool:
        command = [sys.executable, "-m", "tests.integration.crash.driver", order.encoded()]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            lines = []
            if kill_after_seconds is not None:
                lines.append(process.stdout.readline())
                time.sleep(kill_after_seconds)
                process.kill()
            lines += process.stdout.readlines()
            complaint = process.stderr.read()
        self._keep_books(order, [line.rstrip("\n") for line in lines])
        killed = process.returncode == -signal.SIGKILL
        assert killed or (process.returncode == 0 and lines[-1] == "done\n"), complaint
        return killed

    def _keep_books(self, order: Order, lines: list[str]) -> None:
        tried = None
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "try":
                tried = int(rest)
            elif word == "ack":
                number, _, sequences = rest.partition(" ")
                assert int(number) == tried
                acknowledged = batch(SEED, int(number), order.collection)
                self.oracle.acknowledge(acknowledged, orjson.loads(sequences))
                tried = None
        if tried is not None:
            self.oracle.in_flight(batch(SEED, tried, order.collection))
        self.next_batch += BATCHES

    def _lose_an_index(self) -> None:
        leg = self.chance.choice(("lexical", "vector"))
        folders = [path for path in (self.folder / leg).iterdir() if path.name.startswith("main-")]
        for path in folders:
            shutil.rmtree(path)

    def look(self) -> None:
        """Start again in this process, and compare."""
        self.documents = audit(self.folder, self.collections, self.oracle)


def schedule(chance: random.Random, kills: int) -> list[str]:
    """Every phase in an order of its own, then again, with kills by the clock in between."""
    chosen: list[str] = []
    while len(chosen) < kills:
        chosen += [*PHASES, *[TIMER] * (len(PHASES) // 3)]
    chosen = chosen[:kills] if kills > len(PHASES) else list(PHASES)
    chance.shuffle(chosen)
    return chosen


def test_every_phase_is_a_place_in_the_code() -> None:
    """A place that was renamed is found at once, and by its name, not by a torture that stops."""
    install = "from tests.integration.crash.phases import PHASES, Fuse\n" + "\n".join(
        f"PHASES[{name!r}].install(Fuse(0))" for name in PHASES
    )
    command = [sys.executable, "-c", install]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_kill_9_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After every kill a rerun leaves both engines with exactly what was acknowledged."""
    tell = partial(_tell, capsys)
    tell(f"TANDEM_TEST_SEED={SEED}, {KILLS} kills")
    chance = random.Random(SEED)
    phases = schedule(chance, KILLS)
    kills: Counter[str] = Counter()
    for start in range(0, len(phases), KILLS_PER_FOLDER):
        torture = Torture(tmp_path / str(start), chance)
        torture.begin()
        for phase in phases[start : start + KILLS_PER_FOLDER]:
            try:
                torture.kill_in(phase)
                if chance.random() >= UNAUDITED_SHARE:
                    torture.look()
            except BaseException:
                tell(f"TANDEM_TEST_SEED={SEED} failed at {phase} after {torture.kills.total()}")
                raise
        torture.look()
        assert torture.documents > 0
        kills += torture.kills
        tell(
            f"{torture.kills.total()} kills, {torture.oracle.acknowledged} batches acknowledged, "
            f"{torture.documents} documents exact"
        )
        shutil.rmtree(torture.folder)
    assert kills.total() == KILLS >= 25
    assert kills.keys() == {*PHASES, TIMER}
    tell(", ".join(f"{name} {count}" for name, count in sorted(kills.items())))


def _tell(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Past the capture: a seed that only a failure shows cannot be compared with a success."""
    with capsys.disabled():
        sys.stdout.write(f"\ntorture: {line}")
