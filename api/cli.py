"""``tandem``: gathers the verbs and turns errors into exit codes."""

import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from api.commands import demo, index, search, status
from api.console import PROBLEM, note, report_error
from tandem.errors import TandemError
from tandem.telemetry import configure_logging

app = typer.Typer(
    name="tandem",
    help="Hybrid semantic search: words and meaning, one ranking.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.run)
app.command("index")(index.run)
app.command("search")(search.run)
app.command("status")(status.run)


@app.callback()
def _prepare(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Tell what happens, on stderr."),
) -> None:
    configure_logging(verbose=verbose)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code: 0, 1 (a problem) or 2 (bad use)."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(run(given or ["--help"]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    as_json = "--json" in arguments
    try:
        code = app(list(arguments), prog_name=app.info.name, standalone_mode=False)
    except typer.Exit as leaving:
        return leaving.exit_code
    except TyperException as error:
        note(f"error: {error.format_message()}")
        note("  next: tandem --help, or tandem VERB --help")
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        note("stopped; what was accepted so far is kept, run the command again to go on")
        return 130
    except TandemError as error:
        return report_error(error, as_json=as_json)
    except BrokenPipeError:
        # The reader has seen enough. Python would complain while closing standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEM
    return int(code or 0)
