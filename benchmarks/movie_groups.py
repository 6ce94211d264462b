"""Groups to train on and to measure with, out of the movies collection: the house's own features
by the house's own replay.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.movie_data import Graded, Movies, graded_of, query_of
from rerank.signals.registry import Feature, features
from rerank.tables import Tables
from rerank.training.groups import Group, TrainingSet
from rerank.training.history import HistoryOptions, hold_out
from rerank.training.kept_log import KeptLog
from rerank.training.replay import Replay
from rerank.training.splits import HISTORY
from rerank.training.sweep import Wanted
from rerank.training.tables import fit_tables

TEXTUAL = frozenset({"answer", "words"})

CUTS = 10
"""Strictly in time, tables are fitted anew: at each tenth of the queries, on what lay before."""

AsOf = Callable[[Graded], int]


def grade_of(rating: float) -> int:
    """As the impressions are graded."""
    return int(np.searchsorted([3.0, 4.0, 4.5], rating, side="right"))


def features_seen(movies: Movies) -> list[Feature]:
    """All but those of texts: the queries name a genre, which all their candidates have."""
    return [
        item
        for item in features(movies.schema)
        if not TEXTUAL & {*item.signal.reads} and item.signal.scope not in {"text", "query"}
    ]


def joined(*sets: TrainingSet) -> TrainingSet:
    """The groups of all."""
    return TrainingSet(sets[0].names, tuple(group for item in sets for group in item.groups))


def as_allowed(movies: Movies, graded: Sequence[Graded]) -> TrainingSet:
    """Queries with their features as of the end of the events, which the protocol allows: none of
    a person's own lies after what they asked.
    """
    log = KeptLog(movies.deeds)
    tables = fit_tables(movies.deeds, movies.facts.facts)
    return _groups(movies, graded, (log, tables), lambda _: log.head)


def strictly_in_time(movies: Movies, graded: Sequence[Graded]) -> TrainingSet:
    """Queries with their features as of what was dated before them, of anybody."""
    log = KeptLog(movies.deeds)
    times = [deed.seconds for deed in movies.deeds]  # in order, as the file is
    asked = [item.asked.seconds for item in movies.graded]
    moments = [*np.quantile(asked, np.arange(CUTS) / CUTS).tolist(), np.inf]
    sets = []
    for start, end in pairwise(moments):
        part = [item for item in graded if start <= item.asked.seconds < end]
        tables = fit_tables(movies.deeds[: bisect_left(times, start)], movies.facts.facts)
        as_of: AsOf = lambda item: bisect_left(times, item.asked.seconds)  # noqa: E731
        sets.append(_groups(movies, part, (log, tables), as_of))
    return joined(*sets)


def out_of_history(movies: Movies) -> TrainingSet:
    """Everybody's later events asked of the earlier ones, with tables of the earlier ones."""
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
    log, tables = KeptLog(history.kept), fit_tables(history.kept, movies.facts.facts)
    return _groups(movies, graded, (log, tables), lambda _: log.head)


def _groups(
    movies: Movies, graded: Iterable[Graded], known: tuple[KeptLog, Tables], as_of: AsOf
) -> TrainingSet:
    """In order of their ids."""
    by_id = {item.asked.query.query_id: item for item in graded}
    seen = features_seen(movies)
    replay = Replay(known[0], seen, known[1], facts=movies.facts)
    wanted = [Wanted(item.asked, as_of(item)) for item in by_id.values()]
    made = []
    for (asked, _), matrix in replay.of(wanted):
        item = by_id[asked.query.query_id]
        origin = HISTORY if item.split == HISTORY else "impressions"
        made.append(
            Group(
                asked.query.query_id,
                matrix.document_ids,
                item.grades,
                matrix.values,
                item.user_id,
                asked.seconds,
                origin=origin,
            )
        )
    made.sort(key=lambda group: group.group_id)
    return TrainingSet(tuple(item.name for item in seen), tuple(made))
