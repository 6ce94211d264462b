"""kill -9 amid reindex, promote and rollback: one release is live, whole, and nothing is lost."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.documents import Document
from tandem.settings import Settings
from tests.e2e.stand_in_models import load, site
from tests.integration.crash.release_phases import RELEASE_PHASES
from tests.integration.downtime.embedders import MODELS
from tests.integration.downtime.world import check_generation
from tests.owned_house import (
    FIELDS,
    NAME,
    at_work,
    generations,
    index_names,
    on_engines,
    owned,
    reindexed,
    settings_in,
    worked_off,
)

SEED = int(os.environ.get("TANDEM_TEST_SEED", "20261125"))
ROUNDS = int(os.environ.get("TANDEM_TEST_RELEASE_ROUNDS", "1"))
"""How often every phase is died in."""

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("models")]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins in this process too."""
    monkeypatch.setattr("api.embedders.load_embedder", load)


class Operator:
    """A folder with two generations; a process that dies; a look at what it left."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.chance = chance
        self.folder = folder
        self.settings: Settings = settings_in(folder)
        self.path = site(folder / "site")
        self.bodies: dict[str, str] = {}
        lines = [
            f'data_dir = "{self.settings.data_dir}"',
            "[embedding]",
            f'model = "{MODELS[0]}"',
            *(f'[fields.{name}]\ntype = "{kind["type"]}"' for name, kind in FIELDS.items()),
        ]
        (folder / "tandem.toml").write_text("\n".join(lines))

    def begin(self) -> None:
        """The first generation is live, the second one is to be promoted, or gone back from."""
        with owned(self.settings) as house:
            self.bodies = {
                change.document_id: change.document.body
                for change in house.catalog.documents.changes(NAME, 0, 1_000).changes
                if change.document is not None
            }
            with at_work(house) as owner:
                reindexed(owner, model=MODELS[1])

    def command(self, *arguments: str, phase: str = "") -> int:
        """Run ``tandem``; its exit code."""
        kept = {name: value for name, value in os.environ.items() if name[:7] != "TANDEM_"}
        extra = {"PYTHONPATH": self.path, "TANDEM_TEST_PHASE": phase}
        done = subprocess.run(
            [sys.executable, "-m", "api", *arguments],
            cwd=self.folder,
            env=kept | extra,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode

    def arguments(self, verb: str) -> tuple[str, ...]:
        """The command, so that it has something to do."""
        if verb != "promote":
            return (verb,)
        with owned(self.settings) as house:
            live = house.collection(NAME).generation.number
            (other, *_) = [number for number in generations(house) if number != live]
        return (verb, str(other))

    def kill_in(self, phase: str) -> None:
        """Die there, look, do it again, look."""
        verb = RELEASE_PHASES[phase].verb
        if verb == "rollback":
            self.reach_a_release_with_a_parent()
        arguments = self.arguments(verb)
        before = self.look()
        assert self.command(*arguments, phase=phase) == -signal.SIGKILL, phase
        self.write()
        assert (self.look() != before) == RELEASE_PHASES[phase].has_moved
        if verb == "promote":
            assert self.command(*arguments) == 0
        elif verb == "reindex":
            resume = ["--resume"] if self.chance.random() < 0.5 else []
            assert self.command("reindex", *resume) == 0
        self.look()

    def reach_a_release_with_a_parent(self) -> None:
        """So that there is something to go back to."""
        with owned(self.settings) as house, at_work(house) as owner:
            reindexed(owner)

    def write(self) -> None:
        """A client goes on: some documents change, after the process has died."""
        with owned(self.settings) as house:
            for number in self.chance.sample(range(1, 21), 3):
                body = f"text word{number} again {self.chance.random()}"
                given = {"note": f"mark{number}", "kind": "k"}
                house.catalog.documents.append(
                    NAME, "test", [Document(f"d{number}", "", body, given)]
                )
                self.bodies[f"d{number}"] = body

    def look(self) -> int:
        """Start again: everything retained catches up and is exact, engines hold nothing else; the
        number of the live release.
        """
        with owned(self.settings) as house, at_work(house) as owner:
            collection = house.collection(NAME)
            kept = generations(house)
            assert on_engines(house) <= index_names(*kept)
            live = collection.release
            assert kept[live.generation] == "ready"
            worked_off(owner)  # as whoever follows does: what a dead process left running is ended
            for followed in list(owner._followed.values()):
                followed.work.finish()
            head = house.catalog.documents.head()
            assert collection.passed() == head
            assert on_engines(house) == index_names(*kept)
            held = house.catalog.documents.changes(NAME, 0, 1_000).changes
            assert {
                change.document_id: change.document.body
                for change in held
                if change.document is not None
            } == self.bodies
            for opened in collection.retained:
                check_generation(opened, {item.document_id: item.sequence for item in held})
            assert house.catalog.tasks.unfinished(NAME) == []
            return live.number


def test_kill_9_amid_the_operators_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every phase: the live release is the old one or the new one, verify finds nothing, and
    the command given once more succeeds.
    """
    chance = random.Random(SEED)
    phases = [*RELEASE_PHASES] * ROUNDS
    chance.shuffle(phases)
    operator = Operator(tmp_path, chance)
    operator.begin()
    for phase in phases:
        try:
            operator.kill_in(phase)
        except BaseException:
            with capsys.disabled():
                sys.stdout.write(f"\nTANDEM_TEST_SEED={SEED} failed at {phase} of {phases}\n")
            raise
    assert operator.command("verify") == 0
    assert len(phases) >= 14
