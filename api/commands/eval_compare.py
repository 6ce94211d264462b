"""``tandem eval compare``: which of several runs is better, and whether to believe it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.commands.comparison_report import lines
from api.commands.eval_findings import findings_data, tell_findings
from api.commands.options import AsJson
from api.console import FOUND, printable, say, say_json
from relevance_eval.comparison import compare
from relevance_eval.comparison_json import as_data
from relevance_eval.formats.registry import read_judgments, read_run
from relevance_eval.measures import DEFAULT_MEASURES
from tandem.errors import InputError
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
    for name, path in _names(runs).items():
        found = read_run(path)
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


def _names(paths: Sequence[Path]) -> Mapping[str, Path]:
    """Each run by its file's name, by its whole path where names are equal.

    Raises:
        InputError: a file is given twice.
    """
    stems = Counter(path.name.split(".")[0] for path in paths)
    named: dict[str, Path] = {}
    for path in paths:
        stem = path.name.split(".")[0]
        name = stem if stem and stems[stem] == 1 else str(path)
        if name in named:
            raise InputError(f"{path}: the run is given twice", hint="name each run once")
        named[name] = path
    return named
