"""What a model is trained on: groups out of what people did, out of a file of grades, or out of
judgments. Rooms do not import each other: here they are put together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from api.collection import OpenCollection
from api.examination import Stoppable
from api.generation import OpenGeneration
from api.graded import Graded, read_graded
from api.signal_reads import SignalReads
from api.training_history import Ratings, history
from api.training_tables import fitted, past_of, positions_at
from indexer.reindexing import Interrupted
from query.configurations import DEFAULT
from query.retrieval import search_pools
from relevance_eval.formats.beir import table
from relevance_eval.formats.registry import read_askable
from rerank.document_facts import DocumentFacts
from rerank.facts import FactsSource
from rerank.model import Model
from rerank.scenes import Asked
from rerank.signals.registry import features
from rerank.tables import Tables
from rerank.training import judged
from rerank.training.clicks import Answer, Grades, Worth, labelled
from rerank.training.groups import Group, TrainingSet
from rerank.training.incumbent import replayed
from rerank.training.people import People
from rerank.training.replay import Replay
from rerank.training.sweep import Wanted
from tandem.behaviour import BehaviourLog
from tandem.catalog.releases import Release
from tandem.errors import InputError
from tandem.features import FeatureMatrix
from tandem.protocols import Searcher
from tandem.queries import Query
from tandem.rankings import Hit, Ranking
from tandem.schema import Schema
from tandem.scoring import LexicalScoring

MINIMUM = 50
"""Fewer queries with a label show nothing."""

HOWTO = "docs/howto/train-and-promote.md"

TEST_SPLIT = "kept for tests by their split"

ONLY_PAST = "the past of the others: what was done until then makes the tables"

Tell = Callable[[int, int], None]
"""How many of how many queries are done."""


Logged = Callable[[Sequence[str]], Mapping[str, FeatureMatrix]]


class Found(NamedTuple):
    """What to train on. ``left_out`` counts the queries that are not, by reason; ``tables`` are
    those of the model, of all that people did. ``tabled`` is as in ``Incumbent``;
    ``skew`` tells in lines how what was computed again compares with what was served.
    """

    data: TrainingSet
    left_out: Mapping[str, int]
    tables: Tables = Tables()
    tabled: Mapping[str, FeatureMatrix] = {}
    skew: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ground:
    """The release and the open generation over which a model is trained. ``tell`` may raise, to
    end it. ``live`` is the model of the release, if it has one that can be used.
    """

    collection: OpenCollection
    release: Release
    opened: OpenGeneration
    tell: Tell
    live: Model | None = None

    @property
    def schema(self) -> Schema:
        """The fields of its documents."""
        return self.opened.generation.schema

    @property
    def scoring(self) -> LexicalScoring:
        """How the release's searches score words."""
        return self.scoring_of(self.release)

    def scoring_of(self, release: Release) -> LexicalScoring:
        """How those of a release score words here, over these documents' fields."""
        scoring = self.collection.searching.scoring_of(release)
        return scoring.among(self.schema.text_fields)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all features that there are over them."""
        return tuple(feature.name for feature in features(self.schema))

    @contextmanager
    def facts(self) -> Iterator[FactsSource]:
        """Of its documents."""
        reads = SignalReads(self.collection.catalog, self.collection.name)
        try:
            yield DocumentFacts(self.schema, reads.reading(self.opened))
        finally:
            reads.close()


def from_judgments(ground: Ground, folder: Path) -> Found:
    """The judged queries of a BEIR folder's train split, asked without a model.

    Raises:
        InputError: the folder cannot be read, or nothing can be learned from it.
        SearchUnavailable: a query was answered only in part.
    """
    queries = read_askable(table(folder, "train"))
    with _asking(ground, len(queries.queries)) as searcher:
        data = judged.groups(searcher, queries.queries, queries.qrels)
    left = len(queries.queries) - len(data)
    return Found(data, {"found nothing of use, or nothing else": left} if left else {})


@contextmanager
def _asking(ground: Ground, count: int) -> Iterator[Searcher]:
    """The untrained search of the generation, which tells how far it is."""
    collection = ground.collection
    pools, asked = search_pools(), 0

    def before_each() -> bool:
        nonlocal asked
        ground.tell(asked, count)
        asked += 1
        return False

    try:
        pipeline = collection.searching.pipeline_apart(
            replace(ground.release, model=None),
            ground.opened,
            collection.configuration(DEFAULT),
            pools,
        )
        yield Stoppable(pipeline, before_each)
    finally:
        pools.close()


def from_grades(ground: Ground, file: Path, worth: Worth, *, as_of_end: bool) -> Found:
    """The graded answers of a file, with features as of the moment of each, or as of the end of the
    event log; and what people rated last, asked of what they rated before.

    Raises:
        InputError: the file cannot be read, or nothing can be learned from it.
    """
    graded = read_graded(file)
    if len(graded.answers) < MINIMUM:
        raise InputError(
            f"{file}: {len(graded.answers)} graded answers to train on, at least {MINIMUM} are "
            "needed",
            hint=f"see {HOWTO}",
        )
    catalog, name = ground.collection.catalog, ground.collection.name
    log: BehaviourLog = catalog.events.behaviour(name)
    if as_of_end:
        moments = [catalog.events.head()] * len(graded.answers)
    else:
        moments = positions_at(log, [answer.timestamp for answer in graded.answers])
    wanted = [
        Wanted(_asked(answer, ground.schema), as_of)
        for answer, as_of in zip(graded.answers, moments, strict=True)
    ]
    grades = {answer.query_id: answer.grades for answer in graded.answers}

    def unplaced(group: Group) -> Group:
        return replace(group, positions=None, origin="grades")

    made = made_of(ground, Labelling(log, wanted, grades), unplaced)
    with ground.facts() as facts:
        asked = [answer.query for answer in graded.answers]
        past = history(ground.schema, Ratings(log, worth), facts, ground.tell, asked)
    groups = (*made.data.groups, *past)
    left_out = {**made.left_out, TEST_SPLIT: graded.left_out}
    return made._replace(data=TrainingSet(ground.names, groups), left_out=left_out)


def _asked(answer: Graded, schema: Schema) -> Asked:
    query = Query(
        answer.query,
        answer.query_id,
        user_id=answer.user_id,
        issued_at=datetime.fromtimestamp(answer.timestamp, UTC),
    )
    ids = sorted(answer.grades)
    hits = tuple(Hit(name, rank, 1 / rank) for rank, name in enumerate(ids, start=1))
    return Asked(query, schema, Ranking("graded", hits))


class Labelling(NamedTuple):
    """Queries of which it is known what was good, and the log before them."""

    log: BehaviourLog
    wanted: Sequence[Wanted]
    grades: Grades
    logged: Logged | None = None


def made_of(ground: Ground, labels: Labelling, told: Callable[[Group], Group]) -> Found:
    """The groups of queries that tell better from worse, each as ``told`` has it.

    Raises:
        SignalFailed: a signal cannot be computed.
    """
    past = past_of([item.as_of for item in labels.wanted])
    later = [item for item in labels.wanted if item.as_of >= past]
    ground.tell(0, len(later))
    with ground.facts() as facts:
        replay = Replay(
            labels.log,
            features(ground.schema),
            fitted(labels.log, facts, past),
            labels.logged,
            facts,
        )
        people = People(item.asked.who for item in labels.wanted)
        made = labelled(_answers(ground, replay, later), ground.names, labels.grades, people)
        tabled = dict(replayed(ground.live, replay, later)) if ground.live is not None else {}
        tables = fitted(labels.log, facts) if past else Tables()
    left_out = {**made.left_out, ONLY_PAST: len(labels.wanted) - len(later)}
    groups = tuple(map(told, made.data.groups))
    return Found(TrainingSet(ground.names, groups), left_out, tables, tabled)


def _answers(ground: Ground, replay: Replay, wanted: Sequence[Wanted]) -> Iterator[Answer]:
    for done, (item, found) in enumerate(replay.of(wanted)):
        ground.tell(done, len(wanted))
        yield Answer(item.asked.query, item.asked.candidates, found)


def check_stopped(is_stopping: bool) -> None:
    """End the training when this process is to end.

    Raises:
        Interrupted: it is.
    """
    if is_stopping:
        raise Interrupted(
            "stopped before a model was trained; what is live stays as it is",
            hint="run tandem train again",
        )


def telling(show: Callable[[Mapping[str, object]], None], stopped: Callable[[], bool]) -> Tell:
    """Tells how far the reading is, and ends it when it is to stop."""

    def tell(done: int, count: int) -> None:
        check_stopped(stopped())
        show({"stage": "reading", "done": done, "count": count})

    return tell
