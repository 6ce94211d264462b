"""``tandem eval tune``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import open_house
from api.collection import OpenCollection
from api.commands.eval_findings import findings_data, tell_findings
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.search import bring_up_to_date
from api.console import FOUND, Bars, bars, note, printable, say, say_json
from api.leg_answers import leg_answers
from api.tuned import current_point
from query.understanding import check_searchable
from relevance_eval.query_set import QuerySet, read_query_set
from relevance_eval.tuning.answers import packed
from relevance_eval.tuning.points import grid
from relevance_eval.tuning.tuning import MEASURE, Folds, Tuned, tune
from relevance_eval.tuning.written import as_data, as_toml, difference
from tandem.errors import EngineUnavailable, InputError

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
    """Choose how words and meaning are fused, by judged queries, and say what it is worth.

    Both legs are asked once; every fusion is tried on what they said. Beside the figure that the
    choice was made by stands the held-out one: of queries that had no part in the choice.
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
        tuned = tuned_over(target, judged, depth, Folds(folds, seed), shown)
        if (model := target.release.model) is not None:
            note(f"warning: model {model} has the last word on the order; beneath it stands this:")
    if write is not None:
        _write(write, as_toml(tuned, judged.name))
    if as_json:
        say_json(as_data(tuned) | {"findings": findings_data(judged.findings)})
    else:
        _tell(tuned)
        if write is not None and not tuned.is_current:
            note(f"  next: tandem promote --search {write}")
    return FOUND


def tuned_over(
    target: OpenCollection, judged: QuerySet, depth: int, folds: Folds, shown: Bars
) -> Tuned:
    """The choice for the live release, with its bars. Legs are asked for no less than searches ask
    of them: what there is now is measured as it is.

    Raises:
        EngineUnavailable: a leg is missing, or has but a part of what it should have.
        QueryError: a query cannot be asked.
        InputError: there are too few queries.
    """
    _prepare(target)
    shown.add("asking", "asking", len(judged.qrels))
    texts = {query_id: judged.queries[query_id] for query_id in judged.qrels}
    current = current_point(target.searching.settings_of(target.release))
    deepest = max(depth, current.depth)
    answers = leg_answers(target, texts, deepest, lambda _: shown.advance("asking", 1))
    points = grid(depth)
    shown.add("fusing", "fusing", len(points))
    return tune(
        packed(answers, judged.qrels),
        points,
        current=current,
        folds=folds,
        progress=lambda count: shown.advance("fusing", count),
    )


def _prepare(target: OpenCollection) -> None:
    """Both legs must be whole: a fusion is tuned to what both can find."""
    target.begin_to_load()
    bring_up_to_date(target)
    failure = target.wait_until_loaded()
    if failure is not None:
        raise EngineUnavailable(f"no search by meaning: {failure}", hint=failure.hint)
    missing: Sequence[str] = sorted({*target.faults, *target.incomplete})
    if missing:
        raise EngineUnavailable(
            f"the {missing[0]} index is not whole: what it lacks would be tuned to",
            hint="see tandem status, and tune once every index is built",
        )


def _check(path: Path, judgments: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise InputError(f"--write {path}: there is no folder {path.absolute().parent}")
    if path.is_dir() or path.resolve() == judgments.resolve():
        what = "a folder" if path.is_dir() else "the judgments"
        raise InputError(f"--write {path}: that is {what}, expected a file of its own")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--write {path}: {error.strerror}") from None


def _tell(tuned: Tuned) -> None:
    held_out = tuned.held_out
    say(f"chosen among {tuned.points:,} by {tuned.queries:,} queries: {tuned.point}")
    say(
        f"  {MEASURE} {held_out.mean:.4f} held out, 95 % interval {held_out.low:.4f} to "
        f"{held_out.high:.4f} ({tuned.shown:.4f} over the queries that it was chosen by)"
    )
    for lift in tuned.lifts:
        mean, low, high = map(difference, lift.difference)
        say(f"  {mean} ({low} to {high}) to {printable(lift.other)}, {lift.mean:.4f}")
    for warning in tuned.warnings:
        note(f"warning: {warning}")
