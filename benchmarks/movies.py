"""What personal features are worth: ``python -m benchmarks.movies FOLDER [--json] [--folds N]``.

On ``../shared/data/movies``, by its protocol: fitted on all events and the train impressions,
measured on the test impressions; and once more with every feature strictly as of before the query.
``--folds`` is for choosing: train users alone, cross-validated; the test is not looked at.

Fourteen events are dated 0, all by one person without an impression. They count as ratings of that
person, made before all others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.common import leave_with, parser, print_json
from benchmarks.movie_data import Graded, Movies, read_movies
from benchmarks.movie_groups import as_allowed, joined, out_of_history, strictly_in_time
from rerank.model import started
from rerank.signals.registry import signals
from rerank.training.groups import TrainingSet
from rerank.training.lambdamart import Beside, FitOptions, fit
from rerank.training.linear import fit_linear
from rerank.training.measuring import Measuring
from rerank.training.splits import folds
from tandem.intervals import estimate

Floats = npt.NDArray[np.float64]

SEEDS = range(5)
GOOD = 2
MEASURES = ("nDCG@10", "AUC")
OPTIONS = FitOptions(
    trees=40,
    learning_rate=0.03,
    leaves=6,
    rows_in_leaf=100,
    row_share=0.7,
    feature_share=0.3,
    l2=5.0,
    truncation=20,
)
"""Found by cross-validation over the train users, as are the next two."""

SUMMED = (
    "rating_bias",
    "factor_taste",
    "vector_taste",
    "neighbour_taste",
    "affinity",
    "closeness",
    "value_rating",
)
"""Signals whose weighted sum the trees start from: trees alone lose 0.005 of nDCG to it."""

SUM_L2 = 0.003

Scores = Mapping[str, Floats]
"""Model -> what it says of every document of some groups."""


class Measured(NamedTuple):
    """Model -> by measure, the value of each group; and whose groups they are."""

    values: Mapping[str, Mapping[str, Floats]]
    users: Sequence[str]


def models(training: TrainingSet, test: TrainingSet, seed: int) -> Scores:
    """The scores of each model, and of what needs none."""
    shared = [name for name in training.names if not _is_personal(name)]
    return {
        "random": np.random.default_rng(seed).random(sum(test.sizes)),
        "item_mean": test.only(["rating"]).values[:, 0].astype(np.float64),
        "without_personal": _fitted(training, test, shared, seed),
        "with_personal": _fitted(training, test, training.names, seed),
    }


def _is_personal(feature: str) -> bool:
    return signals()[feature.partition(".")[0]].is_personal


def _fitted(training: TrainingSet, test: TrainingSet, names: Sequence[str], seed: int) -> Floats:
    summed = [name for name in names if name.partition(".")[0] in SUMMED]
    weights = fit_linear(training, summed, l2=SUM_L2)
    seen, asked = training.only(names), test.only(names)
    start = started(seen.names, weights, seen.values)
    booster = fit(seen, None, replace(OPTIONS, seed=seed), Beside(starts=(start, None)))
    trees = np.asarray(booster.predict(asked.values, num_threads=1), dtype=np.float64)
    return trees + started(asked.names, weights, asked.values)


def measured(training: TrainingSet, test: TrainingSet) -> Measured:
    """Each group's measures, each the mean over the seeds."""
    measuring = Measuring(test)
    found: dict[str, dict[str, list[Floats]]] = {}
    for seed in SEEDS:
        for name, scores in models(training, test, seed).items():
            of_model = found.setdefault(name, {measure: [] for measure in MEASURES})
            of_model["nDCG@10"].append(measuring.ndcg(scores))
            of_model["AUC"].append(measuring.auc(scores, GOOD))
    means = {
        name: {measure: np.mean(rows, axis=0) for measure, rows in of_model.items()}
        for name, of_model in found.items()
    }
    return Measured(means, [group.user_id or "" for group in test.groups])


def tested(movies: Movies, seen: Callable[[Movies, Sequence[Graded]], TrainingSet]) -> Measured:
    """By the protocol, with features as ``seen`` has them."""
    training, test = (
        seen(movies, [item for item in movies.graded if item.split == split])
        for split in ("train", "test")
    )
    return measured(joined(training, out_of_history(movies)), test)


def cross_validated(movies: Movies, count: int) -> Measured:
    """Of the train users, each by a model that saw no impression of theirs."""
    history = out_of_history(movies)
    groups = as_allowed(movies, [item for item in movies.graded if item.split == "train"])
    parts = [measured(joined(training, history), test) for training, test in folds(groups, count)]
    values = {
        name: {
            measure: np.concatenate([part.values[name][measure] for part in parts])
            for measure in MEASURES
        }
        for name in parts[0].values
    }
    return Measured(values, [user for part in parts for user in part.users])


def summary(found: Measured) -> dict[str, Any]:
    """Each model's measures with the 95 % intervals that drawing users anew gives, and by how much
    the personal model lies above each other one, group by group.
    """
    shown: dict[str, Any] = {
        name: _shown(values, found.users) for name, values in found.values.items()
    }
    best = found.values["with_personal"]
    shown["lift"] = {
        f"over_{name}": _shown(
            {measure: best[measure] - values[measure] for measure in MEASURES}, found.users
        )
        for name, values in found.values.items()
        if name != "with_personal"
    }
    return shown


def _shown(values: Mapping[str, Floats], users: Sequence[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for measure, of_groups in values.items():
        is_known = ~np.isnan(of_groups)
        kept = [user for user, known in zip(users, is_known, strict=True) if known]
        mean, low, high = estimate(of_groups[is_known], kept)
        shown[measure] = round(mean, 4)
        shown[f"{measure}_interval"] = [round(low, 4), round(high, 4)]
    return shown


def _print(title: str, shown: Mapping[str, Any]) -> None:
    print(title)
    rows = {name: values for name, values in shown.items() if name != "lift"}
    rows |= {f"with_personal {name}": values for name, values in shown["lift"].items()}
    for name, values in rows.items():
        figures = "   ".join(
            f"{measure} {values[measure]:+.4f} [{low:+.4f}, {high:+.4f}]"
            for measure in MEASURES
            for low, high in [values[f"{measure}_interval"]]
        )
        print(f"  {name:<36} {figures}")


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="FOLDER")
    arguments.add_argument("--folds", type=int, default=0, metavar="N")
    chosen = arguments.parse_args()
    movies = read_movies(chosen.folder)
    if chosen.folds:
        tables = {f"{chosen.folds} folds of the train users": cross_validated(movies, chosen.folds)}
    else:
        tables = {
            "test users, as of the end of the events": tested(movies, as_allowed),
            "test users, strictly in time": tested(movies, strictly_in_time),
        }
    shown = {title: summary(found) for title, found in tables.items()}
    if chosen.json:
        first, *others = shown.values()
        print_json(first | ({"strictly_in_time": others[0]} if others else {}))
        return
    for title, figures in shown.items():
        _print(title, figures)


if __name__ == "__main__":
    leave_with(main)
