"""From a training set to a model that says how good it proved."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from rerank.manifest import Data, Kind, Labels, Manifest
from rerank.model import Model
from rerank.signals.registry import Feature
from rerank.tables import Tables
from rerank.training.bias import Examination, PositionBias
from rerank.training.fitting import Fitted, Fitting
from rerank.training.groups import TrainingSet
from rerank.training.lambdamart import FitOptions
from rerank.training.proof import MODEL, Prover
from rerank.training.selection import selected
from rerank.training.splits import Split, SplitOptions, split
from tandem.errors import InputError

CLICKS = "clicks"
"""The source of labels that depend on the position at which something stood."""

WITHOUT_PERSONAL = "without_personal"
LIVE = "live"

LEAST_IN_A_PART = 5

BY_THE_SPLIT = "too new to learn from, or history of who tests"

Floats = npt.NDArray[np.float64]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """What the model is for. ``features`` are those of the training set. ``left_out`` counts groups
    that could not be made, by reason. ``live``: the number of the model to be compared with.
    """

    kind: Kind
    embedder: str
    analysis: str
    labels: Labels
    features: Sequence[Feature]
    tables: Tables = field(default_factory=Tables)
    left_out: Mapping[str, int] = field(default_factory=dict)
    live: tuple[int, Model] | None = None


@dataclass(frozen=True)
class TrainingOptions:
    """``examination`` is estimated from the clicks unless it is given. ``least_groups``: with fewer
    nothing is trained. AUC takes a document for good from the grade ``good`` on, by default from
    the middle of the grades. Trees are added to a weighted sum of the features ``linear``, fitted
    first with the penalty ``linear_l2``: see ``linear.fit_linear``.

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

    def __post_init__(self) -> None:
        if self.position_bias not in get_args(PositionBias):
            raise InputError(
                f"position bias {self.position_bias!r}: expected one of "
                + ", ".join(get_args(PositionBias))
            )


class Trained(NamedTuple):
    """The model, and the groups on which it proved itself: it learned from none of them."""

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
    parts = split(data, replace(options.split, seed=options.seed))
    _check_parts(parts)
    names, unused = _useful(parts.training)
    fitting = _fitting(parts, task, options, report)
    tried, hardly = selected(fitting, names, "training")
    made = fitting.remade(tried, "training")
    scores = {MODEL: made.scores(parts.test)}
    plain = _without_personal(names, task.features)
    if 0 < len(plain) < len(names):
        what = "training without personal features"
        other = fitting.remade(selected(fitting, plain, what).tried, what)
        scores[WITHOUT_PERSONAL] = other.scores(parts.test)
    if task.live is not None:
        scores[LIVE] = _live_scores(task.live[1], parts.test)
    report("measuring on people who were held out")
    weights = None if fitting.examined is None else fitting.examined.weights_of(parts.test)
    good = options.good or max(1, (int(data.grades.max()) + 1) // 2)
    prover = Prover(parts.test, weights, good, options.seed, parts.newest)
    manifest = Manifest(
        kind=task.kind,
        features=made.names,
        embedder=task.embedder,
        analysis=task.analysis,
        labels=replace(task.labels, position_bias=fitting.bias),
        data=_described(data, parts, task, {**unused, **hardly}),
        proof=prover.prove(scores, None if task.live is None else task.live[0]),
        start=dict(made.start),
        parameters=_parameters(options, fitting, made.booster.num_trees(), good),
        importances=_importances(made),
        made_by={name: version(name) for name in ("lightgbm", "numpy")},
    )
    return Trained(Model(manifest, made.booster, task.tables).sealed(), parts.test)


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
    sizes = {name: len(getattr(parts, name)) for name in ("training", "validation", "test")}
    if min(sizes.values()) < LEAST_IN_A_PART:
        told = ", ".join(f"{count} for {name}" for name, count in sizes.items())
        raise InputError(
            f"by person and time there are {told}, expected {LEAST_IN_A_PART} groups or more each",
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


def _live_scores(live: Model, data: TrainingSet) -> Floats:
    """What the live model gives the same documents; what it needs and they lack is unknown."""
    values = data.values
    rows = np.full((len(values), len(live.manifest.features)), np.nan, dtype=np.float32)
    for column, name in enumerate(live.manifest.features):
        if name in data.names:
            rows[:, column] = values[:, data.names.index(name)]
    return live.scores(rows)


def _described(data: TrainingSet, parts: Split, task: Task, unused: dict[str, str]) -> Data:
    seconds = [group.seconds for group in data.groups]
    left_out = dict(task.left_out) | ({BY_THE_SPLIT: parts.left_out} if parts.left_out else {})
    return Data(
        groups=len(data),
        rows=sum(data.sizes),
        users=len({group.user_id for group in data.groups} - {None}),
        first_seconds=min(seconds),
        last_seconds=max(seconds),
        fingerprint=fingerprint(data),
        origins=dict(Counter(group.origin for group in data.groups)),
        parts={name: len(getattr(parts, name)) for name in ("training", "validation", "test")},
        left_out=left_out,
        unused=unused,
    )


def fingerprint(data: TrainingSet) -> str:
    """SHA-256 over all that is learned from, in the order of the groups."""
    digest = hashlib.sha256(repr(data.names).encode())
    for group in data.groups:
        said = (group.group_id, group.user_id, group.seconds, group.origin, group.document_ids)
        digest.update(repr(said).encode())
        for part in (group.grades, group.values, group.positions):
            digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _parameters(
    options: TrainingOptions, fitting: Fitting, trees: int, good: int
) -> dict[str, Any]:
    examined = fitting.examined
    return {
        "fit": asdict(fitting.options) | {"trees": trees},
        "split": asdict(options.split) | {"seed": options.seed},
        "rises": dict(fitting.rises),
        "linear": {"features": list(fitting.linear), "l2": fitting.l2},
        "good": good,
        "examination": None if examined is None else list(examined.chances),
    }


def _importances(made: Fitted) -> dict[str, float]:
    """Each feature's share of the gain, largest first; those without any are left out."""
    gains = np.asarray(made.booster.feature_importance("gain"), dtype=np.float64)
    shares = {
        name: float(gain / gains.sum())
        for name, gain in zip(made.names, gains, strict=True)
        if gain > 0
    }
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
