"""How a command talks to a person or a program: results to standard output, the rest to error."""

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import orjson

from tandem.errors import InputError, TandemError

FOUND = 0
"""The command did what it was asked."""
PROBLEM = 1
"""It found what it looks for: a leg behind, a failed gate; or something broke."""
BAD_USE = 2
"""What was given cannot be used."""


def prepare_streams() -> None:
    """Make both streams fit for any text: a closed one leads nowhere, and a character that the
    encoding lacks is written as an escape.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8", closefd=False))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def settle_streams() -> OSError | None:
    """Write out what is buffered; why standard output could not, if so.

    What could not be written is dropped: Python would try again at its end, and complain.
    """
    _flushed(sys.stderr)
    return _flushed(sys.stdout)


def _flushed(stream: TextIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return error
    return None


def say(text: str = "") -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A line beside the result, on standard error. Where nobody can hear it, work goes on."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")


def say_json(data: Any) -> None:
    """The result for a program; in ASCII if the stream's encoding lacks a character."""
    text = orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(orjson.loads(text), indent=2)
    say(text)


def report_error(error: TandemError, *, as_json: bool = False) -> int:
    """Tell of an error and what to do next; the exit code."""
    report(error.code, printable(str(error)), printable(error.hint), as_json=as_json)
    return BAD_USE if isinstance(error, InputError) else PROBLEM


def report(code: str, message: str, hint: str, *, as_json: bool) -> None:
    """Tell what is wrong: to a program on standard output, to a person on standard error."""
    if as_json:
        say_json({"error": {"code": code, "message": message, "hint": hint}})
        return
    note(f"error: {message}")
    if hint:
        note(f"  next: {hint}")


def printable(text: str) -> str:
    """The text with lone surrogates and control characters as escapes: safe for a terminal."""
    safe = text.encode("utf-8", "backslashreplace").decode()
    return "".join(
        character if character.isprintable() or character in "\n\t" else repr(character)[1:-1]
        for character in safe
    )


class Bars:
    """Progress bars by name; ``grow`` moves the end, ``advance`` the bar. Of what has no bar,
    nothing is shown.
    """

    def __init__(self, progress: Any | None) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}
        self._totals: dict[str, int] = {}

    def add(self, name: str, label: str, total: int | None = 0) -> None:
        """A new bar; ``None`` for one whose end is unknown."""
        if self._progress is not None:
            self._tasks[name] = self._progress.add_task(label, total=total)
            self._totals[name] = total or 0

    def grow(self, name: str, amount: int) -> None:
        """There is more to do than was known."""
        if self._progress is not None and name in self._tasks:
            self._totals[name] += amount
            self._progress.update(self._tasks[name], total=self._totals[name])

    def advance(self, name: str, amount: int) -> None:
        """That much is done."""
        if self._progress is not None and name in self._tasks:
            self._progress.advance(self._tasks[name], amount)


@contextmanager
def bars(*, wanted: bool) -> Iterator[Bars]:
    """Progress bars on standard error, if it is a terminal."""
    if not wanted or not sys.stderr.isatty():
        yield Bars(None)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bars(progress)
