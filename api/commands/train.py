"""``tandem train``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.reindex import tell_gates
from api.console import FOUND, PROBLEM, Bars, bars, note, printable, say, say_json
from api.model_fitness import check_overridable
from api.model_report import lines
from api.orders import Order, have_done
from rerank.manifest import Manifest
from rerank.training.clicks import STEPS, Worth
from tandem.errors import InputError

LARGEST = 2**31 - 1
USUAL_STEPS = ",".join(f"{step:g}" for step in STEPS)
POSITION_BIAS = ("lightgbm", "ipw", "none")


Judgments = Annotated[
    Path | None,
    typer.Option("--judgments", help="Train on the judged queries of a BEIR folder's train split."),
]
GradedFile = Annotated[
    Path | None,
    typer.Option("--graded", help="Train on a file of graded answers, JSONL, plain or gzip."),
]
AsOfEnd = Annotated[
    bool,
    typer.Option(
        "--as-of-end",
        help="Graded answers see all of the event log, not what was before their moment.",
    ),
]
NoPromote = Annotated[
    bool, typer.Option("--no-promote", help="Train and keep the model; nothing goes live.")
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", min=0, max=LARGEST, help="Chooses what each tree sees; never who tests."
    ),
]
Bias = Annotated[
    str,
    typer.Option(
        "--position-bias",
        help="How clicks are freed of where a document stood: lightgbm, ipw or none.",
    ),
]
RatingSteps = Annotated[
    str,
    typer.Option(
        "--rating-steps",
        help="From which values on a rating is worth 1, 2, ..., upwards: 1 for a thumb.",
    ),
]
ModelOverride = Annotated[
    list[str] | None,
    typer.Option(
        "--override", help="Promote although this gate fails: better, not-worse or quality."
    ),
]


def run(
    judgments: Judgments = None,
    graded: GradedFile = None,
    as_of_end: AsOfEnd = False,
    no_promote: NoPromote = False,
    seed: Seed = 0,
    position_bias: Bias = POSITION_BIAS[0],
    rating_steps: RatingSteps = USUAL_STEPS,
    override: ModelOverride = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Train a model that orders what is found, prove it on data held out, and have it go live.

    It learns from what people did with what they were shown; or from judgments, or from grades.
    Searches go on meanwhile. Leaves with 1 when the model is kept, but a gate refuses it.
    """
    chosen = settings(config, data_dir, collection)
    check_overridable(override or [])
    _check(judgments, graded, position_bias, as_of_end=as_of_end)
    arguments = {
        "judgments": _absolute(judgments),
        "graded": _absolute(graded),
        "as_of_end": as_of_end,
        "promote": not no_promote,
        "overridden": override or [],
        "seed": seed,
        "position_bias": position_bias,
        "rating_steps": _steps(rating_steps),
    }
    order = Order(chosen.collection, "train", arguments)
    with bars(wanted=not as_json) as shown:
        outcome = have_done(chosen, order, DrawnReading(shown), note)
    if as_json:
        say_json(outcome)
    else:
        _tell(outcome)
    return FOUND if outcome["refusal"] is None else PROBLEM


def _check(
    judgments: Path | None, graded: Path | None, position_bias: str, *, as_of_end: bool
) -> None:
    if judgments is not None and graded is not None:
        raise InputError(
            "--judgments and --graded are both given, expected one of them",
            hint="a model learns from one kind of labels; leave out both to train on clicks",
        )
    if as_of_end and graded is None:
        raise InputError(
            "--as-of-end is about the answers of a file",
            hint="give it with --graded FILE; impressions know the moment that they were made",
        )
    if position_bias not in POSITION_BIAS:
        raise InputError(
            f"--position-bias: there is no way {position_bias!r}",
            hint=f"expected {', '.join(POSITION_BIAS[:-1])} or {POSITION_BIAS[-1]}",
        )


def _steps(text: str) -> list[float]:
    try:
        steps = tuple(float(step) for step in text.split(","))
    except ValueError as error:
        raise InputError(
            f"--rating-steps: {text!r}, expected numbers with commas between",
            hint=f"such as {USUAL_STEPS}",
        ) from error
    return [*Worth(rating_steps=steps).rating_steps]


def _absolute(path: Path | None) -> str | None:
    """The process that does the work may stand in another folder."""
    return None if path is None else str(path.absolute())


class DrawnReading:
    """Progress of reading what is trained on, drawn: queries."""

    def __init__(self, shown: Bars) -> None:
        self._shown = shown
        self._drawn: int | None = None
        self._stage = ""

    def __call__(self, progress: Mapping[str, Any]) -> None:
        """Move the bar to where the reading is; tell of other stages as they begin."""
        stage = progress["stage"]
        if "count" in progress:
            if self._drawn is None:
                self._shown.add("reading", "reading queries", progress["count"])
            self._shown.advance("reading", progress["done"] - (self._drawn or 0))
            self._drawn = progress["done"]
        elif stage != self._stage:
            note(f"  {stage}")
        self._stage = stage


def _tell(outcome: Mapping[str, Any]) -> None:
    number = outcome["model"]
    say(f"model {number}, in {outcome['seconds']:.1f} s:")
    for line in lines(Manifest.read(outcome["manifest"])):
        say(printable(line))
    tell_gates(outcome["gates"])
    if outcome["refusal"] is not None:
        note(f"nothing went live: {printable(outcome['refusal']['message'])}")
        note(f"  next: {printable(outcome['refusal']['hint'])}")
    elif outcome["release"] is None:
        say(f"model {number} is kept; nothing went live")
        note(f"  next: tandem promote --model {number}")
    else:
        say(f"model {number} is live as release {outcome['release']}")
        note("  to go back: tandem rollback")
