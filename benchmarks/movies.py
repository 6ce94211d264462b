"""What personal features are worth: ``python -m benchmarks.movies FOLDER [--json]``.

On ``../shared/data/movies``, by its protocol: fitted on all events and the train impressions, read
on the test impressions. ``--folds`` is for choosing: the train users alone, cross-validated, and
the test impressions are not looked at. ``--strict`` gives every query only what happened before it.

Fourteen events are dated 0, all of one person without any impression. They count as what they are,
ratings of somebody, before all others: for documents, and for nobody's own past.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.common import leave_with, parser, print_json
from benchmarks.movie_data import Graded, Movies, graded_of, query_of, read_movies
from rerank.signals.registry import Feature, features
from rerank.tables import Tables
from rerank.training.groups import Group, TrainingSet
from rerank.training.history import HistoryOptions, hold_out
from rerank.training.kept_log import KeptLog
from rerank.training.lambdamart import FitOptions, fit
from rerank.training.measuring import Measuring
from rerank.training.replay import Replay
from rerank.training.splits import HISTORY, folds
from rerank.training.sweep import Wanted
from rerank.training.tables import fit_tables
from tandem.behaviour import Deed
from tandem.intervals import estimate

Floats = npt.NDArray[np.float64]

SEEDS = range(5)
NO_WORDS = frozenset({"answer", "words"})
GOOD = 2
OPTIONS = FitOptions(
    trees=200,
    learning_rate=0.04,
    leaves=15,
    rows_in_leaf=40,
    row_share=0.7,
    feature_share=0.5,
    l2=5.0,
    truncation=20,
    threads=1,
)
"""Found by cross-validation over the train users."""


def grade_of(rating: float) -> int:
    """As the impressions are graded."""
    return int(np.searchsorted([3.0, 4.0, 4.5], rating, side="right"))


def seen_features(movies: Movies) -> list[Feature]:
    """All that read no text: the queries name a genre, which all their candidates have."""
    return [
        item
        for item in features(movies.schema)
        if not NO_WORDS & {*item.signal.reads} and item.signal.scope not in {"text", "query"}
    ]


def groups_of(
    movies: Movies,
    graded: Iterable[Graded],
    log: KeptLog,
    tables: Tables,
    *,
    origin: str = "impressions",
    as_of: Callable[[Graded], int] | None = None,
) -> TrainingSet:
    """Queries with their features, as of the log's end unless ``as_of`` says otherwise."""
    by_id = {item.asked.query.query_id: item for item in graded}
    chosen = seen_features(movies)
    replay = Replay(log, chosen, tables, facts=movies.facts)
    wanted = [
        Wanted(item.asked, log.head if as_of is None else as_of(item)) for item in by_id.values()
    ]
    made = []
    for found, matrix in replay.of(wanted):
        item = by_id[found.asked.query.query_id]
        made.append(
            Group(
                found.asked.query.query_id,
                matrix.document_ids,
                item.grades,
                matrix.values,
                item.user_id,
                found.asked.seconds,
                origin=origin,
            )
        )
    made.sort(key=lambda group: group.group_id)
    return TrainingSet(tuple(item.name for item in chosen), tuple(made))


def history_of(movies: Movies) -> TrainingSet:
    """Everybody's later events, asked of the earlier ones, with tables of the earlier ones."""
    history = hold_out(movies.deeds, movies.facts.facts, HistoryOptions(field="genres"))
    graded = [
        graded_of(
            query_of(f"history {item.user_id} {item.label}", item.user_id, item.seconds),
            {name: grade_of(rating) for name, rating in item.ratings.items()},
            movies.schema,
            HISTORY,
        )
        for item in history.held
    ]
    tables = fit_tables(history.kept, movies.facts.facts)
    return groups_of(movies, graded, KeptLog(history.kept), tables, origin=HISTORY)


def joined(*sets: TrainingSet) -> TrainingSet:
    """The groups of all."""
    return TrainingSet(sets[0].names, tuple(group for item in sets for group in item.groups))


def scored(training: TrainingSet, test: TrainingSet, names: Sequence[str], seed: int) -> Floats:
    """The scores of a model over these features."""
    booster = fit(training.only(names), None, replace(OPTIONS, seed=seed))
    found: Floats = np.asarray(booster.predict(test.only(names).values, num_threads=1))
    return found


def scores_of(training: TrainingSet, test: TrainingSet, seed: int) -> dict[str, Floats]:
    """Model -> what it says of every document of the test groups."""
    personal = {item.name for item in _features(training) if item.signal.is_personal}
    plain = [name for name in training.names if name not in personal]
    return {
        "random": np.random.default_rng(seed).random(sum(test.sizes)),
        "item_mean": test.only(["rating"]).values[:, 0].astype(np.float64),
        "without_personal": scored(training, test, plain, seed),
        "with_personal": scored(training, test, training.names, seed),
    }
