"""The command line as a user runs it: a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.forking import FOLDER, Request, forks

TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Tandem:
    """Runs ``tandem`` in a folder."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        """The process to start where it must be a fresh one: to interrupt it, for instance."""
        return [sys.executable, "-m", "api", *arguments]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables of this process, without settings of Tandem's own but the cache folder."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TANDEM_") or name == "TANDEM_CACHE_DIR"
        }
        return kept | {"PYTHONPATH": str(FOLDER), "NO_COLOR": "1"} | dict(extra or {})

    def __call__(self, *arguments: str, **extra: str) -> Ran:
        """Run to the end; a traceback on standard error is a failure by itself."""
        with tempfile.TemporaryDirectory() as name:
            out, err = Path(name) / "out", Path(name) / "err"
            request = Request(
                arguments, str(self.folder), self.environment(extra), str(out), str(err)
            )
            code = forks().run(request, TIMEOUT_SECONDS)
            return _checked(Ran(code, out.read_text("utf-8"), err.read_text("utf-8")))

    def fresh(self, *arguments: str, **extra: str) -> Ran:
        """The same in a process that has imported nothing yet."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(extra),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        return _checked(Ran(done.returncode, done.stdout, done.stderr))


def _checked(ran: Ran) -> Ran:
    assert "Traceback" not in ran.err, ran.err
    return ran
