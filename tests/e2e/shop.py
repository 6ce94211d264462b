"""What an operator has: a folder with a settings file, and a process that follows beside."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.stand_in_models import site
from tests.e2e.tandem_command import Ran, Tandem

SETTINGS = """\
[embedding]
model = "hash-a"
[fields.note]
type = "{note}"
[fields.kind]
type = "keyword"
"""


@dataclass(frozen=True)
class Shop(Tandem):
    """``tandem`` in a folder, with models that have no weights."""

    path: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """Before the first process."""
        object.__setattr__(self, "path", site(self.folder / "site"))

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Every process has the stand-ins."""
        return super().environment({"PYTHONPATH": self.path, **(extra or {})})

    def configure(self, note: str = "text", more: str = "") -> None:
        """Write ``tandem.toml``."""
        (self.folder / "tandem.toml").write_text(SETTINGS.format(note=note) + more)

    def write(self, first: int, last: int, name: str = "a.jsonl", body: str = "text") -> str:
        """A file of documents, each with a word of its own."""
        rows = [
            {"id": f"d{n}", "body": f"{body} word{n}", "note": f"mark{n}", "kind": "k"}
            for n in range(first, last + 1)
        ]
        (self.folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    def done(self, *arguments: str, **extra: str) -> Ran:
        """Run what must succeed."""
        ran = self(*arguments, **extra)
        assert ran.code == 0, (arguments, ran)
        return ran

    def state(self) -> Any:
        """What ``status`` says of the collection."""
        return self("status", "--json").data["collections"][0]

    def found(self, text: str, *more: str) -> list[str]:
        """The documents found by words."""
        given = ("search", text, "--configuration", "lexical", "--json", *more)
        return [hit["document_id"] for hit in self.done(*given).data["hits"]]

    def refused(self, *arguments: str, code: int, **extra: str) -> str:
        """Run what must be refused: in one line and a hint, and to a program in JSON."""
        ran = self(*arguments, **extra)
        assert ran.code == code, (arguments, ran)
        errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, ran.err
        assert ran.out == ""
        assert "\n  next: " in ran.err, ran.err
        return ran.err

    @contextmanager
    def following(self, **extra: str) -> Iterator["subprocess.Popen[str]"]:
        """``tandem follow`` in the background, once it follows; killed at the end."""
        with self.running("follow", said="following; stop with Ctrl-C\n", **extra) as (process, _):
            yield process

    @contextmanager
    def running(
        self, *arguments: str, said: str, **extra: str
    ) -> Iterator[tuple["subprocess.Popen[str]", str]]:
        """A command in the background, once it has said that, and the whole line; killed at the
        end.
        """
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            assert line.startswith(said), line + process.stderr.read()
            yield process, line
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.communicate(timeout=60)


def ended(process: "subprocess.Popen[str]", how: signal.Signals) -> tuple[int, str]:
    """Stop it that way; its exit code, and what it said from then on."""
    process.send_signal(how)
    out, said = process.communicate(timeout=60)
    assert out == ""
    assert "Traceback" not in said, said
    return process.returncode, said


def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def judged(folder: Path, count: int) -> None:
    """A judgment list: each word of a note finds its document."""
    (folder / "qrels").mkdir(parents=True)
    numbers = range(1, count + 1)
    (folder / "corpus.jsonl").write_text("")
    (folder / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": f"q{n}", "text": f"mark{n}"}) + "\n" for n in numbers)
    )
    rows = "".join(f"q{n}\td{n}\t1\n" for n in numbers)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows)
