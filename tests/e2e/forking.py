"""Commands as processes that need not import everything first, which takes longer than most of
them: forks of one process that has.

Run as ``python -m tests.e2e.forking``: for each line on standard input, a ``Request`` as JSON, a
child runs ``tandem``; lines ``born PID`` and ``left CODE`` answer.
"""

import atexit
import contextlib
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

FOLDER = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Request:
    """A command line, its folder and variables, and the files that its two streams go to."""

    arguments: Sequence[str]
    folder: str
    variables: dict[str, str]
    out: str
    err: str


class Forks:
    """Runs one command at a time."""

    def __init__(self) -> None:
        """Import everything, in another process."""
        self._running = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.forking"],
            cwd=FOLDER,
            env=os.environ | {"PYTHONPATH": str(FOLDER), "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(
        self,
        request: Request,
        timeout_seconds: float,
        born: Callable[[int], None] = lambda _: None,
    ) -> int:
        """The exit code; minus the signal's number where one ended it. ``born`` is told the number
        of the process.

        Raises:
            AssertionError: it took longer than that, and is killed.
        """
        assert self._process.stdin is not None
        with self._running:
            self._process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
            self._process.stdin.flush()
            child = self._answer("born")
            born(child)
            late = threading.Timer(timeout_seconds, os.kill, (child, signal.SIGKILL))
            late.daemon = True
            late.start()
            try:
                code = self._answer("left")
                assert late.is_alive(), f"{request.arguments} took over {timeout_seconds} s"
            finally:
                late.cancel()
            return code

    def _answer(self, word: str) -> int:
        assert self._process.stdout is not None
        said = self._process.stdout.readline().decode().split()
        assert said[:1] == [word], f"instead of {word}, the process that forks said {said}"
        return int(said[1])

    def close(self) -> None:
        """With the end of its input it ends."""
        self._process.communicate(timeout=60)


@cache
def forks() -> Forks:
    """Those of this test run."""
    made = Forks()
    atexit.register(made.close)
    return made


def say(word: str, number: int) -> None:
    """To whoever asked."""
    sys.stdout.write(f"{word} {number}\n")
    sys.stdout.flush()


def import_everything() -> None:
    """Whatever a command may need, except models."""
    commands = import_module("api.commands")
    for module in iter_modules(commands.__path__, "api.commands."):
        import_module(module.name)
    for name in (
        "api.cli",
        "api.app",
        "api.web",
        "api.serving",
        "uvicorn",
        "tandem.engines.tantivy_store",
    ):
        import_module(name)
    import_module("tandem.engines.qdrant_edge_index")


def become(request: Request) -> None:
    """In the child: everything that a fresh process would have got from its parent."""
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.variables)
    given = os.open(os.devnull, os.O_RDONLY)
    os.dup2(given, 0)
    for stream, name in ((1, request.out), (2, request.err)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
    sys.argv = ["tandem", *request.arguments]
    places = request.variables.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = places
    for place in places:  # as the interpreter does when it starts
        with contextlib.suppress(FileNotFoundError):
            runpy.run_path(str(Path(place) / "sitecustomize.py"))


def main() -> None:
    """Fork a child a line. It leaves this function, and with that the process, as ``tandem`` does:
    whatever is done when an interpreter ends is done.
    """
    import_everything()
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            become(Request(**json.loads(line)))
            break
        say("born", child)
        say("left", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    else:
        return
    from api.cli import main as tandem

    tandem()


if __name__ == "__main__":
    main()
