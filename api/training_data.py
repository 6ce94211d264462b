"""What a model is trained on: groups out of what people did, out of a file of grades, or out of
judgments. Rooms do not import each other: here they are put together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from api.collection import OpenCollection
from api.examination import Stoppable
from api.generation import OpenGeneration
from api.graded import Graded, read_graded
from api.signal_reads import SignalReads
from indexer.reindexing import Interrupted
from query.configurations import DEFAULT
from query.retrieval import search_pools
from relevance_eval.collections import read_beir
from rerank.document_facts import DocumentFacts
from rerank.scenes import Asked
from rerank.signals.registry import features
from rerank.training import judged
from rerank.training.clicks import Answer, Labelled, Worth, grades_of, labelled
from rerank.training.replay import Replay
from rerank.training.sweep import Wanted, wanted_of
from tandem.behaviour import BehaviourLog
from tandem.catalog.releases import Release
from tandem.errors import InputError
from tandem.features import FeatureMatrix
from tandem.protocols import Searcher
from tandem.queries import Query
from tandem.rankings import Hit, Ranking
from tandem.schema import Schema

MINIMUM = 50
"""Fewer queries with a label show nothing."""

HOWTO = "docs/howto/train-and-promote.md"

RECOMPUTED = "impressions, features of today"
"""Groups of which no features were logged: what the documents are now stands for what they were."""

TEST_SPLIT = "kept for tests by their split"

Tell = Callable[[int, int], None]
"""How many of how many queries are done."""


@dataclass(frozen=True)
class Ground:
    """The release and the open generation over which a model is trained. ``tell`` may raise, to
    end it.
    """

    collection: OpenCollection
    release: Release
    opened: OpenGeneration
    tell: Tell

    @property
    def schema(self) -> Schema:
        """The fields of its documents."""
        return self.opened.generation.schema

    @property
    def names(self) -> tuple[str, ...]:
        """Of all features that there are over them."""
        return tuple(feature.name for feature in features(self.schema))


def from_judgments(ground: Ground, folder: Path) -> Labelled:
    """The judged queries of a BEIR folder's train split, asked without a model.

    Raises:
        InputError: the folder cannot be read, or nothing can be learned from it.
        SearchUnavailable: a query was answered only in part.
    """
    queries = read_beir(folder, "train")
    with _asking(ground, len(queries.queries)) as searcher:
        data = judged.groups(searcher, queries.queries, queries.qrels)
    left = len(queries.queries) - len(data)
    return Labelled(data, {"found nothing of use, or nothing else": left} if left else {})


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


def from_clicks(ground: Ground, worth: Worth) -> Labelled:
    """The impressions of searches of which something was chosen, with the features that were logged
    then; where none were, those of today's documents.

    Raises:
        InputError: there are too few.
    """
    catalog, name = ground.collection.catalog, ground.collection.name
    if not catalog.has_events():
        raise too_few(0)
    log = catalog.events.behaviour(name)
    grades = grades_of(log, worth)
    chosen = [query_id for query_id, said in grades.items() if any(said.values())]
    pages = catalog.events.impressions_of(name, chosen)
    searches = [page for page in pages if page.what.surface == "search"]
    wanted = wanted_of(searches, ground.schema)
    if len(wanted) < MINIMUM:
        raise too_few(len(wanted))
    logged: set[str] = set()

    def read(query_ids: Sequence[str]) -> Mapping[str, FeatureMatrix]:
        found = catalog.events.features.of(name, query_ids)
        logged.update(found)
        return found

    made = labelled(_answers(ground, log, wanted, read), ground.names, grades)
    groups = tuple(
        group if group.group_id in logged else replace(group, origin=RECOMPUTED)
        for group in made.data.groups
    )
    return made._replace(data=replace(made.data, groups=groups))


def too_few(count: int) -> InputError:
    """For so many impressions with a choice."""
    return InputError(
        f"{count} impressions with clicks, at least {MINIMUM} are needed",
        hint=f"see {HOWTO} for where they come from; judgments will do, too: "
        "tandem train --judgments FOLDER",
    )


def from_grades(ground: Ground, file: Path, *, as_of_end: bool) -> Labelled:
    """The graded answers of a file, with features as of the moment of each, or as of the end of the
    event log.

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
    made = labelled(_answers(ground, log, wanted, None), ground.names, grades)
    groups = tuple(replace(group, positions=None, origin="grades") for group in made.data.groups)
    left_out = {**made.left_out, TEST_SPLIT: graded.left_out}
    return Labelled(replace(made.data, groups=groups), left_out)


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


def positions_at(log: BehaviourLog, moments: Sequence[float]) -> list[int]:
    """For each moment, in seconds since 1970, how far the log is before anything in it that
    happened then or later.
    """
    sequences, seconds = [0], [-np.inf]
    after = 0
    while True:
        rows, reached = log.rows(after, 10_000)
        sequences += [row.sequence for row in rows]
        seconds += [row.seconds for row in rows]
        if reached == after:
            break
        after = reached
    latest = np.maximum.accumulate(np.array(seconds))
    places = np.searchsorted(latest, np.array(moments), side="left") - 1
    return [sequences[place] for place in np.maximum(places, 0)]


def _answers(
    ground: Ground,
    log: BehaviourLog,
    wanted: Sequence[Wanted],
    logged: Callable[[Sequence[str]], Mapping[str, FeatureMatrix]] | None,
) -> Iterator[Answer]:
    reads = SignalReads(ground.collection.catalog, ground.collection.name)
    try:
        facts = DocumentFacts(ground.schema, reads.reading(ground.opened))
        replay = Replay(log, features(ground.schema), logged=logged, facts=facts)
        for done, (item, found) in enumerate(replay.of(wanted)):
            ground.tell(done, len(wanted))
            yield Answer(item.asked.query, item.asked.candidates, found)
    finally:
        reads.close()


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
