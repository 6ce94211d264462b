"""``tandem eval``: whether a change finds better, and how sure that is. Each verb is a module."""

import typer

from api.commands import (
    eval_compare,
    eval_convert,
    eval_gate,
    eval_pool,
    eval_ratings,
    eval_report,
    eval_run,
    eval_tune,
)

app = typer.Typer(
    name="eval",
    help="Relevance evaluation: ask judged queries, and tell better from luck.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _gather() -> None:
    """Without it, Typer would take the name of a single verb away."""


app.command("convert")(eval_convert.run)
app.command("run")(eval_run.run)
app.command("compare")(eval_compare.run)
app.command("tune")(eval_tune.run)
app.command("report")(eval_report.run)
app.command("gate")(eval_gate.run)
app.command("pool")(eval_pool.run)
app.command("ratings")(eval_ratings.run)
