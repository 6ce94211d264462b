"""``tandem eval gate``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.eval_findings import findings_data, tell_findings
from api.commands.options import AsJson
from api.console import FOUND, PROBLEM, printable, say, say_json
from relevance_eval.agreement import mismatches
from relevance_eval.formats.registry import read_judgments, read_run
from relevance_eval.measures import measure
from relevance_eval.thresholds import Outcome, hold, measures, read_thresholds


def run(
    thresholds: Annotated[Path, typer.Argument(help="TOML file of what is demanded.")],
    judgments: Annotated[Path, typer.Argument(help="Judgments, in any format.")],
    candidate: Annotated[Path, typer.Argument(metavar="RUN", help="The run that is to pass.")],
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="The run that [may_fall_by] is about.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Hold a run against thresholds; leave with 1 where it falls short, naming the line, or where
    answers are incomplete, of which no figure says anything.

    The file has tables [minimum] and [may_fall_by], a line a measure, such as "nDCG@10" = 0.70.
    """
    demanded = read_thresholds(thresholds)
    judged, asked = read_judgments(judgments), measures(demanded)
    read = read_run(candidate)
    findings = judged.findings + read.findings + mismatches(judged.qrels, {read.name: read.run})
    before = None
    if baseline is not None:
        other = read_run(baseline)
        findings += other.findings + mismatches(judged.qrels, {other.name: other.run})
        before = measure(judged.qrels, other.run, asked)
    outcomes = hold(demanded, measure(judged.qrels, read.run, asked), before)
    incomplete = [found for found in findings if found.kind == "incomplete_answer"]
    is_passed = not incomplete and all(outcome.is_passed for outcome in outcomes)
    if as_json:
        told = {"passed": is_passed, "queries": len(judged.qrels), "run": read.name}
        rows = [_data(outcome) for outcome in outcomes]
        say_json(told | {"thresholds": rows, "findings": findings_data(findings)})
    else:
        tell_findings(findings)
        for outcome in outcomes:
            say(f"{'passed' if outcome.is_passed else 'FAILED'}  {printable(outcome.told)}")
        for found in incomplete:
            say(f"FAILED  {printable(found.where)}: {found.count:,} answers are incomplete")
    return FOUND if is_passed else PROBLEM


def _data(outcome: Outcome) -> dict[str, Any]:
    return {
        **outcome.threshold._asdict(),
        "mean": outcome.mean,
        "before": outcome.before,
        "passed": outcome.is_passed,
    }
