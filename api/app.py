"""The verbs, gathered."""

from collections.abc import Sequence

import typer
from typer.main import get_command

from api.commands import (
    backup,
    demo,
    evaluation,
    events,
    follow,
    index,
    keys,
    models,
    reindex,
    releases,
    search,
    serve,
    status,
    train,
    users,
    verify,
)
from tandem.telemetry import configure_logging

NAME = "tandem"

app = typer.Typer(
    name=NAME,
    help="Hybrid semantic search: words and meaning, one ranking.",
    add_completion=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.run)
app.command("index")(index.run)
app.command("search")(search.run)
app.command("status")(status.run)
app.command("follow")(follow.run)
app.command("serve")(serve.run)
app.command("reindex")(reindex.run)
app.command("releases")(releases.show)
app.command("promote")(releases.promote)
app.command("rollback")(releases.rollback)
app.command("backup")(backup.run)
app.command("restore")(backup.run_restore)
app.command("verify")(verify.run)
app.command("train")(train.run)
app.add_typer(models.app, name="models")
app.add_typer(keys.app)
app.add_typer(events.app)
app.add_typer(users.app)
app.add_typer(evaluation.app)


@app.callback()
def _prepare(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Tell what happens, on stderr."),
) -> None:
    configure_logging(verbose=verbose)


def invoke(arguments: Sequence[str]) -> int:
    """Run one verb; its exit code.

    Typer's own way to run a command would turn interrupts and broken pipes into exit codes, so
    that nobody could say a word about them.

    Raises:
        typer.Exit: help was shown.
        TyperException: the arguments cannot be used.
    """
    command = get_command(app)
    with command.make_context(NAME, list(arguments)) as context:
        return int(command.invoke(context) or 0)
