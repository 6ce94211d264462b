"""What the learned order costs: ``python -m benchmarks.rerank [--json] [--events N]``.

100 candidates are ordered for people with 200 events each, in process, reading the profile out of
an event log of so many events; every query has other words, other candidates and another person.
What is known of documents is at hand, as after some searches. Beside it, by turns, stands the
floor: LightGBM's bare prediction of the same features, and the bare rows of the person's past.
"""

import random
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from api.engines import analyser
from api.lasting import LastingTrouble
from benchmarks.common import leave_with, parser, show, spread
from benchmarks.event_log import PER_PERSON, Past, filled, session_of, words_of
from rerank.assembly import assemble, unknown_shares
from rerank.behaviour import Behaviour
from rerank.completed_scores import CompletedScoreReranker
from rerank.document_facts import DocumentFacts, Reading
from rerank.learned_order import LearnedOrder, Troubles
from rerank.manifest import Data, Labels, Manifest, Proof
from rerank.model import Model
from rerank.scene import Scene
from rerank.scenes import Scenery
from rerank.signals.registry import features
from rerank.tables import Tables
from rerank.training.groups import Group, TrainingSet
from rerank.training.lambdamart import FitOptions, fit
from tandem.analysis import ENGLISH
from tandem.documents import Document
from tandem.features import FeatureMatrix
from tandem.fields import Field, FieldType
from tandem.lexical import TextWord
from tandem.protocols import FloatMatrix
from tandem.queries import Query
from tandem.rankings import Evidence, Hit, Ranking
from tandem.schema import Schema

DOCUMENTS = 5_000
CANDIDATES = 100
DIMENSION = 384
TREES, LEAVES = 300, 31
FACTORS, NEIGHBOURS = 16, 50
LESSONS = 100
"""Queries by which the trees are grown: what they learn does not matter here."""

SCHEMA = Schema.of(
    [
        Field("summary", FieldType.TEXT),
        Field("genre", FieldType.KEYWORD),
        Field("creator", FieldType.KEYWORD),
        Field("year", FieldType.INTEGER),
        Field("price", FieldType.FLOAT),
        Field("made", FieldType.DATETIME),
    ],
    open=False,
)


class Library:
    """Documents and their vectors, in memory."""

    def __init__(self, drawn: random.Random) -> None:
        self.documents = {item.document_id: item for item in made_documents(drawn)}
        vectors = np.random.default_rng(0).normal(size=(DOCUMENTS, 2, DIMENSION))
        vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
        self.vectors = dict(zip(self.documents, vectors.astype(np.float32), strict=True))
        self.ids = list(self.documents)

    def read(self, ids: Collection[str], _seconds: float) -> Mapping[str, Document]:
        """Documents by id."""
        return {name: self.documents[name] for name in ids}

    def passages(self, ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """Vectors by id."""
        return {name: self.vectors[name] for name in ids}

    def facts(self) -> DocumentFacts:
        """Over all of them."""
        analyse = analyser(ENGLISH)

        def words(text: str, _seconds: float) -> Sequence[TextWord]:
            found, start = [], 0
            for word in text.split():
                found.append(TextWord(start, start + len(word), 50))
                start += len(word) + 1
            return found

        reading = Reading(self.read, self.passages, words, lambda: DOCUMENTS, analyse)
        return DocumentFacts(SCHEMA, reading)


def made_documents(drawn: random.Random) -> Iterator[Document]:
    """With a title, about 120 words, and every field."""
    for number in range(DOCUMENTS):
        yield Document(
            f"d{number}",
            words_of(drawn, 6),
            words_of(drawn, 120),
            {
                "summary": words_of(drawn, 20),
                "genre": tuple(f"genre{drawn.randrange(20)}" for _ in range(2)),
                "creator": f"creator{drawn.randrange(500)}",
                "year": 1950 + drawn.randrange(75),
                "price": drawn.random() * 100,
                "made": "2020-01-01T00:00:00Z",
            },
        )


def tables_of(document_ids: Sequence[str]) -> Tables:
    """As training would learn them of all documents."""
    random_numbers = np.random.default_rng(2)
    count = len(document_ids)
    return Tables(
        document_ids=tuple(document_ids),
        usual=3.0,
        biases=random_numbers.normal(size=count).astype(np.float32),
        factors=random_numbers.normal(size=(count, FACTORS)).astype(np.float32),
        neighbours=random_numbers.integers(0, count, (count, NEIGHBOURS)).astype(np.int32),
        closeness=random_numbers.random((count, NEIGHBOURS)).astype(np.float32),
        widths={"year": 10.0, "price": 20.0, "made": 3e7},
    )


def asked(drawn: random.Random, library: Library, past: Past) -> tuple[Query, Ranking]:
    """A query of somebody, and its candidates with what both legs said."""
    person = drawn.randrange(past.people)
    session = session_of(person, PER_PERSON)
    query = Query(words_of(drawn, 4), user_id=f"u{person}", session_id=session)
    hits = tuple(
        Hit(
            document_id,
            rank,
            1 / (60 + rank),
            (
                Evidence("lexical", rank, 20 / rank, 1 / (60 + rank)),
                Evidence("vector", 101 - rank, 0.5 + rank / 1_000, 1 / (161 - rank)),
            ),
        )
        for rank, document_id in enumerate(drawn.sample(library.ids, CANDIDATES), start=1)
    )
    return query, Ranking("rrf", hits)


class Bench:
    """The learned order over a log, and its floor."""

    def __init__(self, past: Past, behaviour: Behaviour, seed: int) -> None:
        self.drawn = random.Random(seed)  # noqa: S311 - no secret
        self.library = Library(self.drawn)
        self.past = past
        self.features = features(SCHEMA)
        self.tables = tables_of(self.library.ids)
        self.scenery = Scenery(SCHEMA, self.library.facts(), past.deeds, behaviour)
        self.model = self._trained()
        fallback = CompletedScoreReranker({"lexical": 0.4, "vector": 0.6})
        troubles = Troubles(LastingTrouble("the order"), LastingTrouble("features"))
        self.order = LearnedOrder(self.model, SCHEMA, self.scenery, fallback, troubles)

    def scene(self, query: Query, candidates: Ranking) -> Scene:
        """All that the features need."""
        scene, _ = self.scenery.scene(
            query, candidates, self.features, tables=self.tables, timeout_seconds=10
        )
        return scene

    def seen(self, query: Query, candidates: Ranking) -> FeatureMatrix:
        """All features."""
        return assemble(self.scene(query, candidates), self.features)

    def _trained(self) -> Model:
        """Trees of the usual size over all features; everything is at hand when it is done."""
        names = tuple(item.name for item in self.features)
        random_grades = np.random.default_rng(1)
        groups = []
        for number in range(LESSONS):
            matrix = self.seen(*asked(self.drawn, self.library, self.past))
            grades = random_grades.integers(0, 4, CANDIDATES).astype(np.int32)
            groups.append(Group(f"q{number}", matrix.document_ids, grades, matrix.values))
        options = FitOptions(trees=TREES, leaves=LEAVES)
        manifest = Manifest(
            kind="people",
            features=names,
            embedder="none",
            analysis=ENGLISH.name,
            labels=Labels("grades"),
            data=Data(LESSONS, LESSONS * CANDIDATES, LESSONS, 0.0, 1.0, "ab" * 32),
            proof=Proof(0, 0),
        )
        return Model(manifest, fit(TrainingSet(names, tuple(groups)), None, options), self.tables)

    def floor(self, values: Any, query: Query) -> None:
        """What has to be done at least."""
        self.past.bare_rows(str(query.user_id))
        self.model.booster.predict(values, num_threads=1)

    def rounds(self, count: int) -> dict[str, list[float]]:
        """Milliseconds by what was done, a figure a query."""
        found: dict[str, list[float]] = {
            name: [] for name in ("rerank", "floor", "profile", "scene", "assemble", "predict")
        }
        for number in range(count):
            query, candidates = asked(self.drawn, self.library, self.past)
            values = self.seen(query, candidates).values
            work = [
                ("rerank", partial(self._rerank, query, candidates)),
                ("floor", partial(self.floor, values, query)),
            ]
            for name, call in work if number % 2 else reversed(work):
                found[name].append(timed(call))
            self._stages(found, *asked(self.drawn, self.library, self.past))
        return found

    def _rerank(self, query: Query, candidates: Ranking) -> None:
        reranked = self.order.rerank(query, candidates, {}, timeout_seconds=10)
        if reranked.degraded:
            raise SystemExit(f"the order is not the model's: {reranked.degraded}")

    def _stages(self, found: dict[str, list[float]], query: Query, candidates: Ranking) -> None:
        """Where the time goes, of another query."""
        found["profile"].append(timed(partial(self.past.read, query)))
        began = time.perf_counter()
        scene = self.scene(query, candidates)
        set_at = time.perf_counter()
        matrix = assemble(scene, self.features)
        assembled_at = time.perf_counter()
        self.model.scores(matrix.values)
        for name, start, end in (
            ("scene", began, set_at),
            ("assemble", set_at, assembled_at),
            ("predict", assembled_at, time.perf_counter()),
        ):
            found[name].append(1_000 * (end - start))


def timed(call: Any) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    call()
    return 1_000 * (time.perf_counter() - began)


@contextmanager
def opened(events: int, seed: int) -> Iterator[tuple[Bench, float]]:
    """The bench over a log that is filled for it, and how many rows a second were folded."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        filled(Path(folder), events) as past,
    ):
        behaviour = Behaviour()
        began = time.perf_counter()
        while (piece := past.log.rows(behaviour.position, 2_000)).rows:
            behaviour.take(piece)
        yield Bench(past, behaviour, seed), events / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--events", type=int, default=1_000_000)
    arguments.add_argument("--queries", type=int, default=1_000)
    chosen = arguments.parse_args()
    with opened(max(chosen.events, PER_PERSON), 0) as (bench, folded):
        bench.rounds(50)  # nothing is cold
        found = bench.rounds(chosen.queries)
        shares = unknown_shares(bench.seen(*asked(bench.drawn, bench.library, bench.past)))
    told = {name: spread(values) for name, values in found.items()}
    ratio = {at: round(told["rerank"][at] / told["floor"][at], 2) for at in ("p50", "p99")}
    figures: dict[str, Any] = {
        "rerank_ms": told["rerank"],
        "ratio_to_floor": ratio,
        "floor_ms": told["floor"],
        **{f"{name}_ms": told[name] for name in ("profile", "scene", "assemble", "predict")},
        "events": chosen.events,
        "folded_per_second": round(folded),
        "features": len(bench.features),
        "unknown_share": round(median(shares.values()), 3),
        "queries": chosen.queries,
    }
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
