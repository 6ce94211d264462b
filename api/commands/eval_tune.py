"""``tandem eval tune``."""

from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import open_house
from api.commands.eval_findings import findings_data, tell_findings
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.search import bring_up_to_date
from api.console import FOUND, bars, note, printable, say, say_json
from api.eval_running import check_documents
from api.tuning import tuned_over
from query.understanding import check_searchable
from relevance_eval.formats.text import written
from relevance_eval.query_set import read_query_set
from relevance_eval.tuning.answers import MEASURE
from relevance_eval.tuning.choosing import Folds
from relevance_eval.tuning.losses import difference
from relevance_eval.tuning.tuning import Tuned
from relevance_eval.tuning.written import as_data, as_toml
from tandem.errors import InputError

DEEPEST = 1_000

Judgments = Annotated[
    Path,
    typer.Argument(help="Judged queries: a BEIR folder (its test split), or a file with texts."),
]
Write = Annotated[
    Path | None,
    typer.Option("--write", help="Write the choice to this file, for tandem promote --search."),
]
Depth = Annotated[
    int,
    typer.Option(
        "--depth", min=1, max=DEEPEST, help="Documents asked of each leg: no deeper one is tried."
    ),
]
FoldCount = Annotated[
    int,
    typer.Option(
        "--folds", min=2, help="Folds of queries; each is measured by a choice without it."
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Draws the folds and the intervals.")]


def run(
    judgments: Judgments,
    write: Write = None,
    depth: Depth = 200,
    folds: FoldCount = 10,
    seed: Seed = 0,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Choose how words and meaning are fused, and how words score, by judged queries, and say what
    it is worth.

    The vector leg is asked once, the lexical one once for each way to score words; every fusion is
    tried on what they said. Beside the figure that the choice was made by stands the held-out one:
    of queries that had no part in the choice.
    """
    chosen = settings(config, data_dir, collection)
    judged = read_query_set(judgments, None, check_searchable)
    tell_findings(judged.findings)
    # before minutes of work
    Folds(folds, seed).of(len(judged.qrels))
    if write is not None:
        _check(write, judgments)
    with (
        bars(wanted=not as_json) as shown,
        open_house(chosen, "tandem eval tune", notify=note, create=False) as house,
    ):
        target = house.collection(chosen.collection)
        unknown = check_documents(house.catalog, chosen.collection, judged)
        tell_findings(unknown)
        target.begin_to_load()
        bring_up_to_date(target)
        tuned = tuned_over(target, judged, depth, Folds(folds, seed), shown)
        if (model := target.release.model) is not None:
            note(
                f"warning: model {model} has the last word on the order, and knows words as they "
                "are scored now, so that no other way was tried; beneath it stands this:"
            )
    if write is not None:
        with written(write) as file:
            file.write(as_toml(tuned, judged.name))
    if as_json:
        say_json(as_data(tuned) | {"findings": findings_data((*judged.findings, *unknown))})
    else:
        _tell(tuned)
        if write is not None and not tuned.is_current:
            note(f"  next: tandem promote --search {write}")
    return FOUND


def _check(path: Path, judgments: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise InputError(f"--write {path}: there is no folder {path.absolute().parent}")
    if path.is_dir() or path.resolve() == judgments.resolve():
        what = "a folder" if path.is_dir() else "the judgments"
        raise InputError(f"--write {path}: that is {what}, expected a file of its own")


def _tell(tuned: Tuned) -> None:
    held_out = tuned.held_out
    words = f" and {tuned.scorings:,} ways to score words" if tuned.scorings > 1 else ""
    say(f"chosen among {tuned.points:,} fusions{words} by {tuned.queries:,} queries: {tuned.point}")
    say(
        f"  {MEASURE} {held_out.mean:.4f} held out, 95 % interval {held_out.low:.4f} to "
        f"{held_out.high:.4f} ({tuned.shown:.4f} over the queries that it was chosen by)"
    )
    for lift in tuned.lifts:
        mean, low, high = map(difference, lift.difference)
        say(f"  {mean} ({low} to {high}) to {printable(lift.other)}, {lift.mean:.4f}")
    for warning in tuned.warnings:
        note(f"warning: {warning}")
