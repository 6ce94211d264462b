"""``tandem eval compare``: which of several runs is better, and whether to believe it."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.comparison_report import lines
from api.commands.eval_findings import findings_data, tell_findings
from api.commands.options import AsJson
from api.console import FOUND, printable, say, say_json
from api.run_files import read_runs
from relevance_eval.comparison import compare
from relevance_eval.comparison_json import as_data
from relevance_eval.formats.registry import read_judgments
from relevance_eval.measures import DEFAULT_MEASURES
from tandem.judgments import Run


def run(
    judgments: Annotated[
        Path, typer.Argument(help="Judgments: a TREC, JSONL or CSV file, a BEIR folder.")
    ],
    runs: Annotated[
        list[Path], typer.Argument(help="Runs: the first is what others are held against.")
    ],
    measures: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            "-m",
            help="A measure, such as nDCG@10; again for more. The first decides.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of what is drawn by lot.")] = 0,
    moved: Annotated[
        int, typer.Option("--moved", min=0, max=10, help="So many queries that moved most.")
    ] = 3,
    as_json: AsJson = False,
) -> int:
    """Compare runs query by query: differences, intervals, tests, and the queries that moved."""
    judged = read_judgments(judgments)
    read: dict[str, Run] = {}
    findings = list(judged.findings)
    for name, found in read_runs(runs).items():
        read[name] = found.run
        findings += found.findings
    compared = compare(judged.qrels, read, measures or DEFAULT_MEASURES, seed=seed)
    if as_json:
        say_json(
            {
                "judgments": judged.name,
                **as_data(compared),
                "findings": findings_data(findings),
            }
        )
        return FOUND
    tell_findings(findings)
    for line in lines(compared, judged.name, judged.queries, moved):
        say(printable(line))
    return FOUND
