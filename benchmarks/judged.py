"""What a model learns from judgments: ``python -m benchmarks.judged FOLDER [OTHER…] [--test]``.

Trained on the train split of a BEIR folder, and measured there by cross-validation alone. With
``--test`` the test split is read, in the end: untrained and learned order, over the folder itself
and over other ones, which the model has never seen.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from api.bootstrap import House
from api.collection import OpenCollection
from benchmarks.common import (
    benchmark_settings,
    forget,
    house,
    index_folder,
    leave_with,
    parser,
    print_json,
)
from relevance_eval.execution import run_queries
from relevance_eval.formats.beir import table
from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.formats.registry import read_askable
from relevance_eval.measures import measure, measure_queries
from rerank.manifest import Labels
from rerank.model import Model
from rerank.signals.registry import features
from rerank.training import judged
from rerank.training.cross_validation import cross_validated as by_models
from rerank.training.fitting import Fitted, Fitting
from rerank.training.groups import TrainingSet
from rerank.training.training import Task, silent, train
from tandem.intervals import estimate
from tandem.judgments import Qrels
from tandem.protocols import Searcher
from tandem.rankings import Ranking
from tandem.schema import Schema

MEASURE = "nDCG@10"
Figures = dict[str, Any]


def to_learn(folder: Path, searcher: Searcher) -> tuple[JudgedQueries, TrainingSet]:
    """The train split's queries, and the groups that a searcher makes of them."""
    queries = read_askable(table(folder, "train"))
    return queries, judged.groups(searcher, queries.queries, queries.qrels)


def cross_validated(data: TrainingSet, schema: Schema, qrels: Qrels) -> Figures:
    """The untrained and the learned order of each train query, by a model that learned without it;
    queries with nothing to order count as they are measured, mostly 0.
    """
    names = varying(data)
    rises = {item.name: item.signal.rises for item in features(schema) if item.name in names}
    chosen = judged.options()

    def learn(training: TrainingSet, validation: TrainingSet, what: str) -> Fitted:
        fitting = Fitting(
            training,
            validation,
            chosen.fit,
            silent,
            rises=rises,
            linear=chosen.linear,
            l2=chosen.linear_l2,
        )
        return fitting.fitted(names, what)

    learned = ordered(data, by_models(data, chosen.folds, chosen.seed, learn))
    before = ordered(data, data.only(["blended_score"]).values[:, 0].astype(np.float64))
    return compared(qrels, before, learned)


def varying(data: TrainingSet) -> tuple[str, ...]:
    """The features that tell documents apart."""
    values = data.values
    known = [column[~np.isnan(column)] for column in values.T]
    return tuple(
        name
        for name, column in zip(data.names, known, strict=True)
        if len(column) and column.min() < column.max()
    )


def ordered(data: TrainingSet, scores: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Ranking]:
    """Every group's documents by score."""
    parts = np.split(scores, np.cumsum(data.sizes)[:-1])
    return {
        group.group_id: Ranking.from_scores(
            "order", zip(group.document_ids, part.tolist(), strict=True)
        )
        for group, part in zip(data.groups, parts, strict=True)
    }


def compared(
    qrels: Qrels, before: Mapping[str, Ranking], learned: Mapping[str, Ranking]
) -> Figures:
    """Both orders' means, and the lift with its interval, paired by query."""
    one, other = (measure_queries(qrels, run, [MEASURE])[MEASURE] for run in (before, learned))
    lifts = np.array([other[query_id] - one[query_id] for query_id in one])
    lift = estimate(lifts, list(one))
    return {
        "untrained": round(float(np.mean(list(one.values()))), 4),
        "learned": round(float(np.mean(list(other.values()))), 4),
        "lift": [round(value, 4) for value in lift],
    }


def learned_model(target: OpenCollection, data: TrainingSet) -> Model:
    """A model of the train queries, made as ``tandem train --judgments`` makes it."""
    generation = target.generation
    task = Task(
        kind="judgments",
        embedder=generation.embedder,
        analysis=generation.analysis,
        labels=Labels("judgments"),
        features=features(generation.schema),
    )
    chosen = judged.options()
    return train(data, task, chosen).model


def tested(opened: House, target: OpenCollection, folder: Path, model: Model) -> Figures:
    """The test split without and with the model, live as it is for people who search."""
    queries = read_askable(table(folder, "test"))
    before = run_queries(target.searcher(), queries.queries)
    put_live(opened, target, model)
    learned = run_queries(target.searcher(), queries.queries)
    recall = measure(queries.qrels, learned, ["R@100"])
    return compared(queries.qrels, before, learned) | {
        "R@100": round(recall["R@100"], 4),
    }


def put_live(opened: House, target: OpenCollection, model: Model) -> None:
    """Promote the model over the generation that is live, whatever the gates would say."""
    catalog, name = opened.catalog, opened.settings.collection
    number = catalog.models.add(name, model.manifest.as_json(), model.parts())
    with target.held() as (release, _):
        parent, generation = release.number, release.generation
    catalog.releases.promote(name, generation, parent=parent, model=number)
    target.refresh()


@contextmanager
def indexed(folder: Path) -> Iterator[tuple[House, OpenCollection]]:
    """The folder's collection in a house of its own; only its embeddings are kept from before."""
    settings = benchmark_settings(f"judged-{folder.resolve().name}")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    forget(settings.data_dir, embeddings=False)
    with house(settings) as opened:
        target, _ = index_folder(opened, folder)
        yield opened, target


def figures(folder: Path, others: list[Path], *, reads_test: bool) -> Figures:
    """Learn, cross-validate, and, if told to, test."""
    found: Figures = {}
    with indexed(folder) as (opened, target):
        queries, data = to_learn(folder, target.searcher())
        schema = target.generation.schema
        found["cross_validation"] = cross_validated(data, schema, queries.qrels)
        if not reads_test:
            return found
        model = learned_model(target, data)
        found["start"] = {name: round(weight, 2) for name, weight in model.manifest.start.items()}
        found["importances"] = dict(list(model.manifest.importances.items())[:8])
        found[folder.resolve().name] = tested(opened, target, folder, model)
    for other in others:
        with indexed(other) as (opened, target):
            found[other.resolve().name] = tested(opened, target, other, model)
    return found


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("others", nargs="*", type=Path, metavar="OTHER")
    arguments.add_argument("--test", action="store_true", help="read the test splits, in the end")
    chosen = arguments.parse_args()
    found = figures(chosen.folder, chosen.others, reads_test=chosen.test)
    if chosen.json:
        print_json(found)
        return
    for name, values in found.items():
        print(name, "  ".join(f"{label} {value}" for label, value in values.items()))


if __name__ == "__main__":
    leave_with(main)
