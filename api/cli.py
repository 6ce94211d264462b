"""``tandem``: runs one verb; whatever goes wrong becomes a line and an exit code.

The verbs are imported late, when Control-C can already be answered.
"""

import sys
from collections.abc import Sequence

from api.console import (
    PROBLEM,
    note,
    prepare_streams,
    printable,
    report,
    report_error,
    settle_streams,
)
from api.interrupts import INTERRUPTED, Interrupts
from tandem.errors import TandemError
from tandem.telemetry import logger


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code: 0, 1 (a problem), 2 (bad use) or 130."""
    given = sys.argv[1:] if arguments is None else arguments
    interrupts = Interrupts(given)
    try:
        interrupts.listen()
        code = run(given or ["--help"])
        interrupts.leave()
    except BaseException:  # some libraries turn an interrupt amid their import into another error
        if not interrupts.noticed:
            raise
        code = INTERRUPTED
        interrupts.leave()
    sys.exit(INTERRUPTED if interrupts.noticed else code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code.

    Raises:
        KeyboardInterrupt: Control-C.
    """
    prepare_streams()
    try:
        code = _invoked(arguments)
    finally:
        failure = settle_streams()
    if failure is None:
        return code
    if not isinstance(failure, BrokenPipeError):  # else the reader has seen enough
        note(f"error: standard output: {failure.strerror}")
        note("  next: make room, or send the output elsewhere")
    return code or PROBLEM


def _invoked(arguments: Sequence[str]) -> int:
    try:
        from api.app import invoke

        return invoke(arguments)
    except BrokenPipeError:
        return PROBLEM
    except Exception as error:
        code = _reported(error, as_json=asks_for_json(arguments))
        if code is None:
            raise
        return code


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether ``--json`` is among the options; behind ``--`` it is a plain word."""
    words = list(arguments)
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options


def _reported(error: Exception, *, as_json: bool) -> int | None:
    """The exit code of an error that was told; ``None`` for one that is a bug."""
    import typer
    from typer.exceptions import TyperException

    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, TyperException):
        hint = "tandem --help, or tandem VERB --help"
        report("bad_use", printable(error.format_message()), hint, as_json=as_json)
        return error.exit_code
    if isinstance(error, TandemError):
        return report_error(error, as_json=as_json)
    if isinstance(error, OSError) or _is_of_the_database(error):
        logger("api").info("the command failed", exc_info=error)
        code = "system" if isinstance(error, OSError) else "catalog"
        hint = "check the disk and the permissions, and run the command again; tandem -v says more"
        report(code, printable(_in_one_line(error)), hint, as_json=as_json)
        return PROBLEM
    return None


def _is_of_the_database(error: Exception) -> bool:
    """An error of SQLAlchemy, told by its name: most commands that fail have not loaded it."""
    return any(
        kind.__name__ == "SQLAlchemyError" and kind.__module__.startswith("sqlalchemy.")
        for kind in type(error).__mro__
    )


def _in_one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    cause = getattr(error, "orig", None) or error  # the driver's words, without the statement
    return " ".join(str(cause).split()) or type(error).__name__
