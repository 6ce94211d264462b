"""From a training set to a model that says how good it proved."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from rerank.manifest import Kind, Labels, Manifest
from rerank.model import Model
from rerank.signals.registry import Feature
from rerank.tables import Tables
from rerank.training.bias import Examination, PositionBias
from rerank.training.cross_validation import cross_validated, everything
from rerank.training.describing import described, importances
from rerank.training.fitting import Fitted, Fitting
from rerank.training.groups import TrainingSet
from rerank.training.incumbent import Incumbent, Measured, measured
from rerank.training.lambdamart import FitOptions
from rerank.training.proof import MODEL, Prover
from rerank.training.selection import selected
from rerank.training.splits import Split, SplitOptions, person, split
from tandem.errors import InputError
from tandem.scoring import DEFAULT, LexicalScoring

CLICKS = "clicks"
"""The source of labels that depend on the position at which something stood."""

WITHOUT_PERSONAL = "without_personal"
LIVE = "live"

LEAST_IN_A_PART = 5
"""People; with fewer nothing is trained. To go live it takes more that test."""

SAME_LABELS = "it learned from such labels, too, and these may be among them"

Floats = npt.NDArray[np.float64]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """What the model is for. ``features`` are those of the training set. ``left_out`` counts groups
    that could not be made, by reason. ``skew`` tells whether they are what was served. ``live``:
    the model to be compared with. ``scoring`` is how the searches scored words.
    """

    kind: Kind
    embedder: str
    analysis: str
    labels: Labels
    features: Sequence[Feature]
    tables: Tables = field(default_factory=Tables)
    left_out: Mapping[str, int] = field(default_factory=dict)
    skew: tuple[str, ...] = ()
    live: Incumbent | None = None
    scoring: LexicalScoring = DEFAULT


@dataclass(frozen=True)
class TrainingOptions:
    """``seed`` draws what trees see, and never who tests, which is ``split``'s. ``examination`` is
    estimated from the clicks unless it is given. ``least_groups``: with fewer
    nothing is trained. AUC takes a document for good from the grade ``good`` on, by default from
    the middle of the grades. Trees are added to a weighted sum of the features ``linear``, fitted
    first with the penalty ``linear_l2``: see ``linear.fit_linear``. With ``folds`` there is no test
    part: the model is made of all, and proved by as many others that each learned without some.
    ``selects``: features that hardly tell documents apart are left out.

    Raises:
        InputError: there is no such way to handle position bias.
    """

    seed: int = 0
    position_bias: PositionBias = "lightgbm"
    examination: Examination | None = None
    split: SplitOptions = field(default_factory=SplitOptions)
    fit: FitOptions = field(default_factory=FitOptions)
    linear: tuple[str, ...] = ()
    linear_l2: float = 0.003
    least_groups: int = 50
    good: int | None = None
    folds: int = 0
    selects: bool = True

    def __post_init__(self) -> None:
        if self.position_bias not in get_args(PositionBias):
            raise InputError(
                f"position bias {self.position_bias!r}: expected one of "
                + ", ".join(get_args(PositionBias))
            )


class Trained(NamedTuple):
    """The model, and the groups on which it proved itself, or others made like it did: whoever
    scored one learned nothing from it.
    """

    model: Model
    test: TrainingSet


def silent(_: str) -> None:
    """A report that nobody reads."""


def train(
    data: TrainingSet,
    task: Task,
    options: TrainingOptions | None = None,
    report: Report = silent,
) -> Trained:
    """Fit a model to some people's groups and measure it on those of others.

    ``report`` is told what is done, and after each tree; what it raises ends the training.

    Raises:
        InputError: there is too little to learn from, or the data do not fit the task.
    """
    options = TrainingOptions() if options is None else options
    _check(data, task, options)
    parts = _parts(data, options)
    names, unused = _useful(parts.training)
    fitting = _fitting(parts, task, options, report)
    made, hardly = _made(fitting, names, options, "training")
    plain = _without_personal(names, task.features)
    has_plain = 0 < len(plain) < len(names)
    scores: dict[str, Floats] = {}
    if options.folds:
        scores[MODEL] = _others_scores(names, data, task, options, report)
        if has_plain:
            scores[WITHOUT_PERSONAL] = _others_scores(plain, data, task, options, report)
    else:
        scores[MODEL] = made.scores(parts.test)
        if has_plain:
            what = "training without personal features"
            scores[WITHOUT_PERSONAL] = _made(fitting, plain, options, what)[0].scores(parts.test)
    live = None if task.live is None else _measured(task.live, parts, task, options)
    if live is not None and live.scores is not None:
        scores[LIVE] = live.scores
    report("measuring on people who were held out")
    good = options.good or max(1, (int(data.grades.max()) + 1) // 2)
    prover = Prover(parts.test, fitting.examined, good, options.seed, parts.newest)
    manifest = Manifest(
        kind=task.kind,
        features=made.names,
        embedder=task.embedder,
        analysis=task.analysis,
        scoring=task.scoring,
        labels=replace(task.labels, position_bias=fitting.bias),
        data=replace(
            described(data, parts, made.names, (task.left_out, {**unused, **hardly})),
            skew=task.skew,
        ),
        proof=replace(
            prover.prove(scores, None if task.live is None else task.live.number),
            uncompared="" if live is None else live.lacking,
        ),
        start=dict(made.start),
        parameters=_parameters(options, fitting, made.booster.num_trees(), good),
        importances=importances(made),
        made_by={name: version(name) for name in ("lightgbm", "numpy")},
    )
    return Trained(Model(manifest, made.booster, task.tables).sealed(), parts.test)


def _parts(data: TrainingSet, options: TrainingOptions) -> Split:
    if options.folds:
        return everything(data, options.folds, options.split.seed)
    made = split(data, options.split)
    _check_parts(made)
    return made


def _made(
    fitting: Fitting, names: tuple[str, ...], options: TrainingOptions, what: str
) -> tuple[Fitted, Mapping[str, str]]:
    """A model of the features that earn their place, and why others have none; of all of them where
    none is to be left out.
    """
    if not options.selects:
        return fitting.fitted(names, what), {}
    tried, unused = selected(fitting, names, what)
    return fitting.remade(tried, what), unused


def _others_scores(
    names: tuple[str, ...],
    data: TrainingSet,
    task: Task,
    options: TrainingOptions,
    report: Report,
) -> Floats:
    """Scores of the groups that prove, by models that are made like the one that is kept."""

    def learn(training: TrainingSet, validation: TrainingSet, what: str) -> Fitted:
        parts = Split(training, validation, data)
        return _made(_fitting(parts, task, options, report), names, options, what)[0]

    return cross_validated(data, options.folds, options.split.seed, learn)


def _measured(live: Incumbent, found: Split, task: Task, options: TrainingOptions) -> Measured:
    if options.folds and live.model.manifest.labels.source == task.labels.source:
        return Measured(None, SAME_LABELS)
    return measured(live, found.test, task.features)


def _fitting(parts: Split, task: Task, options: TrainingOptions, report: Report) -> Fitting:
    return Fitting(
        parts.training,
        parts.validation,
        replace(options.fit, seed=options.seed),
        report,
        rises={item.name: item.signal.rises for item in task.features if item.signal.rises},
        linear=options.linear,
        l2=options.linear_l2,
        bias=options.position_bias if task.labels.source == CLICKS else "none",
        examination=options.examination,
    )


def _check(data: TrainingSet, task: Task, options: TrainingOptions) -> None:
    unknown = {*data.names} - {item.name for item in task.features}
    if unknown:
        raise InputError(
            f"the training set has features of no signal: {', '.join(sorted(unknown))}"
        )
    if unknown := {*options.linear} - {*data.names}:
        raise InputError(f"unknown features for a weighted sum: {', '.join(sorted(unknown))}")
    if empty := [group.group_id for group in data.groups if not group.document_ids]:
        raise InputError(f"the group {empty[0]!r} has no documents")
    endless = np.isinf(data.values).any(axis=0)
    if endless.any():
        name = data.names[int(np.argmax(endless))]
        raise InputError(f"the feature {name} is infinite somewhere, expected numbers or NaN")
    telling = sum(group.grades.min() < group.grades.max() for group in data.groups)
    if telling < options.least_groups:
        raise InputError(
            f"{telling} of {len(data)} groups tell better from worse, at least "
            f"{options.least_groups} are needed",
            hint="collect more clicks or judgments, then train again",
        )
    ids = Counter(group.group_id for group in data.groups)
    if len(ids) < len(data):
        raise InputError(f"the group {ids.most_common(1)[0][0]!r} is there twice")


def _check_parts(parts: Split) -> None:
    people = {
        name: len({person(group) for group in getattr(parts, name).groups})
        for name in ("training", "validation", "test")
    }
    if min(people.values()) < LEAST_IN_A_PART:
        told = ", ".join(f"{count} for {name}" for name, count in people.items())
        raise InputError(
            f"by person and time there are people: {told}; expected {LEAST_IN_A_PART} or more each",
            hint="a model is proved by people from whom it did not learn: more of them are needed",
        )


def _useful(data: TrainingSet) -> tuple[tuple[str, ...], dict[str, str]]:
    """The features that can tell documents apart, and why the others cannot."""
    values = data.values
    unused = {}
    for column, name in enumerate(data.names):
        known = values[:, column][~np.isnan(values[:, column])]
        if not len(known):
            unused[name] = "never known"
        elif known.min() == known.max() and len(known) == len(values):
            unused[name] = "always the same"
    names = tuple(name for name in data.names if name not in unused)
    if not names:
        raise InputError(f"none of {len(data.names)} features tells documents apart")
    return names, unused


def _without_personal(names: tuple[str, ...], known: Sequence[Feature]) -> tuple[str, ...]:
    personal = {item.name for item in known if item.signal.is_personal}
    return tuple(name for name in names if name not in personal)


def _parameters(
    options: TrainingOptions, fitting: Fitting, trees: int, good: int
) -> dict[str, Any]:
    examined = fitting.examined
    return {
        "fit": asdict(fitting.options) | {"trees": trees},
        "split": asdict(options.split),
        "rises": dict(fitting.rises),
        "linear": {"features": list(fitting.linear), "l2": fitting.l2},
        "good": good,
        "folds": options.folds,
        "examination": None if examined is None else list(examined.chances),
    }
