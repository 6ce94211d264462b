"""``tandem eval``: whether a change finds better, and how sure that is. Each verb is a module."""

import typer

from api.commands import eval_tune

app = typer.Typer(
    name="eval",
    help="Relevance evaluation: ask judged queries, and tell better from luck.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _gather() -> None:
    """Without it, Typer would take the name of a single verb away."""


app.command("tune")(eval_tune.run)
