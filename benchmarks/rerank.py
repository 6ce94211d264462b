"""What the learned order costs: ``python -m benchmarks.rerank [--json] [--events N]``.

100 candidates are ordered for people with 200 events each, in process, reading the profile out of
an event log of so many events, which is kept for the next run; every query has other words, other
candidates and another person. What is known of documents is at hand, as after some searches.
Beside it, by turns, stands the floor: LightGBM's bare prediction of the same features, and the bare
rows of the person's past.

Two models are measured: one of the size that training gives, and a ``large`` one of every feature.
``cpu_ms`` is what the thread itself took, whatever else the machine does.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from api.lasting import LastingTrouble
from benchmarks.common import benchmark_settings, leave_with, parser, show, spread
from benchmarks.drawn_library import CANDIDATES, SCHEMA, Library, asked, tables_of
from benchmarks.event_log import PER_PERSON, Past, filled
from rerank.assembly import assemble
from rerank.behaviour import Behaviour
from rerank.completed_scores import CompletedScoreReranker
from rerank.learned_order import LearnedOrder, Troubles
from rerank.manifest import Data, Labels, Manifest, Proof
from rerank.model import Model
from rerank.scenes import Scenery
from rerank.signals.registry import Feature, features
from rerank.training.groups import Group, TrainingSet
from rerank.training.lambdamart import FitOptions, fit
from tandem.analysis import ENGLISH
from tandem.features import FeatureMatrix, FloatRows
from tandem.queries import Query
from tandem.rankings import Ranking

LARGE = FitOptions(trees=300, leaves=31)
USUAL = FitOptions(trees=100, leaves=15)
"""As training mostly ends."""

KEPT = """
    expected_rating rating_bias rating factor_taste neighbour_taste vector_taste
    closeness.year rated popularity_1d closeness.price session_similarity number.year
    affinity.genre disliked_similarity trend value_rating.creator liked_similarity
    session_affinity.genre value_rating.genre session_affinity.creator person_count
    affinity.creator number.price value_ratings.genre value_ratings.creator
    popularity_30d lexical_score lexical_share vector_score vector_share blended_score
    blended_gap blended_lead field_bm25.title field_bm25.body field_near.body coverage
    words_of_best fragments field_coverage.title
""".split()  # noqa: SIM905 - a list takes a line for each
"""What training keeps: of people's features those that it keeps of real ratings
(``benchmarks.movies``), and beside them as many of texts as a search may need.
"""

LESSONS = 100
"""Queries by which the trees are grown: what they learn does not matter here."""


class Bench:
    """The learned order over a log, and its floor. Everything is at hand once it is made."""

    def __init__(self, past: Past, behaviour: Behaviour, seed: int) -> None:
        self.drawn = random.Random(seed)  # noqa: S311 - no secret
        self.library = Library(self.drawn)
        self.past = past
        self.every = features(SCHEMA)
        self.tables = tables_of(self.library.ids)
        facts = self.library.facts()
        facts.of(self.library.ids, 60.0)
        self.scenery = Scenery(SCHEMA, facts, past.deeds, behaviour)
        self.lessons = self._lessons()
        usual = [item for item in self.every if item.name in KEPT]
        assert len(usual) == len(KEPT)
        self.orders = {
            "usual": self._order(usual, USUAL),
            "large": self._order(self.every, LARGE),
        }

    def seen(self, query: Query, candidates: Ranking, wanted: Sequence[Feature]) -> FeatureMatrix:
        """Features of candidates."""
        scene, _ = self.scenery.scene(
            query, candidates, wanted, tables=self.tables, timeout_seconds=10
        )
        return assemble(scene, wanted)

    def _lessons(self) -> TrainingSet:
        """Groups with all features, whose grades are drawn."""
        random_grades = np.random.default_rng(1)
        groups = []
        for number in range(LESSONS):
            matrix = self.seen(*asked(self.drawn, self.library, self.past), self.every)
            grades = random_grades.integers(0, 4, CANDIDATES).astype(np.int32)
            groups.append(Group(f"q{number}", matrix.document_ids, grades, matrix.values))
        return TrainingSet(tuple(item.name for item in self.every), tuple(groups))

    def _order(self, wanted: Sequence[Feature], options: FitOptions) -> "Order":
        """By trees over some features."""
        names = tuple(item.name for item in wanted)
        manifest = Manifest(
            kind="people",
            features=names,
            embedder="none",
            analysis=ENGLISH.name,
            labels=Labels("grades"),
            data=Data(LESSONS, LESSONS * CANDIDATES, LESSONS, 0.0, 1.0, "ab" * 32),
            proof=Proof(0, 0),
        )
        model = Model(manifest, fit(self.lessons.only(names), None, options), self.tables)
        fallback = CompletedScoreReranker({"lexical": 0.4, "vector": 0.6})
        troubles = Troubles(LastingTrouble("the order"), LastingTrouble("features"))
        learned = LearnedOrder(model, SCHEMA, self.scenery, fallback, troubles)
        return Order(model, tuple(wanted), learned)

    def rounds(self, order: "Order", count: int) -> "Times":
        """What is done, a figure a query."""
        found = Times()
        for number in range(count):
            query, candidates = asked(self.drawn, self.library, self.past)
            values = self.seen(query, candidates, order.features).values
            work = [
                ("rerank", partial(order.rerank, query, candidates)),
                ("floor", partial(self._floor, order, values, query)),
            ]
            for name, call in work if number % 2 else reversed(work):
                found.take(name, call)
            other, candidates = asked(self.drawn, self.library, self.past)
            found.take("profile", partial(self.past.read, other))
        return found

    def _floor(self, order: "Order", values: FloatRows, query: Query) -> None:
        """What has to be done at least."""
        self.past.bare_rows(str(query.user_id), str(query.session_id))
        order.model.booster.predict(values, num_threads=1)


class Order(NamedTuple):
    """A model, the features that it needs, and how it orders."""

    model: Model
    features: tuple[Feature, ...]
    learned: LearnedOrder

    def rerank(self, query: Query, candidates: Ranking) -> None:
        """Order candidates by it."""
        reranked = self.learned.rerank(query, candidates, {}, timeout_seconds=10)
        if reranked.degraded:
            raise SystemExit(f"the order is not the model's: {reranked.degraded}")


class Times:
    """Milliseconds by what was done: by the clock, and of the thread alone."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}

    def take(self, name: str, call: Callable[[], object]) -> None:
        """Measure a call."""
        began, busy = time.perf_counter(), time.thread_time()
        call()
        took, ended = time.thread_time() - busy, time.perf_counter()
        self.wall.setdefault(name, []).append(1_000 * (ended - began))
        self.cpu.setdefault(name, []).append(1_000 * took)

    def shown(self) -> dict[str, Any]:
        """Figures to print."""
        wall, cpu = (
            {name: spread(values) for name, values in kind.items()}
            for kind in (self.wall, self.cpu)
        )
        return {
            "rerank_ms": wall["rerank"],
            "ratio_to_floor": _ratio(wall),
            "floor_ms": wall["floor"],
            "profile_ms": wall["profile"],
            "rerank_cpu_ms": cpu["rerank"],
            "cpu_ratio_to_floor": _ratio(cpu),
            "floor_cpu_ms": cpu["floor"],
        }


def _ratio(told: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {at: round(told["rerank"][at] / told["floor"][at], 2) for at in ("p50", "p99")}


@contextmanager
def opened(events: int, seed: int) -> Iterator[tuple[Bench, float]]:
    """The bench over a log that is filled for it, and how many rows a second were folded."""
    folder = benchmark_settings(f"rerank-{events}").data_dir
    with filled(folder, events) as past:
        behaviour = Behaviour()
        began = time.perf_counter()
        while (piece := past.log.rows(behaviour.position, 2_000)).rows:
            behaviour.take(piece)
        folded = events / (time.perf_counter() - began)
        yield Bench(past, behaviour, seed), folded


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--queries", type=int, default=1_000)
    chosen = arguments.parse_args()
    with opened(max(chosen.events, PER_PERSON), 0) as (bench, folded):
        told = {}
        for name, order in bench.orders.items():
            bench.rounds(order, 50)  # nothing is cold
            told[name] = bench.rounds(order, chosen.queries).shown() | {
                "features": len(order.features),
                "trees": order.model.booster.num_trees(),
            }
    figures = {
        **told.pop("usual"),
        **told,
        "events": chosen.events,
        "folded_per_second": round(folded),
        "queries": chosen.queries,
    }
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
