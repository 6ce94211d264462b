"""``train``, carried out by the process that follows: read, learn, keep the model, promote it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.asking import Order, Show
from api.collection import OpenCollection
from api.generation import OpenGeneration
from api.model_fitness import opened_model, unfit
from api.model_promotion import promote_model
from api.owner import Owner
from api.promotion import judgments
from api.training_clicks import from_clicks
from api.training_data import (
    Found,
    Ground,
    check_stopped,
    from_grades,
    from_judgments,
    telling,
)
from rerank.manifest import Labels
from rerank.model import Model
from rerank.signals.registry import features
from rerank.training import judged
from rerank.training import training as learning
from rerank.training.bias import PositionBias
from rerank.training.clicks import STEPS, Worth
from rerank.training.incumbent import Incumbent
from rerank.training.lambdamart import FitOptions
from rerank.training.splits import SplitOptions
from rerank.training.training import Task, TrainingOptions
from tandem.catalog.releases import Release
from tandem.errors import TandemError
from tandem.telemetry import logger

UNTRAINED = ("blended_score",)
"""What is learned from clicks stands on the order without a model: few of them do not forget it,
and what nobody was shown keeps its place.
"""

TREES_OF_GRADES = 100
"""At most, of answers that see all of the log; found as ``FitOptions`` was."""

FOLDS = 5
"""So many models prove one of such answers: people are few, and the proof is to be sure."""


@dataclass(frozen=True, slots=True)
class TrainOrder:
    """What to train on, and what to do with the model. ``judgments`` names a folder, ``graded`` a
    file; without either, what people did counts. ``newest_share``: of the time, kept for tests; 0
    where time changes nothing, as with simulated people.
    """

    judgments: str | None = None
    graded: str | None = None
    as_of_end: bool = False
    promote: bool = True
    overridden: tuple[str, ...] = ()
    seed: int = 0
    position_bias: PositionBias = "lightgbm"
    newest_share: float = SplitOptions().newest_share
    rating_steps: tuple[float, ...] = STEPS

    @property
    def worth(self) -> Worth:
        """The label definition."""
        return Worth(rating_steps=self.rating_steps)


def train(owner: Owner, order: Order, show: Show) -> Mapping[str, Any]:
    """Train on what is asked for, over the live generation. The model is kept whatever the gates
    say; ``refusal`` says why it did not go live.

    Raises:
        InputError: there is too little to learn from, or it cannot be read.
        SourceError: the judgments of the settings cannot be read.
        TandemError: a query was answered only in part, or this process is to end.
    """
    began = time.monotonic()
    listed = {name: tuple(said) for name, said in order.arguments.items() if isinstance(said, list)}
    wanted = TrainOrder(**{**order.arguments, **listed})
    collection = owner.house.collection(order.collection)
    collection.refresh()
    if wanted.promote:
        judgments(collection.settings.quality)  # what cannot be read is told before the work
    model = _learned(owner, collection, wanted, show)
    number = owner.house.catalog.models.add(
        order.collection, model.manifest.as_json(), model.parts()
    )
    outcome = {
        "model": number,
        "manifest": model.manifest.as_json(),
        "release": None,
        "generation": None,
        "gates": [],
        "overridden": [],
        "refusal": None,
    }
    if wanted.promote:
        show({"stage": "promoting"})
        outcome |= _promoted(owner, order.collection, number, wanted)
    return outcome | {"seconds": round(time.monotonic() - began, 3)}


def _learned(owner: Owner, collection: OpenCollection, wanted: TrainOrder, show: Show) -> Model:
    """Over the generation that is live now; it is not closed meanwhile."""

    def report(told: str) -> None:
        check_stopped(owner.is_stopping)
        show({"stage": "training", "detail": told})

    with collection.held() as (release, opened):
        tell = telling(show, lambda: owner.is_stopping)
        ground = Ground(collection, release, opened, tell, _live(collection, release, opened))
        found = _data(ground, wanted)
        task, options = _task(ground, wanted, found), _options(wanted)
        return learning.train(found.data, task, options, report).model


def _data(ground: Ground, wanted: TrainOrder) -> Found:
    if wanted.judgments is not None:
        return from_judgments(ground, Path(wanted.judgments))
    if wanted.graded is not None:
        return from_grades(ground, Path(wanted.graded), wanted.worth, as_of_end=wanted.as_of_end)
    return from_clicks(ground, wanted.worth)


def _task(ground: Ground, wanted: TrainOrder, found: Found) -> Task:
    generation = ground.opened.generation
    if wanted.judgments is not None:
        labels = Labels("judgments")
    elif wanted.graded is not None:
        labels = Labels("grades", rating_steps=wanted.rating_steps)
    else:
        labels = Labels("clicks", dict(wanted.worth.actions), rating_steps=wanted.rating_steps)
    return Task(
        kind="people" if wanted.judgments is None else "judgments",
        embedder=generation.embedder,
        analysis=generation.analysis,
        labels=labels,
        features=features(ground.schema),
        tables=found.tables,
        left_out={why: count for why, count in found.left_out.items() if count},
        skew=found.skew,
        scoring=ground.scoring,
        live=_incumbent(ground, found),
    )


def _incumbent(ground: Ground, found: Found) -> Incumbent | None:
    if ground.live is None or ground.release.model is None:
        return None
    return Incumbent(ground.release.model, ground.live, found.tabled)


def _options(wanted: TrainOrder) -> TrainingOptions:
    if wanted.judgments is not None:
        return judged.options(wanted.seed)
    options = TrainingOptions(
        seed=wanted.seed,
        position_bias=wanted.position_bias,
        split=SplitOptions(newest_share=wanted.newest_share),
        fit=FitOptions(),
    )
    if wanted.as_of_end:  # all answers see the same log: no one is newer, and each can prove
        return replace(options, fit=replace(options.fit, trees=TREES_OF_GRADES), folds=FOLDS)
    if wanted.graded is None:
        return replace(options, linear=UNTRAINED)
    return options


def _live(collection: OpenCollection, release: Release, opened: OpenGeneration) -> Model | None:
    """The model that is live, to be measured beside the new one, if it can be used at all."""
    if release.model is None:
        return None
    why = unfit(collection.catalog, release.model, opened.generation)
    if why is not None:
        logger("api").warning("model %s, which is live, is not compared: %s", release.model, why)
        return None
    return opened_model(collection.catalog.models.get(release.model))


def _promoted(owner: Owner, name: str, number: int, wanted: TrainOrder) -> dict[str, Any]:
    try:
        return promote_model(owner, name, number, wanted.overridden).as_data()
    except TandemError as refusal:  # whatever it is, the model is kept, and has a number
        return {
            "refusal": {"code": refusal.code, "message": str(refusal), "hint": refusal.hint},
        }
